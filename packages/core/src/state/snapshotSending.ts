import type { SnapshotDescription } from '../snapshot.ts'

/** As a leader: a snapshot on its way to one follower, one piece at a time (§7). */
export interface SnapshotSending {
  readonly description: SnapshotDescription
  /** So much the follower has said it has, in bytes. */
  offset: number
  /**
   * What is being waited for: the follower's word on how far it is, a piece from the store, or the follower's word on a
   * piece that was sent; nothing while the rate allows no more, and when it has all.
   */
  awaits: 'progress' | 'read' | 'receipt' | 'nothing'
  /** Ticks since the follower last came forward. */
  idleTicks: number
}

export function startSending(description: SnapshotDescription): SnapshotSending {
  return { description, offset: 0, awaits: 'progress', idleTicks: 0 }
}
