import type { Entry, StoreFailure, StoreIdentity } from '@quorate/core'
import type { AppendStream } from './appendStream.ts'
import type { EntryPlace } from './entryPlaces.ts'
import type { EntryReader } from './entryReader.ts'
import type { StorageFailedError } from './errors.ts'
import type { DiskEvent } from './events.ts'
import type { Done } from './filePort.ts'
import type { Folder } from './folder.ts'
import { FREED_FILE, NEW_FREED_FILE, encodeFreedFile } from './freedFile.ts'
import { planFreeing } from './freeingPlan.ts'
import type { GroupLog } from './groupLog.ts'
import { makeFile } from './newFile.ts'
import { Outstanding } from './outstanding.ts'
import { segmentFile } from './segment.ts'
import { inOrder } from './sequence.ts'

export interface SegmentRemovalOptions {
  readonly folder: Folder
  readonly identity: StoreIdentity
  readonly stream: AppendStream
  readonly reader: EntryReader
  readonly logs: () => Iterable<GroupLog>
  readonly log: (event: DiskEvent) => void
}

/**
 * Frees the segments that no entry stands in any more, from the front. First whatever they alone say is said again
 * further on, then `freed` says that they are gone, and then they go: oldest first.
 */
export class SegmentRemoval {
  readonly #options: SegmentRemovalOptions
  readonly #outstanding = new Outstanding()
  /** The first that is kept. */
  #first: number
  #isRunning = false
  /** A failure leaves open what stands on the disk; and nothing more is freed once the store closes. */
  #isStopped = false

  constructor(options: SegmentRemovalOptions, first: number) {
    this.#options = options
    this.#first = first
  }

  /** Looks whether anything can be freed. Called when entries are gone for good: the write that says so is flushed. */
  consider(): void {
    if (this.#isRunning || this.#isStopped) return
    const { stream, logs } = this.#options
    const { first, carried } = planFreeing(stream.kept, logs())
    if (first <= this.#first) return
    this.#isRunning = true
    inOrder(
      carried.map((log) => (next: Done) => this.#carry(log, next)),
      () => this.#describe(),
    )
  }

  /** From now on nothing is written, and nothing more begins. */
  stop(): void {
    this.#isStopped = true
  }

  /** Calls back once nothing is under way any more. */
  close(done: () => void): void {
    this.#outstanding.whenNone(done)
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#options.stream.failure !== undefined
  }

  /** Writes the entries of the group once more, unless something is written to it meanwhile: then they stay this time. */
  #carry(log: GroupLog, done: Done): void {
    const { stream, reader } = this.#options
    const { lastIndex, logStartsAfter, firstSegment } = log
    if (this.#isOver || firstSegment === undefined) return done(undefined)
    const last = log.placeOf(lastIndex)
    if (!stream.isFlushed(last)) return done(undefined)
    reader.read(log, logStartsAfter.index + 1, lastIndex, (_, entries) => {
      const isSame = log.lastIndex === lastIndex && log.logStartsAfter === logStartsAfter
      if (!this.#isOver && isSame && isSamePlace(log.placeOf(lastIndex), last)) {
        this.#writeAgain(log, entries)
      }
      done(undefined)
    })
  }

  /** Until that is flushed, whoever reads them gets these. */
  #writeAgain(log: GroupLog, entries: readonly Entry[]): void {
    const { group, logStartsAfter } = log
    const write = { group, hardState: undefined, truncateAfter: logStartsAfter.index, snapshot: undefined, entries }
    log.carried = entries
    this.#options.stream.write([{ log, write, snapshot: undefined }], () => {
      log.carried = undefined
    })
  }

  #describe(): void {
    const { stream, logs } = this.#options
    const first = this.#firstInUse()
    if (this.#isOver || first <= this.#first) {
      this.#isRunning = false
      return
    }
    const untold = [...logs()].filter(({ describedIn }) => describedIn < first)
    // Without any it is a frame all the same: behind it the writes are flushed that let go of the segments.
    stream.describe(untold, (failure) => this.#free(first, failure))
  }

  #firstInUse(): number {
    const { stream, logs } = this.#options
    let first = stream.kept.at(-1)?.number ?? 1
    for (const { firstSegment } of logs()) first = Math.min(first, firstSegment ?? first)
    return first
  }

  #free(first: number, failure: StoreFailure | undefined): void {
    if (failure !== undefined || this.#isStopped) return
    const { folder, log, reader } = this.#options
    const end = this.#outstanding.begin()
    const count = first - this.#first
    inOrder(
      [
        (next) => reader.leave(first, () => next(undefined)),
        (next) => this.#say(first, next),
        (next) => this.#remove(first, next),
        (next) => folder.flush(next),
      ],
      (error) => {
        this.#isRunning = false
        if (error === undefined) log({ type: 'segments.freed', folder: folder.path, first, count })
        else this.#giveUp(error as StorageFailedError)
        this.consider()
        end()
      },
    )
  }

  #say(first: number, done: Done): void {
    const { folder, identity, stream } = this.#options
    const bytes = encodeFreedFile(identity, stream.leave(first))
    makeFile(
      folder,
      { draftName: NEW_FREED_FILE, name: FREED_FILE, fill: (file, filled) => file.writeAt(bytes, 0, filled) },
      done,
    )
  }

  #remove(first: number, done: Done): void {
    if (this.#first === first) return done(undefined)
    const number = this.#first
    this.#first += 1
    this.#options.folder.remove(segmentFile(number), (error) => {
      if (error === undefined) this.#remove(first, done)
      else done(error)
    })
  }

  #giveUp(error: StorageFailedError): void {
    this.#isStopped = true
    this.#options.log({ type: 'removal.failed', file: error.file, error })
  }
}

function isSamePlace(a: EntryPlace, b: EntryPlace): boolean {
  return a.segment === b.segment && a.offset === b.offset
}
