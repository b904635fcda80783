import { invariant } from '../errors.ts'
import type { Index } from '../identifiers.ts'
import { quorumIndex } from '../quorum/majority.ts'
import type { SnapshotDescription } from '../snapshot.ts'
import type { AppendOutcome, PendingAppend } from '../state/pendingAppends.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import { shrinkCache } from './durability.ts'

/** What a state machine takes at once. */
export type Applying =
  | { readonly type: 'entries'; readonly after: Index; readonly upTo: Index }
  | { readonly type: 'snapshot'; readonly description: SnapshotDescription; readonly upTo: Index }

/**
 * Figure 2, rules for leaders, the last. An entry is committed once a majority holds it durably, the leader itself
 * among them only when its own disk has it; and by counting only if it is of the leader's own term (§5.4.2, Figure 8).
 */
export function advanceCommitIndex(state: RaftState): void {
  const voters = configurationOf(state)?.voters ?? [[]]
  const index = quorumIndex(voters, (id) =>
    id === state.id ? state.durability.durableIndex : (state.peers.get(id)?.matchIndex ?? 0),
  )
  // Terms never fall along the log: if this one is older, so are all before it.
  if (index > state.commitIndex && state.log.termAt(index) === state.currentTerm) state.commitIndex = index
}

/**
 * What the state machine gets next: entries, or the snapshot, which stands for more of them than it has taken. Committed,
 * and durable here. Undefined while the last of it is under way. Entries behind `notBeyond` come another time.
 */
export function nextToApply(state: RaftState, notBeyond: Index): Applying | undefined {
  const { applyingIndex, lastApplied, commitIndex, durability, snapshot } = state
  if (applyingIndex > lastApplied) return undefined
  const upTo = Math.min(commitIndex, durability.durableIndex)
  if (upTo <= lastApplied) return undefined
  const isBehindSnapshot = snapshot !== undefined && lastApplied < snapshot.lastIncluded.index
  if (!isBehindSnapshot) return { type: 'entries', after: lastApplied, upTo: Math.min(upTo, notBeyond) }
  if (upTo < snapshot.lastIncluded.index) return undefined
  return { type: 'snapshot', description: snapshot, upTo: snapshot.lastIncluded.index }
}

export function startApplying(state: RaftState, upTo: Index): void {
  invariant(upTo <= state.commitIndex, 'only committed entries are applied (§5.3)')
  state.applyingIndex = upTo
}

/**
 * The state machine has taken everything up to `upTo`; whoever waits for that is answered. It is less than what was begun
 * where a snapshot has taken the place of the rest.
 */
export function completeApplying(state: RaftState, upTo: Index): void {
  invariant(upTo <= state.applyingIndex, 'what is applied was to be applied')
  state.lastApplied = state.applyingIndex = upTo
  settleAppends(state)
  shrinkCache(state)
}

function settleAppends(state: RaftState): void {
  const { pendingAppends } = state
  let settled = 0
  while (settled < pendingAppends.length && settle(state, pendingAppends[settled]!)) settled++
  pendingAppends.splice(0, settled)
  // Appends of several terms need not stand in the order of their entries.
  if (pendingAppends.length > 0 && pendingAppends[0]!.term !== pendingAppends.at(-1)!.term) {
    const open = pendingAppends.filter((pending) => !settle(state, pending))
    pendingAppends.splice(0, pendingAppends.length, ...open)
  }
}

function settle(state: RaftState, pending: PendingAppend): boolean {
  const outcome = outcomeOf(state, pending)
  if (outcome === undefined) return false
  state.pendingBytes -= pending.bytes
  state.outputs.answers.push({ token: pending.token, outcome })
  return true
}

/**
 * Undefined while it is open. Applied entries are final, and terms never fall along the log: what stands in the place of
 * an append, or a newer term before it, proves it lost.
 */
function outcomeOf(
  state: RaftState,
  { firstIndex, lastIndex, term, places }: PendingAppend,
): AppendOutcome | undefined {
  const { log, lastApplied } = state
  const isReached = lastIndex <= lastApplied
  const isOvertaken = (log.termAt(lastApplied) ?? 0) > term
  if (!isReached && !isOvertaken) return undefined
  if (isReached && log.termAt(lastIndex) === term) {
    return places === undefined
      ? { type: 'appended', firstIndex, term }
      : { type: 'appended', firstIndex: places[0]!.index, term, places }
  }
  // A snapshot stands there now, and does not say of what terms its entries were.
  if (firstIndex < log.startsAfter.index) return { type: 'unknown', term }
  if (firstIndex <= lastApplied && log.termAt(firstIndex) === term) return { type: 'unknown', term }
  return { type: 'notLeader', leaderId: state.leaderId, term: state.currentTerm }
}

/** The server stops: what is still open stays so. */
export function abandonAppends(state: RaftState): void {
  for (const { token, term, bytes } of state.pendingAppends.splice(0)) {
    state.pendingBytes -= bytes
    state.outputs.answers.push({ token, outcome: { type: 'unknown', term } })
  }
}
