import type { PlacedConfiguration } from './configuration.ts'
import type { LogPosition } from './identifiers.ts'

/** What a snapshot says of the log that it stands for: the system's part of it (§7, Figure 12). */
export interface SnapshotHead {
  /** The last entry that it stands for: lastIncludedIndex and lastIncludedTerm. */
  readonly lastIncluded: LogPosition
  /** No entry up to there has a higher time: milliseconds since the epoch. */
  readonly lastTime: number
  /** The latest configuration up to there, and where it stood. */
  readonly configuration: PlacedConfiguration
}

/** A whole snapshot: two that say the same are the same, whichever server sends them. */
export interface SnapshotDescription extends SnapshotHead {
  /** Of the state machine's part. */
  readonly sizeBytes: number
  /** CRC-32 of the state machine's part. */
  readonly checksum: number
}

/** A snapshot whose data a store has flushed, to be named in a write: until then it may still be given up. */
export interface StoredSnapshot {
  readonly description: SnapshotDescription
  /** By which the store that gave it knows the data. */
  readonly key: number
}

export function isSameSnapshot(a: SnapshotDescription, b: SnapshotDescription): boolean {
  return (
    a.lastIncluded.index === b.lastIncluded.index &&
    a.lastIncluded.term === b.lastIncluded.term &&
    a.sizeBytes === b.sizeBytes &&
    a.checksum === b.checksum
  )
}

/** An upper estimate of what a piece of a snapshot adds to a message beyond its data, in bytes. */
export function installSnapshotBytes({ configuration: { configuration } }: SnapshotDescription): number {
  const { members, next } = configuration
  return 256 + 256 * (1 + members.length + (next?.members.length ?? 0))
}
