import type { StoreIdentity } from '@quorate/core'
import { decodeEntry } from '@quorate/wire'
import type { LogEnd } from './appendStream.ts'
import { CorruptStoreError } from './errors.ts'
import { type Folder, settled, withFile } from './folder.ts'
import { FRAME_HEAD_BYTES, type FrameHead, type FrameKind, hasWholeBody, readFrameHead } from './frame.ts'
import type { KeptSegment, SegmentStart } from './freedFile.ts'
import type { GroupLog } from './groupLog.ts'
import { identityBytes } from './identityFile.ts'
import { SECTOR_BYTES, checksum, endOfContent } from './layout.ts'
import { findFrame, judgeRemainder } from './logEnd.ts'
import { LogReplay } from './logReplay.ts'
import { provenDamage } from './provenDamage.ts'
import { ENTRY_HEAD_BYTES, SenselessRecord, entryFault } from './record.ts'
import { SEGMENT_HEAD_BYTES, type Segment, assertSegmentHead, segmentFile } from './segment.ts'

/** What has to become zero before anything is appended. */
export interface Cut {
  readonly segment: number
  readonly offset: number
  readonly end: number
  readonly reason: string
}

/** The last whole frame. */
export interface LastFrame {
  readonly segment: number
  readonly offset: number
  readonly bytes: Uint8Array
  readonly kind: FrameKind
}

/** What the log of a store turned out to be. */
export interface RecoveredLog {
  readonly logs: readonly GroupLog[]
  readonly end: LogEnd
  readonly lastFrame: LastFrame | undefined
  readonly cuts: readonly Cut[]
  /** The segment that was prepared and not begun. */
  readonly prepared: Segment | undefined
  /** The highest number of a snapshot's file that the log names. */
  readonly highestSnapshot: number
}

/** The segments that stand, without a gap. */
export interface SegmentSpan {
  readonly start: SegmentStart
  readonly last: number
}

/** The seed of all checksums of frames. */
export function seedOf(identity: StoreIdentity): number {
  return checksum(identityBytes(identity))
}

/** Reads all segments. @throws CorruptStoreError and the like; changes nothing. */
export async function recoverLog(folder: Folder, identity: StoreIdentity, span: SegmentSpan): Promise<RecoveredLog> {
  const recovery = new Recovery(folder, identity, span.start)
  let buffer: Uint8Array = new Uint8Array()
  for (let { number } = span.start; number <= span.last; number += 1) {
    const bytes = await readFile(folder, segmentFile(number), buffer)
    if (bytes.length > buffer.length) buffer = bytes
    recovery.readSegment(number, bytes)
  }
  const log = recovery.finish()
  for (const groupLog of log.logs) {
    if (groupLog.lostEntry !== undefined) {
      const reason = `entry ${groupLog.lostEntry} of group ${groupLog.group} stands in no segment`
      throw new CorruptStoreError(folder.pathOf(segmentFile(span.start.number)), 0, reason)
    }
    // What cannot be read has no higher time than what was removed behind it.
    if (!groupLog.isLastTimeExact && !groupLog.isDamagedAt(groupLog.lastIndex))
      groupLog.lastTime = await timeOfLastEntry(folder, groupLog)
  }
  return log
}

/** Walks the frames, one segment after the other. */
class Recovery {
  readonly #folder: Folder
  readonly #identity: StoreIdentity
  readonly #seed: number
  readonly #replay: LogReplay
  readonly #kept: KeptSegment[] = []
  #lastFrame: LastFrame | undefined
  #sequence: number
  #chain: number
  #end: LogEnd | undefined
  #prepared: Segment | undefined
  readonly #cuts: Cut[] = []
  #lastSegment = 0

  constructor(folder: Folder, identity: StoreIdentity, { number, sequence, chain }: SegmentStart) {
    this.#folder = folder
    this.#identity = identity
    this.#seed = seedOf(identity)
    this.#replay = new LogReplay(number > 1)
    this.#sequence = sequence
    this.#chain = chain
  }

