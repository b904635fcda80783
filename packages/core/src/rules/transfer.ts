import { isVoter, priorityOf } from '../configuration.ts'
import type { ServerId } from '../identifiers.ts'
import type { TimeoutNow } from '../messages.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import type { TransferRefusal } from '../state/transfer.ts'
import { orderBytes, type AppendOrder } from '../state/pendingAppends.ts'
import { appendCommands, appendNoOp, isBusy, refuseAppends, refuseBusy } from './appending.ts'
import { send } from './durability.ts'
import { isVotingMember } from './elections.ts'
import type { Progress } from '../state/progress.ts'
import { isHeard, ticksIn } from './leadership.ts'

/** How many of the longest election timeouts a leader leads before it hands over to one of a higher priority. */
const TIMEOUTS_BEFORE_PREFERENCE = 2

/** Who would take over best: the voter that holds most of the log, of those that answer. Undefined when none does. */
export function bestTarget(state: RaftState): ServerId | undefined {
  let best: Progress | undefined
  for (const peer of state.peers.values()) {
    if (!isEligible(state, peer.id) || !isHeard(state, peer.id)) continue
    if (best === undefined || peer.matchIndex > best.matchIndex) best = peer
  }
  return best?.id
}

/**
 * Who is to lead rather than this server: the voter of the highest priority, above its own, that answers and holds what
 * is committed. Undefined where there is none, or where the leadership has only just changed, or the members change: a
 * priority is a wish, and worth no unrest.
 */
export function preferredTarget(state: RaftState): ServerId | undefined {
  const { settings, peers, commitIndex, ticksSinceTransfer } = state
  const configuration = configurationOf(state)
  const restTicks = ticksIn(settings, TIMEOUTS_BEFORE_PREFERENCE * settings.electionTimeoutMaxMs)
  if (configuration === undefined || configuration.next !== undefined || ticksSinceTransfer < restTicks)
    return undefined
  // Most groups have no priorities, and each of them asks with every tick.
  if (configuration.members.every(({ priority }) => priority === undefined)) return undefined
  let preferred: ServerId | undefined
  let highest = priorityOf(configuration, state.id)
  for (const { id, matchIndex } of peers.values()) {
    const priority = priorityOf(configuration, id)
    if (priority <= highest || matchIndex < commitIndex || !isEligible(state, id) || !isHeard(state, id)) continue
    preferred = id
    highest = priority
  }
  return preferred
}

/** Whether this server can hand over to `to`. */
export function isEligible(state: RaftState, to: ServerId): boolean {
  const configuration = configurationOf(state)
  return to !== state.id && configuration !== undefined && isVoter(configuration, to) && state.peers.has(to)
}

/** Thesis §3.10: the leader takes no more appends, brings the target up to date, and tells it to stand for election. */
export function startTransfer(state: RaftState, to: ServerId, token: unknown): void {
  state.ticksSinceTransfer = 0
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
  const { transfer, told, log, currentTerm: term } = state
  if (transfer === undefined || state.peers.get(transfer.to)?.matchIndex !== log.lastIndex) return
  transfer.toldAt = log.lastIndex
  told.set(transfer.to, log.lastIndex)
  send(state, transfer.to, { type: 'timeoutNow', term, lastLog: log.last })
}

/** A follower has taken in more than it held when it was told: it does not obey that word any more. */
export function noteBeyondWord({ told }: RaftState, { id, matchIndex }: Progress): void {
  if (matchIndex > (told.get(id) ?? Infinity)) told.delete(id)
}

/** Whether a follower obeys: its leader has said so, and has appended nothing since. */
export function obeysTimeoutNow(state: RaftState, from: ServerId, { term, lastLog }: TimeoutNow): boolean {
  const isOfItsLeader = term === state.currentTerm && from === state.leaderId
  return isOfItsLeader && isVotingMember(state) && state.log.lastIndex === lastLog.index && state.log.holds(lastLog)
}

/** Appends that come meanwhile wait, and count for what a leader has in hand. */
export function keepAppends(state: RaftState, orders: readonly AppendOrder[]): void {
  const { transfer } = state
  if (transfer === undefined) return
  for (const order of orders) {
    const bytes = orderBytes(order)
    if (isBusy(state, bytes)) refuseBusy(state, order.token)
    else {
      state.pendingBytes += bytes
      transfer.waiting.push(order)
    }
  }
}

function releaseWaiting(state: RaftState, waiting: readonly AppendOrder[]): void {
  for (const order of waiting) state.pendingBytes -= orderBytes(order)
}

export function refuseTransfer(state: RaftState, token: unknown, reason: TransferRefusal): void {
  if (token === undefined) return
  state.outputs.answers.push({ token, outcome: { type: 'refused', reason, leaderId: state.leaderId } })
}

/**
 * The target has not taken over in time: this server leads on, and appends what has been waiting, or else an empty entry:
 * a word that comes late must find a log that has gone on.
 */
export function abandonTransfer(state: RaftState, wallTime: number): void {
  const { transfer, log } = state
  state.transfer = undefined
  if (transfer === undefined) return
  refuseTransfer(state, transfer.token, 'timeout')
  releaseWaiting(state, transfer.waiting)
  appendCommands(state, transfer.waiting, wallTime)
  if (transfer.toldAt === log.lastIndex) appendNoOp(state, wallTime)
}

/** This server leads no more. What has been waiting was not appended. */
export function endTransfer(state: RaftState): void {
  const { transfer } = state
  if (transfer === undefined) return
  state.transfer = undefined
  releaseWaiting(state, transfer.waiting)
  refuseAppends(state, transfer.waiting)
  if (state.currentTerm === transfer.term) refuseTransfer(state, transfer.token, 'timeout')
  else if (transfer.token !== undefined) {
    state.outputs.answers.push({ token: transfer.token, outcome: { type: 'gaveWay', term: state.currentTerm } })
  }
}
