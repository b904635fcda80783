import { type Entry, type GroupWrite, type LogPosition, type StoreFailure, invariant } from '@quorate/core'
import { encodeEntry } from '@quorate/wire'
import type { DiskEvent } from './events.ts'
import type { Done } from './filePort.ts'
import type { Folder, StoreFile } from './folder.ts'
import { FRAME_HEAD_BYTES, type FrameKind, frameLength } from './frame.ts'
import { FrameDraft, type WriteDone } from './frameDraft.ts'
import type { EntryPlace } from './entryPlaces.ts'
import type { KeptSegment, SegmentStart } from './freedFile.ts'
import type { GroupLog } from './groupLog.ts'
import { SECTOR_BYTES } from './layout.ts'
import {
  ENTRIES_HEAD_BYTES,
  ENTRY_HEAD_BYTES,
  MAX_FRAME_BYTES,
  MAX_GROUP_BYTES,
  MAX_STATE_BYTES,
  REPAIR_HEAD_BYTES,
  RecordBuffer,
} from './record.ts'
import { SEGMENT_HEAD_BYTES, type Segment, segmentFile } from './segment.ts'
import type { SegmentChain } from './segmentChain.ts'
import { inOrder } from './sequence.ts'
import type { StandingSnapshot } from './snapshotFiles.ts'

/** A frame takes no more writes once it has so many bytes; a single write may still make it larger. */
const FULL_FRAME_BYTES = 4 * 1024 * 1024
/** A buffer that had to grow beyond this is not kept. */
const LARGEST_KEPT_BUFFER_BYTES = 2 * FULL_FRAME_BYTES
const FIRST_BUFFER_BYTES = 64 * 1024

/** Where the log ends. */
export interface LogEnd {
  readonly segment: Segment
  readonly offset: number
  /** Of the last frame. */
  readonly sequence: number
  readonly chain: number
  /** In order. */
  readonly kept: readonly KeptSegment[]
}

/** A write of one group, and what it is about. */
export interface GroupChange {
  readonly log: GroupLog
  readonly write: GroupWrite
  /** The one that the write names. */
  readonly snapshot: StandingSnapshot | undefined
}

export interface AppendStreamOptions {
  readonly folder: Folder
  readonly chain: SegmentChain
  readonly seed: number
  readonly log: (event: DiskEvent) => void
}

/**
 * The one stream into which all groups of the node write. While a frame is flushed the writes that come in gather in
 * the next one: one write and one flush for whatever waited.
 */
export class AppendStream {
  readonly #folder: Folder
  readonly #chain: SegmentChain
  readonly #seed: number
  readonly #log: (event: DiskEvent) => void

  /** The segment that is appended to, and the end of what is flushed there. */
  #segment: Segment
  #flushedEnd: number
  #file: StoreFile
  #lastSequence: number
  #lastChecksum: number
  readonly #kept = new Map<number, KeptSegment>()

  /** Where the next draft begins: behind everything that waits. */
  #plannedSegment: Segment
  #plannedEnd: number
  #gathering: FrameDraft | undefined
  /** Closed drafts, in order; the first is the one that is being flushed. */
  readonly #waiting: FrameDraft[] = []
  readonly #spareBuffers: RecordBuffer[] = []
  #isFlushing = false
  #isScheduled = false
  #failure: StoreFailure | undefined
  #whenQuiet: (() => void) | undefined

  constructor({ folder, chain, seed, log }: AppendStreamOptions, end: LogEnd, file: StoreFile) {
    this.#folder = folder
    this.#chain = chain
    this.#seed = seed
    this.#log = log
    this.#segment = end.segment
    this.#flushedEnd = end.offset
    this.#file = file
    this.#lastSequence = end.sequence
    this.#lastChecksum = end.chain
    this.#plannedSegment = end.segment
    this.#plannedEnd = end.offset
    for (const segment of end.kept) this.#kept.set(segment.number, segment)
  }

