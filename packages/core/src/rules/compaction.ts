import type { Index } from '../identifiers.ts'
import type { SnapshotHead, StoredSnapshot } from '../snapshot.ts'
import type { RaftState } from '../state/raftState.ts'
import { isHeard } from './leadership.ts'

/**
 * What a snapshot of the state machine as it is now says of the log (§7). `lastTime` is that of the last applied entry.
 * Undefined on a blank server, and on one whose state machine is behind its snapshot.
 */
export function headAtApplied(state: RaftState, lastTime: number): SnapshotHead | undefined {
  const { log, lastApplied, configurations } = state
  const term = log.termAt(lastApplied)
  const configuration = configurations.filter(({ index }) => index <= lastApplied).at(-1)
  if (term === undefined || configuration === undefined) return undefined
  return { lastIncluded: { index: lastApplied, term }, lastTime, configuration }
}

/**
 * §7: a snapshot that this server took stands for the log's beginning, all but the last `trailingEntries` of it: followers
 * that are a little behind still find their entries. Returns false when a later one stands already, or another waits for
 * its write.
 */
export function adoptSnapshot(state: RaftState, snapshot: StoredSnapshot, trailingEntries: number): boolean {
  const { log, durability } = state
  const { lastIncluded, configuration } = snapshot.description
  if (durability.snapshot !== undefined || lastIncluded.index <= (state.snapshot?.lastIncluded.index ?? 0)) return false
  const upTo = Math.min(lastIncluded.index - trailingEntries, lastSentUpTo(state))
  if (upTo > log.startsAfter.index) log.compact(upTo)
  state.snapshot = snapshot.description
  state.configurations = state.configurations.filter(({ index }) => index >= configuration.index)
  durability.snapshot = { snapshot, logStartsAfter: log.startsAfter }
  return true
}

/** Who is getting a snapshot needs the entries behind it when it has it, as long as it is there. */
function lastSentUpTo(state: RaftState): Index {
  let upTo = Infinity
  for (const { id, sending } of state.peers.values()) {
    if (sending !== undefined && isHeard(state, id)) upTo = Math.min(upTo, sending.description.lastIncluded.index)
  }
  return upTo
}