  readSegment(number: number, bytes: Uint8Array): void {
    assertSegmentHead(bytes, number, this.#identity, this.#pathOf(number))
    this.#lastSegment = number
    if (this.#end !== undefined) return this.#readPrepared(this.#end, number, bytes)
    this.#kept.push({ number, sequence: this.#sequence, chain: this.#chain, bytes: bytes.length })
    this.#readFrames(number, bytes)
    // The buffer serves the next segment too.
    if (this.#lastFrame?.segment === number)
      this.#lastFrame = { ...this.#lastFrame, bytes: new Uint8Array(this.#lastFrame.bytes) }
  }

  finish(): RecoveredLog {
    if (this.#end === undefined) {
      throw new CorruptStoreError(this.#pathOf(this.#lastSegment + 1), 0, 'the file is missing')
    }
    const { logs, highestFile: highestSnapshot } = this.#replay
    const { prepared, lastFrame, cuts } = { prepared: this.#prepared, lastFrame: this.#lastFrame, cuts: this.#cuts }
    return { logs, end: this.#end, lastFrame, cuts, prepared, highestSnapshot }
  }

  #pathOf(number: number): string {
    return this.#folder.pathOf(segmentFile(number))
  }

  #readFrames(number: number, bytes: Uint8Array): void {
    let offset = SEGMENT_HEAD_BYTES
    for (;;) {
      if (offset + SECTOR_BYTES > bytes.length) {
        throw new CorruptStoreError(this.#pathOf(number), offset, 'the segment does not say where the log goes on')
      }
      const head = readFrameHead(bytes, offset, this.#seed)
      const damaged = head === undefined ? undefined : this.#damageIn(bytes, offset, head)
      if (head === undefined || damaged === undefined) return this.#endAt(number, bytes, offset, head)
      this.#takeFrame(number, bytes, offset, head, damaged)
      if (head.kind === 'continues') return
      offset += head.length
    }
  }

  /** Which entries of the next frame are damaged, by where their bytes begin, if nothing else is; undefined when this is not it. */
  #damageIn(bytes: Uint8Array, offset: number, head: FrameHead): readonly number[] | undefined {
    if (head.sequence !== this.#sequence + 1 || head.chain !== this.#chain) return undefined
    if (offset + head.length > bytes.length) return undefined
    const frame = bytes.subarray(offset, offset + head.length)
    if (hasWholeBody(frame, head, this.#seed)) return []
    return provenDamage(frame, head, this.#seed)?.map((start) => offset + start)
  }

  #takeFrame(segment: number, bytes: Uint8Array, offset: number, head: FrameHead, damaged: readonly number[]): void {
    const start = offset + FRAME_HEAD_BYTES
    try {
      this.#replay.readFrame(segment, bytes, start, start + head.recordBytes, damaged)
    } catch (error) {
      if (!(error instanceof SenselessRecord)) throw error
      throw new CorruptStoreError(this.#pathOf(segment), error.offset, error.message, { cause: error })
    }
    this.#sequence = head.sequence
    this.#chain = head.checksum
    this.#lastFrame = { segment, offset, kind: head.kind, bytes: bytes.subarray(offset, offset + head.length) }
  }

  #endAt(number: number, bytes: Uint8Array, offset: number, head: FrameHead | undefined): void {
    const expected = { sequence: this.#sequence + 1, chain: this.#chain }
    const reason = judgeRemainder({ file: this.#pathOf(number), bytes, offset, head, expected, seed: this.#seed })
    if (reason !== undefined) this.#cuts.push({ segment: number, offset, end: endOfContent(bytes, offset), reason })
    const segment = { number, bytes: bytes.length }
    this.#end = { segment, offset, sequence: this.#sequence, chain: this.#chain, kept: this.#kept }
  }

  /** Behind the end of the log stands at most one segment, and no frame in it. */
  #readPrepared(end: LogEnd, number: number, bytes: Uint8Array): void {
    const file = this.#pathOf(number)
    const behind = findFrame(bytes, SEGMENT_HEAD_BYTES, end.sequence + 1, this.#seed)
    if (behind !== undefined || number > end.segment.number + 1) {
      const reason = `no frame can be read here, and the log goes on in ${segmentFile(number)}`
      throw new CorruptStoreError(this.#pathOf(end.segment.number), end.offset, reason)
    }
    this.#prepared = { number, bytes: bytes.length }
    const contentEnd = endOfContent(bytes, SEGMENT_HEAD_BYTES)
    if (contentEnd === SEGMENT_HEAD_BYTES) return
    if (bytes[SEGMENT_HEAD_BYTES] !== 0 && contentEnd > SEGMENT_HEAD_BYTES + FRAME_HEAD_BYTES) {
      throw new CorruptStoreError(file, SEGMENT_HEAD_BYTES, 'the head of a frame does not match its checksum')
    }
    this.#cuts.push({
      segment: number,
      offset: SEGMENT_HEAD_BYTES,
      end: contentEnd,
      reason: 'nothing should stand here',
    })
  }
}

/** The whole file, in `buffer` when it is large enough. */
export function readFile(folder: Folder, name: string, buffer: Uint8Array = new Uint8Array()): Promise<Uint8Array> {
  return withFile(folder, { name, mode: 'read' }, async (file) => {
    const bytes = file.size <= buffer.length ? buffer.subarray(0, file.size) : new Uint8Array(file.size)
    await settled((done) => file.readAt(bytes, 0, done))
    return bytes
  })
}

/** The time of an entry never falls along the log, so that the last has the highest. */
async function timeOfLastEntry(folder: Folder, log: GroupLog): Promise<number> {
  const { segment, offset, length } = log.placeOf(log.lastIndex)
  const bytes = new Uint8Array(ENTRY_HEAD_BYTES + length)
  const name = segmentFile(segment)
  await withFile(folder, { name, mode: 'read' }, (file) =>
    settled((done) => file.readAt(bytes, offset - ENTRY_HEAD_BYTES, done)),
  )
  const fault = entryFault(bytes, 0, length)
  if (fault !== undefined) throw new CorruptStoreError(folder.pathOf(name), offset - ENTRY_HEAD_BYTES, fault)
  return decodeEntry(bytes.subarray(ENTRY_HEAD_BYTES)).time
}
