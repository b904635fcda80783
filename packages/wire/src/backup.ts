import type {
  Entry,
  GroupId,
  GroupUuid,
  Index,
  LogPosition,
  PlacedConfiguration,
  ServerId,
  SnapshotDescription,
  StoreIdentity,
} from '@quorate/core'

/** What a backup says of itself, first of all. */
export interface BackupHead {
  readonly group: GroupId
  readonly groupUuid: GroupUuid
  /** The server that it was taken from, where that is known. */
  readonly server: ServerId | undefined
  /** The store that it was taken from. */
  readonly store: StoreIdentity
  /** When it was begun: milliseconds since the epoch. */
  readonly time: number
  /** Whether all of it was committed; if not, its last entries may not have been. */
  readonly isCommitted: boolean
  /** The last entry that it holds, or that its snapshot stands for. */
  readonly last: LogPosition
  /** The latest configuration up to there. */
  readonly configuration: PlacedConfiguration
}

/** What a whole backup turned out to hold. */
export interface BackupCounts {
  readonly snapshotBytes: number
  /** Those that are left: see `BackupPart`. */
  readonly entries: number
  /** The entry before the first that is there. */
  readonly logStartsAfter: LogPosition
  readonly last: LogPosition
}

/** A backup, in the order in which it stands in its file. */
export type BackupPart =
  | { readonly type: 'head'; readonly head: BackupHead }
  | { readonly type: 'snapshot'; readonly description: SnapshotDescription }
  /** Of the snapshot: the next piece. */
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  /**
   * Entries follow from here on. Where it comes again, the log was compacted while the backup was being made: entries that stood
   * before are void, and the snapshot stands for them.
   */
  | { readonly type: 'log'; readonly startsAfter: LogPosition }
  | { readonly type: 'entries'; readonly entries: readonly Entry[] }
  /** All of it was there, and is what was written. */
  | { readonly type: 'end'; readonly counts: BackupCounts }

/** How far entries and snapshot have come, as they are written or read. */
export class BackupProgress {
  #snapshot: SnapshotDescription | undefined
  #startsAfter: LogPosition | undefined
  #last: LogPosition = { index: 0, term: 0 }
  #entries = 0
  #snapshotBytes = 0

  get counts(): BackupCounts {
    const logStartsAfter = this.#startsAfter ?? { index: 0, term: 0 }
    return { snapshotBytes: this.#snapshotBytes, entries: this.#entries, logStartsAfter, last: this.#last }
  }

  /** The data that is missing still; 0 without a snapshot. */
  get missingBytes(): number {
    return (this.#snapshot?.sizeBytes ?? 0) - this.#snapshotBytes
  }

  snapshot(description: SnapshotDescription): string | undefined {
    if (this.#snapshot !== undefined || this.#startsAfter !== undefined) return 'a snapshot stands out of order'
    this.#snapshot = description
    return undefined
  }

  data(bytes: Uint8Array): string | undefined {
    if (this.#snapshot === undefined || this.#startsAfter !== undefined) return 'data of a snapshot stand out of order'
    this.#snapshotBytes += bytes.length
    return this.missingBytes < 0 ? 'there is more data than the snapshot has' : undefined
  }

  log(startsAfter: LogPosition): string | undefined {
    if (this.missingBytes > 0) return 'the log begins before the snapshot is complete'
    if (startsAfter.index > this.#lastIncluded) {
      return `the log begins behind entry ${startsAfter.index}, and the snapshot stands for what is up to ${this.#lastIncluded}`
    }
    if (this.#startsAfter !== undefined && startsAfter.index <= this.#last.index)
      return 'the log begins again too early'
    this.#startsAfter = startsAfter
    this.#last = startsAfter
    this.#entries = 0
    return undefined
  }

  entry({ index, term }: LogPosition): string | undefined {
    if (this.#startsAfter === undefined) return 'entries stand out of order'
    if (index !== this.#last.index + 1) return `entry ${index} follows entry ${this.#last.index}`
    if (term < this.#last.term) return `entry ${index} has term ${term}, the one before ${this.#last.term}`
    this.#last = { index, term }
    this.#entries += 1
    return undefined
  }

  /** Called behind everything else: why it is not all that `last` promises. */
  end(last: LogPosition): string | undefined {
    if (this.#startsAfter === undefined) return 'it ends before the log begins'
    if (this.#last.index < this.#lastIncluded) return 'the log does not come up to the snapshot'
    if (this.#last.index === last.index && this.#last.term === last.term) return undefined
    return `it ends with entry ${this.#last.index}, and promises ${last.index}`
  }

  get #lastIncluded(): Index {
    return this.#snapshot?.lastIncluded.index ?? 0
  }
}
