import { isVoter } from '../configuration.ts'
import type { ServerId } from '../identifiers.ts'
import type { TimeoutNow } from '../messages.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import type { AppendOrder } from '../state/pendingAppends.ts'
import type { TransferRefusal } from '../state/transfer.ts'
import { refuseAppends } from './appending.ts'
import { send } from './durability.ts'
import { isVotingMember } from './elections.ts'
import { isHeard } from './leadership.ts'

/** Who would take over best: the voter that holds most of the log, of those that answer. Undefined when none does. */
export function bestTarget(state: RaftState): ServerId | undefined {
  let best: { readonly id: ServerId; readonly matchIndex: number } | undefined
  for (const { id, matchIndex } of state.peers.values()) {
    if (isEligible(state, id) && isHeard(state, id) && (best === undefined || matchIndex > best.matchIndex)) {
      best = { id, matchIndex }
    }
  }
  return best?.id
}

/** Whether this server can hand over to `to`. */
export function isEligible(state: RaftState, to: ServerId): boolean {
  const configuration = configurationOf(state)
  return to !== state.id && configuration !== undefined && isVoter(configuration, to) && state.peers.has(to)
}

/** Thesis §3.10: the leader takes no more appends, brings the target up to date, and tells it to stand for election. */
export function startTransfer(state: RaftState, to: ServerId, token: unknown): void {
  state.transfer = { to, term: state.currentTerm, token, toldAt: undefined, waiting: [] }
  tellTarget(state)
}

/** As soon as the target holds the whole log. */
export function tellTarget(state: RaftState): void {
  const { transfer } = state
  if (transfer === undefined || transfer.toldAt === state.log.lastIndex) return
  if (state.peers.get(transfer.to)?.matchIndex === state.log.lastIndex) tellAgain(state)
}

/** The word may have been lost. */
export function tellAgain(state: RaftState): void {
  const { transfer, log, currentTerm: term } = state
  if (transfer === undefined || state.peers.get(transfer.to)?.matchIndex !== log.lastIndex) return
  transfer.toldAt = log.lastIndex
  send(state, transfer.to, { type: 'timeoutNow', term, lastLog: log.last })
}

/** Whether a follower obeys: its leader has said so, and has appended nothing since. */
export function obeysTimeoutNow(state: RaftState, from: ServerId, { term, lastLog }: TimeoutNow): boolean {
  const isOfItsLeader = term === state.currentTerm && from === state.leaderId
  return isOfItsLeader && isVotingMember(state) && state.log.lastIndex === lastLog.index && state.log.holds(lastLog)
}

export function refuseTransfer(state: RaftState, token: unknown, reason: TransferRefusal): void {
  if (token === undefined) return
  state.outputs.answers.push({ token, outcome: { type: 'refused', reason, leaderId: state.leaderId } })
}

/** The target has not taken over in time. What has been waiting comes back, to be appended now. */
export function abandonTransfer(state: RaftState): AppendOrder[] {
  const { transfer } = state
  state.transfer = undefined
  if (transfer === undefined) return []
  refuseTransfer(state, transfer.token, 'timeout')
  return transfer.waiting
}

/** This server leads no more. What has been waiting was not appended. */
export function endTransfer(state: RaftState): void {
  const { transfer } = state
  if (transfer === undefined) return
  state.transfer = undefined
  refuseAppends(state, transfer.waiting)
  if (state.currentTerm === transfer.term) refuseTransfer(state, transfer.token, 'timeout')
  else if (transfer.token !== undefined) {
    state.outputs.answers.push({ token: transfer.token, outcome: { type: 'gaveWay', term: state.currentTerm } })
  }
}
