import { SECTOR_BYTES, checksum, firstNonZero, getInteger, putInteger, viewOf, wholeSectors } from './layout.ts'
import { explainsAsOneBit } from './singleBit.ts'

// A frame: what one flush made durable, all of it or nothing. It begins and ends on sector boundaries.
//
//   0    4  magic F1 A3 6D 5B; the first byte is never zero
//   4    4  length of the frame in bytes, a multiple of 512
//   8    8  sequence number, one more than that of the frame before
//   16   4  head checksum of the frame before; 0 in the first
//   20   4  body checksum: CRC-32 of bytes 40 to length - 1
//   24   4  empty sectors: how many of the frame's sectors are all zeros
//   28   4  kind
//   32   4  length of the records in bytes
//   36   4  head checksum: CRC-32 of bytes 0 to 35
//   40      records, then zeros
//   -1   1  end mark E9, never zero
//
// Both checksums are seeded with the CRC-32 of the store's identity: a frame of another store is no frame here.

export const FRAME_HEAD_BYTES = 40

const MAGIC = 0x5b6da3f1
const END_MARK = 0xe9

const KIND_CODES = { records: 1, opened: 2, continues: 3, closed: 4 } as const

/**
 * `records`: changes of groups. The others carry none; each vouches for all before it: the store was `opened`, the log
 * `continues` in the next segment, the store was `closed`.
 */
export type FrameKind = keyof typeof KIND_CODES

const KINDS = new Map<number, FrameKind>([
  [1, 'records'],
  [2, 'opened'],
  [3, 'continues'],
  [4, 'closed'],
])

export interface FrameHead {
  readonly length: number
  readonly sequence: number
  /** The head checksum of the frame before. */
  readonly chain: number
  readonly bodyChecksum: number
  readonly emptySectors: number
  readonly kind: FrameKind
  readonly recordBytes: number
  readonly checksum: number
}

/** The length of the frame that carries so many bytes of records. */
export function frameLength(recordBytes: number): number {
  return wholeSectors(FRAME_HEAD_BYTES + recordBytes + 1)
}

/** Makes `bytes`, a frame's length with the records in their place, a frame. The head's checksum comes back. */
export function sealFrame(
  bytes: Uint8Array,
  frame: { kind: FrameKind; recordBytes: number; sequence: number; chain: number },
  seed: number,
): number {
  const view = viewOf(bytes)
  bytes.fill(0, FRAME_HEAD_BYTES + frame.recordBytes, bytes.length - 1)
  bytes[bytes.length - 1] = END_MARK
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, bytes.length, true)
  putInteger(view, 8, frame.sequence)
  view.setUint32(16, frame.chain, true)
  view.setUint32(20, bodyChecksumOf(bytes, seed), true)
  view.setUint32(24, countEmptySectors(bytes), true)
  view.setUint32(28, KIND_CODES[frame.kind], true)
  view.setUint32(32, frame.recordBytes, true)
  const headChecksum = checksum(bytes.subarray(0, 36), seed)
  view.setUint32(36, headChecksum, true)
  return headChecksum
}

/** The head of the frame that begins at `offset`; undefined when none does. */
export function readFrameHead(bytes: Uint8Array, offset: number, seed: number): FrameHead | undefined {
  if (offset + FRAME_HEAD_BYTES > bytes.length) return undefined
  const head = bytes.subarray(offset, offset + FRAME_HEAD_BYTES)
  const view = viewOf(head)
  if (view.getUint32(0, true) !== MAGIC) return undefined
  const headChecksum = view.getUint32(36, true)
  if (headChecksum !== checksum(head.subarray(0, 36), seed)) return undefined
  const kind = KINDS.get(view.getUint32(28, true))
  const length = view.getUint32(4, true)
  const recordBytes = view.getUint32(32, true)
  if (kind === undefined || length !== frameLength(recordBytes)) return undefined
  return {
    length,
    sequence: getInteger(view, 8),
    chain: view.getUint32(16, true),
    bodyChecksum: view.getUint32(20, true),
    emptySectors: view.getUint32(24, true),
    kind,
    recordBytes,
    checksum: headChecksum,
  }
}

/** Whether the body is the one that was written. */
export function hasWholeBody(frame: Uint8Array, head: FrameHead, seed: number): boolean {
  return bodyChecksumOf(frame, seed) === head.bodyChecksum
}

/**
 * Of a frame that is not whole: whether a part of it is not there, its end or whole sectors. Where all is there, the
 * frame was written and damaged later. So it was where one flipped bit explains it, the only one of its sector.
 */
export function lacksSectors(frame: Uint8Array, head: FrameHead, seed: number): boolean {
  if (frame.at(-1) === 0) return true
  if (countEmptySectors(frame) <= head.emptySectors) return false
  return !explainsAsOneBit(frame.length - FRAME_HEAD_BYTES, head.bodyChecksum, bodyChecksumOf(frame, seed))
}

function bodyChecksumOf(frame: Uint8Array, seed: number): number {
  return checksum(frame.subarray(FRAME_HEAD_BYTES), seed)
}

function countEmptySectors(frame: Uint8Array): number {
  let count = 0
  // The first sector has the magic in it.
  for (let offset = SECTOR_BYTES; offset < frame.length; offset += SECTOR_BYTES) {
    if (firstNonZero(frame, offset, offset + SECTOR_BYTES) === -1) count += 1
  }
  return count
}
