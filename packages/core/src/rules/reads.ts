import { invariant } from '../errors.ts'
import { quorumIndex } from '../quorum/majority.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import type { Progress } from '../state/progress.ts'
import type { ReadOrder, ReadOutcome } from '../state/readRounds.ts'
import { sendHeartbeat } from './replication.ts'

/** Thesis §6.4, step 1: before an entry of its own term is committed, a leader does not know what is. */
export function knowsCommitted({ log, commitIndex, currentTerm }: RaftState): boolean {
  return log.termAt(commitIndex) === currentTerm
}

/** Takes questions in: those that a lease can answer are answered at once, the others wait for the next round. */
export function takeReads(state: RaftState, orders: readonly ReadOrder[], nowMs: number): void {
  const isLeased = holdsLease(state, nowMs)
  for (const order of orders) {
    if (isLeased && order.mayLease) answerRead(state, order, readIndexOf(state))
    else state.readRounds.waiting.push(order)
  }
}

/** Any other than a leader. */
export function refuseReads(state: RaftState, orders: readonly ReadOrder[]): void {
  const { leaderId, currentTerm: term } = state
  for (const order of orders) answerRead(state, order, { type: 'notLeader', leaderId, term })
}

/** This server leads no more, and what it had not proven it cannot prove. */
export function endReads(state: RaftState): void {
  const { readRounds } = state
  refuseReads(state, [...(readRounds.asked?.orders ?? []), ...readRounds.waiting])
  readRounds.asked = undefined
  readRounds.waiting = []
}

export function hasReaders({ readRounds }: RaftState): boolean {
  return readRounds.waiting.length > 0
}

/**
 * Thesis §6.4, steps 2 and 3: notes what is committed, and asks all followers whether they still follow. All that have
 * come by now share the round. Its number is the leader's own: two rounds never have the same.
 */
export function startRound(state: RaftState, nowMs: number): void {
  const { readRounds, commitIndex } = state
  invariant(
    readRounds.asked === undefined && knowsCommitted(state),
    'one round at a time, once it is known what is committed',
  )
  countRound(state, nowMs)
  readRounds.asked = { round: readRounds.last, index: commitIndex, orders: readRounds.waiting }
  readRounds.waiting = []
  for (const peer of state.peers.values()) sendHeartbeat(state, peer)
}

/** Leases are renewed by the heartbeats: with each tick another round begins. */
export function renewLease(state: RaftState, nowMs: number): void {
  if (state.settings.leaseReads) countRound(state, nowMs)
}

function countRound({ settings, readRounds }: RaftState, nowMs: number): void {
  const { starts } = readRounds
  readRounds.last += 1
  if (!settings.leaseReads) return
  while (starts.length > 0 && nowMs - starts[0]!.atMs >= settings.electionTimeoutMinMs) starts.shift()
  starts.push({ round: readRounds.last, atMs: nowMs })
}

/** A follower has said in this term that it follows, after it heard of `round`. */
export function noteRound(state: RaftState, peer: Progress, round: number): void {
  if (round <= peer.acknowledgedRound) return
  invariant(round <= state.readRounds.last, 'a follower has heard of no round that was not begun')
  peer.acknowledgedRound = round
  const { starts } = state.readRounds
  if (starts.length < 2) return
  const acknowledged = acknowledgedRound(state)
  while (starts.length > 1 && starts[1]!.round <= acknowledged) starts.shift()
}

/** A majority has said so. */
export function isRoundConfirmed(state: RaftState): boolean {
  const { asked } = state.readRounds
  return asked !== undefined && acknowledgedRound(state) >= asked.round
}

/** The last round that a majority has acknowledged; this server itself hears of each when it begins. */
function acknowledgedRound(state: RaftState): number {
  return quorumIndex(configurationOf(state)?.voters ?? [[]], (id) =>
    id === state.id ? state.readRounds.last : (state.peers.get(id)?.acknowledgedRound ?? 0),
  )
}

export function answerRound(state: RaftState): void {
  const { readRounds, currentTerm: term } = state
  const { asked } = readRounds
  invariant(asked !== undefined, 'a round that was begun is answered once')
  readRounds.asked = undefined
  for (const order of asked.orders) answerRead(state, order, { type: 'readIndex', index: asked.index, term })
}

/**
 * Thesis §6.4.1: whoever has heard this leader elects nobody else for the shortest election timeout. It counts from when
 * the round began, not from when the answers came. Off while a server that was told to take over may do so.
 */
export function holdsLease(state: RaftState, nowMs: number): boolean {
  const { settings, readRounds, transfer, told } = state
  if (!settings.leaseReads || transfer !== undefined || told.size > 0 || !knowsCommitted(state)) return false
  const oldest = readRounds.starts[0]
  if (oldest === undefined || oldest.round > acknowledgedRound(state)) return false
  return nowMs - oldest.atMs < settings.electionTimeoutMinMs * (1 - settings.clockDriftBound)
}

function readIndexOf({ commitIndex: index, currentTerm: term }: RaftState): ReadOutcome {
  return { type: 'readIndex', index, term }
}

function answerRead(state: RaftState, { token }: ReadOrder, outcome: ReadOutcome): void {
  state.outputs.answers.push({ token, outcome })
}
