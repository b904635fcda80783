import { invariant } from '../errors.ts'
import type { LogPosition, ServerId } from '../identifiers.ts'
import type { RequestVote } from '../messages.ts'
import type { RaftState } from '../state/raftState.ts'
import { send } from './durability.ts'
import { isVotingMember } from './elections.ts'

/** §5.4.1: the later last term is more up-to-date; on equal terms, the longer log. */
export function isAtLeastAsUpToDate(candidate: LogPosition, voter: LogPosition): boolean {
  return candidate.term === voter.term ? candidate.index >= voter.index : candidate.term > voter.term
}

/** Figure 2, RequestVote RPC, receiver rules 1 and 2. */
export function grantsVote(voter: RaftState, candidate: ServerId, request: RequestVote): boolean {
  invariant(request.term <= voter.currentTerm, 'a server adopts a newer term before it votes (§5.1)')
  const isCurrent = request.term === voter.currentTerm
  // The same candidate may ask again: our first answer may have been lost.
  const isFree = voter.votedFor === undefined || voter.votedFor === candidate
  return isCurrent && isFree && isAtLeastAsUpToDate(request.lastLog, voter.log.last)
}

/** Answers a RequestVote. Whoever gives its vote waits an election timeout for the candidate to win (§5.2). */
export function answerRequestVote(state: RaftState, candidate: ServerId, request: RequestVote, nowMs: number): void {
  if (!isVotingMember(state)) return
  if (!grantsVote(state, candidate, request)) {
    send(state, candidate, { type: 'requestVote.refused', term: state.currentTerm })
    return
  }
  if (state.votedFor === undefined) {
    state.votedFor = candidate
    state.durability.hardStateChanged = true
  }
  state.lastContactMs = nowMs
  send(state, candidate, { type: 'requestVote.granted', term: state.currentTerm })
}
