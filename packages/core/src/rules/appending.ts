import type { Command, CommandEntry } from '../entry.ts'
import type { Index, Term } from '../identifiers.ts'
import { orderBytes, type AppendOrder } from '../state/pendingAppends.ts'
import type { RaftState } from '../state/raftState.ts'

/** §5.3: the leader appends each command to its log as a new entry. */
export function appendCommands(state: RaftState, orders: readonly AppendOrder[], wallTime: number): void {
  for (const order of orders) {
    const { token, term, commands } = order
    if (term !== state.currentTerm || commands.length === 0) {
      refuseAppend(state, token)
      continue
    }
    const bytes = orderBytes(order)
    if (isBusy(state, bytes)) {
      refuseBusy(state, token)
      continue
    }
    const firstIndex = state.log.lastIndex + 1
    for (const command of commands) state.log.append(commandEntry(state, command, wallTime))
    state.pendingAppends.push({ token, firstIndex, lastIndex: state.log.lastIndex, term, bytes })
    state.pendingBytes += bytes
  }
}

/** Whether a leader takes in no more for now: it holds what it could not get committed, or applied. One alone is always taken. */
export function isBusy({ pendingBytes, settings }: RaftState, bytes: number): boolean {
  return pendingBytes > 0 && pendingBytes + bytes > settings.maxPendingBytes
}

export function refuseBusy(state: RaftState, token: unknown): void {
  const { pendingBytes, settings } = state
  const { maxPendingBytes } = settings
  state.outputs.answers.push({ token, outcome: { type: 'busy', pendingBytes, maxPendingBytes } })
}

/** Any other than the leader of the term that the caller named answers so, and never passes the commands on. */
export function refuseAppends(state: RaftState, orders: readonly AppendOrder[]): void {
  for (const { token } of orders) refuseAppend(state, token)
}

function refuseAppend(state: RaftState, token: unknown): void {
  const { leaderId, currentTerm } = state
  state.outputs.answers.push({ token, outcome: { type: 'notLeader', leaderId, term: currentTerm } })
}

function commandEntry(state: RaftState, { subject, data }: Command, wallTime: number): CommandEntry {
  const { index, term, time } = nextPlace(state, wallTime)
  return subject === undefined
    ? { kind: 'command', index, term, time, data }
    : { kind: 'command', index, term, time, subject, data }
}

/** An entry that says nothing, and whose commitment or arrival does (§5.4.2, §8). */
export function appendNoOp(state: RaftState, wallTime: number): void {
  const { index, term, time } = nextPlace(state, wallTime)
  state.log.append({ kind: 'no-op', index, term, time })
}

/** Where the next entry stands, and its time. */
export function nextPlace(state: RaftState, wallTime: number): { index: Index; term: Term; time: number } {
  state.lastTime = Math.max(state.lastTime, wallTime)
  return { index: state.log.lastIndex + 1, term: state.currentTerm, time: state.lastTime }
}
