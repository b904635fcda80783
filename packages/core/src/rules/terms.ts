import { invariant } from '../errors.ts'
import type { Term } from '../identifiers.ts'
import type { RaftState } from '../state/raftState.ts'
import { abandonChange } from './membership.ts'
import { endKeyedAppends } from './appending.ts'
import { endReads } from './reads.ts'
import { endTransfer } from './transfer.ts'

/** §5.1: a server that sees a newer term adopts it; it has voted for nobody in it yet. */
export function adoptTerm(state: RaftState, term: Term): void {
  invariant(term > state.currentTerm, 'terms never go back (§5.1)')
  state.currentTerm = term
  state.votedFor = undefined
  state.leaderId = undefined
  state.following = undefined
  state.durability.hardStateChanged = true
}

/** A candidate or leader returns to follower state: what it held as such is void (§5.1, §5.2). */
export function stepDown(state: RaftState, nowMs: number): void {
  // Also a leader that gives way in its own term.
  if (state.leaderId === state.id) state.leaderId = undefined
  endTransfer(state)
  abandonChange(state)
  endReads(state)
  endKeyedAppends(state)
  state.told.clear()
  state.isTransferTarget = false
  state.preVotes.clear()
  state.votes.clear()
  state.peers.clear()
  state.following = undefined
  // Meant for followers that it no longer has; and the store may be told to cut the entries off before it reads them.
  state.outputs.reads = []
  state.outputs.snapshotReads = []
  state.lastContactMs = nowMs
}
