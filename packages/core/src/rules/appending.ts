import { commandBytes, type Command, type CommandEntry } from '../entry.ts'
import type { Index, LogPosition, Term } from '../identifiers.ts'
import { commandChecksum } from '../state/idempotencyKeys.ts'
import { orderBytes, type AppendOrder } from '../state/pendingAppends.ts'
import type { RaftState } from '../state/raftState.ts'
import { isKeyed, keyRefusal, knowsKeys, placeOf } from './idempotency.ts'

/** §5.3: the leader appends each command to its log as a new entry. */
export function appendCommands(state: RaftState, orders: readonly AppendOrder[], wallTime: number): void {
  for (const order of orders) {
    if (order.term !== state.currentTerm || order.commands.length === 0) refuseAppend(state, order.token)
    else if (!isKeyed(order)) appendOrder(state, order, wallTime)
    else if (knowsKeys(state)) appendOnce(state, order, wallTime)
    else keepKeyed(state, order)
  }
}

function appendOrder(state: RaftState, order: AppendOrder, wallTime: number): void {
  const { token, term, commands } = order
  const bytes = orderBytes(order)
  if (isBusy(state, bytes)) {
    refuseBusy(state, token)
    return
  }
  const firstIndex = state.log.lastIndex + 1
  for (const command of commands) state.log.append(commandEntry(state, command, wallTime))
  state.pendingAppends.push({ token, firstIndex, lastIndex: state.log.lastIndex, term, bytes })
  state.pendingBytes += bytes
}

/** Thesis §6.3: what stands in the log already is not appended again; the answer says where it stands. */
function appendOnce(state: RaftState, order: AppendOrder, wallTime: number): void {
  const { token, term, commands } = order
  const refusal = keyRefusal(state, commands)
  if (refusal !== undefined) {
    state.outputs.answers.push({ token, outcome: refusal })
    return
  }
  let bytes = 0
  for (const command of commands) if (placeOf(state, command) === undefined) bytes += commandBytes(command)
  if (bytes > 0 && isBusy(state, bytes)) {
    refuseBusy(state, token)
    return
  }
  const places = commands.map((command) => placeOf(state, command)?.position ?? appendKeyed(state, command, wallTime))
  const open = places.map(({ index }) => index).filter((index) => index > state.lastApplied)
  if (open.length === 0) {
    state.outputs.answers.push({ token, outcome: { type: 'appended', firstIndex: places[0]!.index, term, places } })
    return
  }
  // All of them were appended in this term: what stood before is applied.
  const [firstIndex, lastIndex] = [Math.min(...open), Math.max(...open)]
  state.pendingAppends.push({ token, firstIndex, lastIndex, term, bytes, places })
  state.pendingBytes += bytes
}

function appendKeyed(state: RaftState, command: Command, wallTime: number): LogPosition {
  const entry = commandEntry(state, command, wallTime)
  const position = { index: entry.index, term: entry.term }
  state.log.append(entry)
  const { idempotency } = entry
  if (idempotency !== undefined) {
    state.openKeys.set(idempotency.key, { position, checksum: commandChecksum(command) })
  }
  return position
}

/** Until all keys are known it waits, and counts for what a leader has in hand. */
function keepKeyed(state: RaftState, order: AppendOrder): void {
  const bytes = orderBytes(order)
  if (isBusy(state, bytes)) {
    refuseBusy(state, order.token)
    return
  }
  state.pendingBytes += bytes
  state.keyedAppends.push(order)
}

/** From now on the leader knows all keys: what has been waiting for that is appended, or waits on for the end of a transfer. */
export function learnKeys(state: RaftState, wallTime: number): void {
  state.keysKnownIn = state.currentTerm
  const waiting = state.keyedAppends
  state.keyedAppends = []
  if (state.transfer !== undefined) {
    state.transfer.waiting.push(...waiting)
    return
  }
  for (const order of waiting) state.pendingBytes -= orderBytes(order)
  appendCommands(state, waiting, wallTime)
}

/** This server leads no more. What has been waiting was not appended. */
export function endKeyedAppends(state: RaftState): void {
  const waiting = state.keyedAppends
  state.keyedAppends = []
  state.openKeys.clear()
  for (const order of waiting) state.pendingBytes -= orderBytes(order)
  refuseAppends(state, waiting)
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

function commandEntry(state: RaftState, { subject, idempotency, data }: Command, wallTime: number): CommandEntry {
  const { index, term, time } = nextPlace(state, wallTime)
  if (subject === undefined && idempotency === undefined) return { kind: 'command', index, term, time, data }
  if (idempotency === undefined) return { kind: 'command', index, term, time, subject: subject!, data }
  const base = { kind: 'command', index, term, time, idempotency, data } as const
  return subject === undefined ? base : { ...base, subject }
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
