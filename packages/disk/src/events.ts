import type { GroupId, Index } from '@quorate/core'
import type { StorageFailedError } from './errors.ts'

/** The folder was empty: a new store was made in it. */
export interface StoreCreated {
  readonly type: 'store.created'
  readonly folder: string
  readonly identity: string
}

/** What the last crash left half written behind the last whole frame was cut off. It was never reported as flushed. */
export interface TailCut {
  readonly type: 'tail.cut'
  readonly file: string
  readonly offset: number
  /** Up to the last byte that was not zero. */
  readonly bytes: number
  readonly reason: string
}

/** Everything was read and found whole. */
export interface StoreOpened {
  readonly type: 'store.opened'
  readonly folder: string
  readonly segments: number
  readonly groups: number
  readonly entries: number
  /** Whether the last use ended with `close`. */
  readonly closedCleanly: boolean
}

/** The next segment begins. */
export interface SegmentBegun {
  readonly type: 'segment.begun'
  readonly file: string
  readonly bytes: number
}

/** The next segment could not be prepared ahead of its time. It is tried once more when it is needed. */
export interface PreparationFailed {
  readonly type: 'preparation.failed'
  readonly file: string
  readonly error: StorageFailedError
}

/** No entry stood in these segments any more, for snapshots have taken their place: they were removed. */
export interface SegmentsFreed {
  readonly type: 'segments.freed'
  readonly folder: string
  /** The number of the first segment that is kept. */
  readonly first: number
  /** How many went. */
  readonly count: number
}

/** What nobody needs any more could not be removed. It goes when the store is opened again. */
export interface RemovalFailed {
  readonly type: 'removal.failed'
  readonly file: string
  readonly error: StorageFailedError
}

/** Entries of a group cannot be read any more, and nothing else is damaged: other servers have them. */
export interface EntriesDamaged {
  readonly type: 'entries.damaged'
  readonly folder: string
  readonly group: GroupId
  readonly indexes: readonly Index[]
}

/** The store has stopped for good. */
export interface StoreFailed {
  readonly type: 'store.failed'
  readonly error: Error
}

/** What an operator may want to know of a store. */
export type DiskEvent =
  | StoreCreated
  | TailCut
  | StoreOpened
  | SegmentBegun
  | PreparationFailed
  | SegmentsFreed
  | RemovalFailed
  | EntriesDamaged
  | StoreFailed
