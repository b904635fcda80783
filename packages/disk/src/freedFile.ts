import type { StoreIdentity } from '@quorate/core'
import { CorruptStoreError, ForeignStoreError } from './errors.ts'
import { identityBytes } from './identityFile.ts'
import { checksum, getInteger, putInteger, viewOf } from './layout.ts'
import { assertPrelude, writePrelude } from './prelude.ts'

// The file `freed`: segments before this one were removed on purpose.
//
//   0   16  prelude, magic "QuorateF"
//   16  16  identity of the store
//   32   8  number of the first segment that is kept, from 2
//   40   8  sequence number of the last frame before it
//   48   4  head checksum of that frame
//   52   4  CRC-32 of bytes 0 to 51

export const FREED_FILE = 'freed'
export const NEW_FREED_FILE = 'freed.new'

const FREED_FILE_BYTES = 56

/** Where a segment begins, and what its first frame follows. */
export interface SegmentStart {
  readonly number: number
  /** Of the last frame before it, or 0. */
  readonly sequence: number
  /** The head checksum of that frame, or 0. */
  readonly chain: number
}

/** A segment that was begun, and not freed. */
export interface KeptSegment extends SegmentStart {
  /** The size of its file. */
  readonly bytes: number
}

/** Where a log begins of which nothing was freed. */
export const FIRST_START: SegmentStart = { number: 1, sequence: 0, chain: 0 }

export function encodeFreedFile(identity: StoreIdentity, { number, sequence, chain }: SegmentStart): Uint8Array {
  const bytes = new Uint8Array(FREED_FILE_BYTES)
  const view = viewOf(bytes)
  writePrelude(bytes, 'QuorateF')
  bytes.set(identityBytes(identity), 16)
  putInteger(view, 32, number)
  putInteger(view, 40, sequence)
  view.setUint32(48, chain, true)
  view.setUint32(52, checksum(bytes.subarray(0, 52)), true)
  return bytes
}

/** @throws CorruptStoreError, ForeignStoreError or NewerStoreFormatError */
export function decodeFreedFile(bytes: Uint8Array, identity: StoreIdentity, file: string): SegmentStart {
  assertPrelude(bytes, 'QuorateF', file)
  if (bytes.length !== FREED_FILE_BYTES) {
    throw new CorruptStoreError(file, bytes.length, `it has ${bytes.length} bytes, not ${FREED_FILE_BYTES}`)
  }
  const view = viewOf(bytes)
  if (view.getUint32(52, true) !== checksum(bytes.subarray(0, 52))) {
    throw new CorruptStoreError(file, 16, 'what it says does not match its checksum')
  }
  if (Buffer.compare(bytes.subarray(16, 32), identityBytes(identity)) !== 0) {
    throw new ForeignStoreError(file, 'it carries the identity of another store')
  }
  return { number: getInteger(view, 32), sequence: getInteger(view, 40), chain: view.getUint32(48, true) }
}
