import { invariant } from '../errors.ts'
import type { LogPosition, ServerId } from '../identifiers.ts'
import type { PreVote, RequestVote } from '../messages.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import { isRecognised } from './configurations.ts'
import { send } from './durability.ts'

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

/**
 * Thesis §4.2.3: whoever has heard its leader within the shortest election timeout believes in it, and so does a leader in
 * itself, as long as a majority answers it. `isLeader` is the role of the voter.
 */
export function hearsLeader(state: RaftState, isLeader: boolean, nowMs: number): boolean {
  if (!state.settings.checkQuorum) return false
  return isLeader || nowMs - state.leaderHeardAtMs < state.settings.electionTimeoutMinMs
}

/**
 * A candidate that would depose a leader which is well is not even listened to, unless that leader has sent it. Also in a
 * term that this server has come to since it heard that leader, by whatever message: its lease still runs (thesis §6.4.1).
 */
export function disregards(state: RaftState, request: RequestVote, isLeader: boolean, nowMs: number): boolean {
  const { currentTerm, votedFor } = state
  const asksAnew = request.term > currentTerm || (request.term === currentTerm && votedFor === undefined)
  return asksAnew && !request.isTransfer && hearsLeader(state, isLeader, nowMs)
}

/**
 * A blank store does not, nor one that the group knows by another: what it promised is lost. Others do even where their own configuration
 * does not name them, for a newer one may, and that of the candidate decides (thesis §4.1).
 */
function mayVote(state: RaftState): boolean {
  return configurationOf(state) !== undefined && isRecognised(state)
}

/** Answers a PreVote (thesis §9.6). Nothing changes: not even the wait for a leader begins anew. */
export function answerPreVote(
  state: RaftState,
  candidate: ServerId,
  { term, round, lastLog }: PreVote,
  voter: { readonly isLeader: boolean; readonly nowMs: number },
): void {
  if (!mayVote(state)) return
  const grants =
    term === state.currentTerm &&
    !hearsLeader(state, voter.isLeader, voter.nowMs) &&
    isAtLeastAsUpToDate(lastLog, state.log.last)
  const type = grants ? 'preVote.granted' : 'preVote.refused'
  send(state, candidate, { type, term: state.currentTerm, round })
}

/** Answers a RequestVote. Whoever gives its vote waits an election timeout for the candidate to win (§5.2). */
export function answerRequestVote(state: RaftState, candidate: ServerId, request: RequestVote, nowMs: number): void {
  if (!mayVote(state)) return
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
