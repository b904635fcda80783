import type { AppendOutcome } from './pendingAppends.ts'
import type { ChangeOutcome } from './membershipChange.ts'
import type { ReadOutcome } from './readRounds.ts'
import type { TransferOutcome } from './transfer.ts'
import type { Entry } from '../entry.ts'
import type { Index, ServerId } from '../identifiers.ts'
import type { RaftMessage } from '../messages.ts'
import type { HardState, SnapshotWrite } from '../ports.ts'
import type { SnapshotDescription } from '../snapshot.ts'
import type { WriteId } from './durability.ts'

/** Records to write, as one. */
export interface Write {
  readonly id: WriteId
  readonly hardState: HardState | undefined
  readonly truncateAfter: Index | undefined
  readonly snapshot: SnapshotWrite | undefined
  readonly entries: readonly Entry[]
}

/** A message that may leave now: whatever it promises is durable. */
export interface Send {
  readonly to: ServerId
  readonly message: RaftMessage
}

/** Entries to fetch from the store for a follower that is far behind. */
export interface Read {
  readonly for: ServerId
  readonly session: number
  readonly after: Index
  readonly upTo: Index
  readonly maxBytes: number
}

/** A piece of the snapshot to fetch for a follower. */
export interface SnapshotRead {
  readonly for: ServerId
  readonly session: number
  readonly description: SnapshotDescription
  readonly offset: number
  readonly maxBytes: number
}

/** What is to be done with a snapshot that comes, in order. */
export type IntakeStep =
  /** Write the next piece. */
  | { readonly type: 'write'; readonly description: SnapshotDescription; readonly data: Uint8Array }
  /** It is whole: see whether it is what was promised, and flush it. */
  | { readonly type: 'finish'; readonly description: SnapshotDescription }
  /** It is not wanted any more. */
  | { readonly type: 'discard'; readonly description: SnapshotDescription }

/** An append, a read, a transfer or a change of the members whose caller can be told. */
export interface Answer {
  readonly token: unknown
  readonly outcome: AppendOutcome | ReadOutcome | TransferOutcome | ChangeOutcome
}

/**
 * What the rules want done, in the order they wanted it. The driver takes it after each turn. Messages may leave before
 * the write completes: those that must not are held back until then.
 */
export interface Outputs {
  messages: Send[]
  reads: Read[]
  snapshotReads: SnapshotRead[]
  intakeSteps: IntakeStep[]
  answers: Answer[]
  /** Look at the sockets once, then say so. */
  pollWanted: boolean
}

export function noOutputs(): Outputs {
  return { messages: [], reads: [], snapshotReads: [], intakeSteps: [], answers: [], pollWanted: false }
}
