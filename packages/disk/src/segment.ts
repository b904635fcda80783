import type { StoreIdentity } from '@quorate/core'
import { CorruptStoreError, ForeignStoreError } from './errors.ts'
import { identityBytes } from './identityFile.ts'
import { SECTOR_BYTES, checksum, getInteger, putInteger, viewOf, wholeSectors } from './layout.ts'
import { assertPrelude, writePrelude } from './prelude.ts'

// A segment: a file of fixed size, made of zeros before it is used.
//
//   0     16  prelude, magic "QuorateL"
//   16    16  identity of the store
//   32     8  number of the segment, from 1
//   40     8  size of the file in bytes
//   48   460  zero
//   508    4  CRC-32 of bytes 0 to 507
//   512       frames, each behind the other

/** Where the first frame begins. */
export const SEGMENT_HEAD_BYTES = SECTOR_BYTES

/** What a segment is called until it is whole. */
export const NEW_SEGMENT_FILE = 'segment.new'

const FIRST_SEGMENT_BYTES = 1024 * 1024
const SEGMENT_FILE = /^(\d{10})\.log$/

/** Which segment, and how large its file is. */
export interface Segment {
  readonly number: number
  readonly bytes: number
}

export function segmentFile(number: number): string {
  return `${String(number).padStart(10, '0')}.log`
}

/** The number of the segment in a file of this name; undefined for a file that is no segment. */
export function segmentNumber(name: string): number | undefined {
  const match = SEGMENT_FILE.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** Segments double from 1 MiB up to `largest`: a small log takes little room, a large one few files. */
export function usualSegmentBytes(number: number, largest: number): number {
  return wholeSectors(Math.min(largest, FIRST_SEGMENT_BYTES * 2 ** Math.min(number - 1, 20)))
}

export function encodeSegmentHead(segment: Segment, identity: StoreIdentity): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEAD_BYTES)
  const view = viewOf(bytes)
  writePrelude(bytes, 'QuorateL')
  bytes.set(identityBytes(identity), 16)
  putInteger(view, 32, segment.number)
  putInteger(view, 40, segment.bytes)
  view.setUint32(508, checksum(bytes.subarray(0, 508)), true)
  return bytes
}

/** @throws CorruptStoreError, ForeignStoreError or NewerStoreFormatError unless this is the head of segment `number`. */
export function assertSegmentHead(bytes: Uint8Array, number: number, identity: StoreIdentity, file: string): void {
  assertPrelude(bytes, 'QuorateL', file)
  const damaged = (offset: number, reason: string) => new CorruptStoreError(file, offset, reason)
  if (bytes.length < SEGMENT_HEAD_BYTES) throw damaged(bytes.length, 'it ends within its head')
  const view = viewOf(bytes)
  if (view.getUint32(508, true) !== checksum(bytes.subarray(0, 508))) {
    throw damaged(16, 'its head does not match its checksum')
  }
  if (Buffer.compare(bytes.subarray(16, 32), identityBytes(identity)) !== 0) {
    throw new ForeignStoreError(file, 'it carries the identity of another store')
  }
  if (getInteger(view, 32) !== number) throw damaged(32, `it is segment ${getInteger(view, 32)} by its head`)
  const size = getInteger(view, 40)
  if (bytes.length !== size) throw damaged(Math.min(bytes.length, size), `it has ${bytes.length} bytes, not ${size}`)
}