  /** The segments that were begun, in order: the last is the one that is appended to. */
  get kept(): readonly KeptSegment[] {
    return [...this.#kept.values()]
  }

  /** The segments before `first` are freed. Where it begins comes back. */
  leave(first: number): SegmentStart {
    for (const number of this.#kept.keys()) if (number < first) this.#kept.delete(number)
    const start = this.#kept.get(first)
    invariant(start !== undefined, `segment ${first} was begun, and is kept`)
    return start
  }

  get failure(): StoreFailure | undefined {
    return this.#failure
  }

  isFlushed(place: EntryPlace): boolean {
    if (place.segment !== this.#segment.number) return place.segment < this.#segment.number
    return place.offset < this.#flushedEnd
  }

  /** Adds the changes. Not called after a failure. */
  write(changes: readonly GroupChange[], done: WriteDone): void {
    const draft = this.#draftFor(recordBytesOf(changes))
    for (const change of changes) this.#put(draft, change)
    draft.dones.push(done)
    this.#schedule()
  }

  /** Says again what the groups are. */
  describe(logs: readonly GroupLog[], done: WriteDone): void {
    if (this.#failure !== undefined) return this.#folder.soon(() => done(this.#failure))
    const draft = this.#draftFor(logs.length * MAX_GROUP_BYTES)
    for (const log of logs) this.#describe(draft, log)
    draft.dones.push(done)
    this.#schedule()
  }

  /** Adds a frame without records. */
  mark(kind: Exclude<FrameKind, 'records' | 'continues'>, done: WriteDone): void {
    if (this.#failure !== undefined) return this.#folder.soon(() => done(this.#failure))
    this.#closeGathering()
    this.#gathering = this.#newDraft(kind, 0)
    this.#gathering.dones.push(done)
    this.#closeGathering()
    this.#schedule()
  }

  /** From here on everything fails with `error`. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return
    const failure = { error }
    this.#failure = failure
    this.#log({ type: 'store.failed', error })
    this.#closeGathering()
    const dones = this.#waiting.splice(0).flatMap((draft) => draft.dones)
    for (const done of dones) done(failure)
  }

  /** Lets go of the file once nothing is under way. Whatever was handed in has been flushed before, or failed. */
  close(done: Done): void {
    const close = (): void => this.#chain.whenQuiet(() => this.#file.close(done))
    if (this.#isFlushing) this.#whenQuiet = close
    else close()
  }

  #draftFor(recordBytes: number): FrameDraft {
    const draft = this.#gathering
    if (draft !== undefined) {
      const end = draft.offset + frameLength(draft.recordBytes + recordBytes)
      if (draft.recordBytes < FULL_FRAME_BYTES && end <= endOfRoom(draft.segment)) {
        draft.records.reserve(recordBytes)
        return draft
      }
      this.#closeGathering()
    }
    this.#gathering = this.#newDraft('records', recordBytes)
    return this.#gathering
  }

  #newDraft(kind: FrameKind, recordBytes: number): FrameDraft {
    const length = frameLength(recordBytes)
    if (this.#plannedEnd + length > endOfRoom(this.#plannedSegment)) {
      const atLeast = SEGMENT_HEAD_BYTES + length + SECTOR_BYTES
      this.#plannedSegment = this.#chain.plan(this.#plannedSegment.number + 1, atLeast)
      this.#plannedEnd = SEGMENT_HEAD_BYTES
    }
    const records = this.#spareBuffers.pop() ?? new RecordBuffer(FRAME_HEAD_BYTES, FIRST_BUFFER_BYTES)
    records.reserve(length)
    return new FrameDraft(kind, this.#plannedSegment, this.#plannedEnd, records)
  }

  #closeGathering(): void {
    if (this.#gathering === undefined) return
    this.#waiting.push(this.#gathering)
    this.#plannedEnd = this.#gathering.end
    this.#gathering = undefined
  }

  #describe(draft: FrameDraft, log: GroupLog): void {
    if (log.describedIn === draft.segment.number) return
    draft.records.putGroup(log.number, log.group, log.state)
    log.describedIn = draft.segment.number
  }

  #put(draft: FrameDraft, { log, write, snapshot }: GroupChange): void {
    const { records } = draft
    const { hardState, truncateAfter, entries, repaired = [] } = write
    this.#describe(draft, log)
    if (hardState !== undefined) {
      records.putHardState(log.number, hardState)
      log.hardState = hardState
    }
    if (truncateAfter !== undefined && truncateAfter < log.lastIndex) {
      records.putTruncation(log.number, truncateAfter)
      log.truncate(truncateAfter)
    }
    for (const entry of repaired) this.#putRepair(draft, log, entry)
    if (snapshot !== undefined) this.#putSnapshot(draft, log, snapshot, write.snapshot?.logStartsAfter as LogPosition)
    for (let start = 0; start < entries.length;) start = this.#putRun(draft, log, entries, start)
  }

  #putSnapshot(draft: FrameDraft, log: GroupLog, snapshot: StandingSnapshot, logStartsAfter: LogPosition): void {
    draft.records.putSnapshot(log.number, snapshot.recorded, logStartsAfter)
    log.adopt(snapshot.recorded, logStartsAfter)
    log.description = snapshot.description
  }

  #putRepair({ records, segment, offset }: FrameDraft, log: GroupLog, entry: Entry): void {
    records.putRepairHead(log.number, entry.index)
    log.repair(entry.index, segment.number, offset + records.end + ENTRY_HEAD_BYTES)
    records.putEntry(encodeEntry(entry), entry.kind === 'configuration')
    if (entry.kind === 'configuration') log.noteRepairedConfiguration(entry)
  }

  /** The entries from `start` on that are of one term. Where the next run starts comes back. */
  #putRun(draft: FrameDraft, log: GroupLog, entries: readonly Entry[], start: number): number {
    const { records } = draft
    const first = entries[start] as Entry
    const end = endOfRun(entries, start)
    // Along the log the time never falls.
    const lastTime = (entries[end - 1] as Entry).time
    log.beginRun(first.term, lastTime)
    records.putEntriesHead(log.number, first, lastTime, end - start)
    for (let place = start; place < end; place += 1) {
      const entry = entries[place] as Entry
      const encoded = encodeEntry(entry)
      log.append(draft.segment.number, draft.offset + records.end + ENTRY_HEAD_BYTES, encoded.length)
      records.putEntry(encoded, entry.kind === 'configuration')
      if (entry.kind === 'configuration') log.noteConfiguration(entry)
    }
    return end
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isFlushing) return
    this.#isScheduled = true
    this.#folder.soon(() => {
      this.#isScheduled = false
      this.#flushNext()
    })
  }

  #flushNext(): void {
    if (this.#isFlushing || this.#failure !== undefined) return
    if (this.#waiting.length === 0) this.#closeGathering()
    const draft = this.#waiting[0]
    if (draft === undefined) return
    this.#isFlushing = true
    inOrder(
      [
        (next) => (draft.segment.number === this.#segment.number ? next(undefined) : this.#begin(draft.segment, next)),
        (next) => this.#append(draft, next),
        (next) => this.#file.flush(next),
      ],
      (error) => this.#finish(draft, error),
    )
  }

  #append(draft: FrameDraft, done: Done): void {
    if (this.#failure !== undefined) return done(this.#failure.error)
    const { bytes, checksum } = draft.seal(this.#lastSequence + 1, this.#lastChecksum, this.#seed)
    this.#lastSequence += 1
    this.#lastChecksum = checksum
    this.#file.writeAt(bytes, draft.offset, done)
  }

  /** Goes on in the next segment. The one before says so first, so that the next is missed if it is lost. */
  #begin(segment: Segment, done: Done): void {
    const seal = new FrameDraft(
      'continues',
      this.#segment,
      this.#flushedEnd,
      new RecordBuffer(FRAME_HEAD_BYTES, SECTOR_BYTES),
    )
    inOrder(
      [
        (next) => this.#chain.obtain(segment, next),
        (next) => this.#append(seal, next),
        (next) => this.#file.flush(next),
        (next) => this.#file.close(next),
        (next) => this.#openSegment(segment, next),
      ],
      done,
    )
  }

  #openSegment(segment: Segment, done: Done): void {
    this.#folder.open(segmentFile(segment.number), 'write', (error, file) => {
      if (error !== undefined) return done(error)
      this.#file = file
      this.#segment = segment
      this.#flushedEnd = SEGMENT_HEAD_BYTES
      this.#kept.set(segment.number, { ...segment, sequence: this.#lastSequence, chain: this.#lastChecksum })
      this.#log({ type: 'segment.begun', file: file.path, bytes: segment.bytes })
      done(undefined)
    })
  }

  #finish(draft: FrameDraft, error: Error | undefined): void {
    this.#isFlushing = false
    if (this.#failure !== undefined) return this.#whenQuiet?.()
    if (error !== undefined) return this.fail(error)
    this.#waiting.shift()
    this.#flushedEnd = draft.end
    this.#keepBuffer(draft.records)
    this.#prepareNext()
    try {
      for (const done of draft.dones) done(undefined)
    } finally {
      this.#flushNext()
    }
  }

  /** A segment that is half full, and not left already, will need a successor. */
  #prepareNext(): void {
    if (this.#plannedSegment !== this.#segment || this.#flushedEnd < this.#segment.bytes / 2) return
    this.#chain.prepare(this.#segment.number + 1)
  }

  #keepBuffer(buffer: RecordBuffer): void {
    if (buffer.bytes.length > LARGEST_KEPT_BUFFER_BYTES || this.#spareBuffers.length > 1) return
    buffer.reset()
    this.#spareBuffers.push(buffer)
  }
}

