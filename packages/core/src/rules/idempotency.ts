import type { Command, Entry } from '../entry.ts'
import { commandChecksum, type KeyedPlace } from '../state/idempotencyKeys.ts'
import type { AppendOrder, AppendOutcome } from '../state/pendingAppends.ts'
import type { RaftState } from '../state/raftState.ts'

/** Whether it is to happen once, however often it is tried. */
export function isKeyed({ commands }: AppendOrder): boolean {
  return commands.some(({ idempotency }) => idempotency !== undefined)
}

/**
 * Thesis §6.3: a leader that has applied an entry of its own term has applied all that stood in its log before, so that it knows
 * the keys of every earlier append; those of its own term it has open.
 */
export function knowsKeys({ keysKnownIn, currentTerm }: RaftState): boolean {
  return keysKnownIn === currentTerm
}

/** Whether it knows them now, and has not been told so. */
export function hasLearntKeys(state: RaftState): boolean {
  return !knowsKeys(state) && state.log.termAt(state.lastApplied) === state.currentTerm
}

/** The state machine has taken these entries: their keys are part of the state. */
export function noteKeys(state: RaftState, entries: readonly Entry[]): void {
  const { keys, openKeys } = state
  for (const entry of entries) {
    if (entry.kind !== 'command' || entry.idempotency === undefined) continue
    keys.note(entry)
    openKeys.delete(entry.idempotency.key)
  }
  const last = entries.at(-1)
  if (last !== undefined) keys.passTime(last.time)
}

/** Where the command of the same key stands, committed or not; undefined when it has none, or stands nowhere. */
export function placeOf({ keys, openKeys }: RaftState, { idempotency }: Command): KeyedPlace | undefined {
  if (idempotency === undefined) return undefined
  return openKeys.get(idempotency.key) ?? keys.find(idempotency.key)
}

/** Why these commands must not be appended under their keys; undefined when they may, as far as they do not stand yet. */
export function keyRefusal(state: RaftState, commands: readonly Command[]): AppendOutcome | undefined {
  for (const command of commands) {
    const { idempotency, after } = command
    if (idempotency === undefined) continue
    const { key } = idempotency
    const place = placeOf(state, command)
    if (place !== undefined && place.checksum !== commandChecksum(command)) return { type: 'keyReused', key }
    if (place === undefined && after !== undefined && state.keys.mayHaveForgotten(key, after)) {
      return { type: 'keyForgotten', key, after }
    }
  }
  return undefined
}
