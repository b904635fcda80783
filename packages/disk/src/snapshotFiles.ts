import {
  type GroupId,
  type SnapshotDescription,
  type SnapshotDraft,
  type SnapshotHead,
  type SnapshotReader,
  type StoreFailure,
  type StoreIdentity,
  invariant,
} from '@quorate/core'
import type { StorageFailedError } from './errors.ts'
import type { DiskEvent } from './events.ts'
import type { Folder } from './folder.ts'
import { Outstanding } from './outstanding.ts'
import type { RecordedSnapshot } from './record.ts'
import { snapshotFile } from './snapshotFile.ts'
import { SnapshotFileReader, type SnapshotReaderHost } from './snapshotReader.ts'
import { SnapshotWriter, type SnapshotWriterHost } from './snapshotWriter.ts'

/** A snapshot whose file is whole. */
export interface StandingSnapshot {
  readonly group: GroupId
  readonly recorded: RecordedSnapshot
  readonly description: SnapshotDescription
}

export interface SnapshotFilesOptions {
  readonly folder: Folder
  readonly identity: StoreIdentity
  readonly log: (event: DiskEvent) => void
  /** Why nothing is written or read any more; undefined while all is well. */
  readonly refusal: () => StoreFailure | undefined
  /** A call failed: for the store that is final. */
  readonly fail: (error: Error) => StoreFailure
}

/** The files of the snapshots: those being written or read, and those that nobody needs any more. */
export class SnapshotFiles implements SnapshotWriterHost, SnapshotReaderHost {
  readonly folder: Folder
  readonly identity: StoreIdentity
  readonly refusal: () => StoreFailure | undefined
  readonly fail: (error: Error) => StoreFailure
  readonly #log: (event: DiskEvent) => void
  readonly #outstanding = new Outstanding()
  readonly #writers = new Set<SnapshotWriter>()
  readonly #readers = new Set<SnapshotFileReader>()
  /** Finished, and named by no write: by the numbers of their files, which are their keys. */
  readonly #unnamed = new Map<number, StandingSnapshot>()
  /** Superseded, and open still. */
  readonly #superseded = new Set<number>()
  #highestNumber: number
  #isClosed = false

  /** `highestNumber`: that of any file so far. */
  constructor({ folder, identity, log, refusal, fail }: SnapshotFilesOptions, highestNumber: number) {
    this.folder = folder
    this.identity = identity
    this.refusal = refusal
    this.fail = fail
    this.#log = log
    this.#highestNumber = highestNumber
  }

  write(group: GroupId, head: SnapshotHead): SnapshotDraft {
    this.#highestNumber += 1
    const writer = new SnapshotWriter(this, { group, head, number: this.#highestNumber })
    this.#writers.add(writer)
    return writer
  }

  read(number: number, description: SnapshotDescription): SnapshotReader {
    const reader = new SnapshotFileReader(this, number, description)
    this.#readers.add(reader)
    return reader
  }

  /** The finished snapshot that a write may name. */
  unnamed(key: number): StandingSnapshot | undefined {
    return this.#unnamed.get(key)
  }

  /** A write names it: from now on it is the group's. */
  take(key: number): StandingSnapshot {
    const standing = this.#unnamed.get(key)
    invariant(standing !== undefined, `snapshot ${key} was finished, and no write has named it before`)
    this.#unnamed.delete(key)
    return standing
  }

  /** The write that names another in its place is flushed: the file goes, once nobody reads it. */
  supersede(number: number): void {
    this.#superseded.add(number)
    this.#removeSuperseded(number)
  }

  /** Closes all files, once no call is under way. */
  close(done: () => void): void {
    this.#isClosed = true
    for (const writer of this.#writers) writer.leave()
    for (const reader of this.#readers) reader.leave()
    this.#outstanding.whenNone(done)
  }

  begin(): () => void {
    return this.#outstanding.begin()
  }

  noteFinished(writer: SnapshotWriter, description: SnapshotDescription): void {
    const { number, group } = writer
    const { lastIncluded, lastTime, sizeBytes, checksum } = description
    const recorded = { file: number, lastIncluded, lastTime, sizeBytes, checksum }
    this.#writers.delete(writer)
    this.#unnamed.set(number, { group, recorded, description })
  }

  drop(writer: SnapshotWriter, file: string | undefined): void {
    // What was finished is named by a write, unless it is found here.
    const isUnnamed = this.#writers.delete(writer) || this.#unnamed.delete(writer.number)
    if (isUnnamed && file !== undefined) this.#remove(file)
  }

  noteClosed(reader: SnapshotFileReader): void {
    this.#readers.delete(reader)
    this.#removeSuperseded(reader.number)
  }

  #removeSuperseded(number: number): void {
    const isOpen = [...this.#readers].some((reader) => reader.number === number)
    if (!isOpen && this.#superseded.delete(number)) this.#remove(snapshotFile(number))
  }

  /** What is left behind goes when the store is opened again. */
  #remove(file: string): void {
    if (this.#isClosed || this.refusal() !== undefined) return
    const end = this.begin()
    this.folder.remove(file, (error) => {
      const path = this.folder.pathOf(file)
      if (error !== undefined) this.#log({ type: 'removal.failed', file: path, error: error as StorageFailedError })
      end()
    })
  }
}
