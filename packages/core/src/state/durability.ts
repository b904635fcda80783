import type { Index, ServerId, Term } from '../identifiers.ts'
import type { RaftMessage } from '../messages.ts'
import type { SnapshotWrite } from '../ports.ts'

/** Names a write to its group's store, counted from 1. Writes complete in this order. */
export type WriteId = number

/** A write that was handed out and not yet confirmed. */
export interface PendingWrite {
  readonly id: WriteId
  /**
   * Its last entry, as it was when written; falls when the log is truncated below, so that entries which come back
   * later are not taken for flushed because this write once held them.
   */
  lastIndex: Index
  readonly lastTerm: Term
}

/** A message that promises what is not durable yet. */
export interface HeldMessage {
  readonly to: ServerId
  readonly message: RaftMessage
  /** The write that makes it true. */
  readonly after: WriteId
}

/** What of a server's state its store has, and what waits for it. */
export interface Durability {
  /** The last write handed out. */
  lastWriteId: WriteId
  /** Handed out, not confirmed; in order. */
  pending: PendingWrite[]
  /** Entries up to here were handed out as the log has them now; those behind are for the next write. */
  writtenIndex: Index
  /** Entries up to here are flushed as the log has them now. */
  durableIndex: Index
  /** The log was cut here since the last write was handed out. */
  truncatedAfter: Index | undefined
  /** A snapshot has taken the place of the log's beginning since the last write was handed out. */
  snapshot: SnapshotWrite | undefined
  /** Term or vote changed since the last write was handed out. */
  hardStateChanged: boolean
  /** The write that holds term and vote as they are now, once it is handed out. */
  hardStateWriteId: WriteId
  /** The last write that was confirmed. */
  durableWriteId: WriteId
  held: HeldMessage[]
  /** As a leader: ticks since a write was flushed last, while others are under way. */
  stalledTicks: number
}

export function startDurability(lastIndex: Index): Durability {
  return {
    lastWriteId: 0,
    pending: [],
    writtenIndex: lastIndex,
    durableIndex: lastIndex,
    truncatedAfter: undefined,
    snapshot: undefined,
    hardStateChanged: false,
    hardStateWriteId: 0,
    durableWriteId: 0,
    held: [],
    stalledTicks: 0,
  }
}