/** Where frames of groups must end: behind them there is always room for the frame that says where the log goes on. */
function endOfRoom(segment: Segment): number {
  return segment.bytes - SECTOR_BYTES
}

/** At most so many bytes the records of the changes take. */
function recordBytesOf(changes: readonly GroupChange[]): number {
  let bytes = 0
  for (const { write } of changes) {
    const { entries, repaired = [] } = write
    bytes += MAX_STATE_BYTES
    for (const entry of repaired) bytes += REPAIR_HEAD_BYTES + ENTRY_HEAD_BYTES + encodeEntry(entry).length
    for (let start = 0; start < entries.length;) {
      const end = endOfRun(entries, start)
      bytes += ENTRIES_HEAD_BYTES
      for (let place = start; place < end; place += 1)
        bytes += ENTRY_HEAD_BYTES + encodeEntry(entries[place] as Entry).length
      start = end
    }
  }
  invariant(bytes <= MAX_FRAME_BYTES, 'a batch is smaller than 1 GiB')
  return bytes
}

/** Behind the last of the entries from `start` on that are of one term. */
function endOfRun(entries: readonly Entry[], start: number): number {
  const term = entries[start]?.term
  let end = start + 1
  while (end < entries.length && entries[end]?.term === term) end += 1
  return end
}
