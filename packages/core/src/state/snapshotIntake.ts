import { isSameSnapshot, type SnapshotDescription, type StoredSnapshot } from '../snapshot.ts'

/**
 * A snapshot that is coming, piece by piece (Figure 13, rules 2 to 4). It outlives the leader that sent the first pieces:
 * whoever sends the same one goes on where the last piece ended.
 */
export interface SnapshotIntake {
  readonly description: SnapshotDescription
  /** In the hands of the store, without a hole: bytes. */
  receivedBytes: number
  /** A piece is being written, or the whole is being finished: until then no other is taken. */
  isWriting: boolean
  /** The whole, flushed, once it is; it waits for a leader to offer it. */
  stored: StoredSnapshot | undefined
}

export function startIntake(description: SnapshotDescription): SnapshotIntake {
  return { description, receivedBytes: 0, isWriting: false, stored: undefined }
}

/** Whether what comes of `description` belongs to this intake. */
export function isIntakeOf(
  intake: SnapshotIntake | undefined,
  description: SnapshotDescription,
): intake is SnapshotIntake {
  return intake !== undefined && isSameSnapshot(intake.description, description)
}
