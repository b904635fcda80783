import { CorruptStoreError, ForeignStoreError, NewerStoreFormatError } from './errors.ts'
import { FORMAT, checksum, viewOf } from './layout.ts'

// The first 16 bytes of every file, in this and in every later format:
//
//   0   8  magic: which kind of file
//   8   4  format
//   12  4  CRC-32 of bytes 0 to 11

export const PRELUDE_BYTES = 16

/** The identity, a segment of the log, a snapshot, and which segments were freed. */
export type Magic = 'QuorateI' | 'QuorateL' | 'QuorateS' | 'QuorateF'

export function writePrelude(bytes: Uint8Array, magic: Magic): void {
  bytes.set(Buffer.from(magic, 'latin1'), 0)
  const view = viewOf(bytes)
  view.setUint32(8, FORMAT, true)
  view.setUint32(12, checksum(bytes.subarray(0, 12)), true)
}

/** @throws CorruptStoreError, ForeignStoreError or NewerStoreFormatError unless `bytes` begin a file that we can read. */
export function assertPrelude(bytes: Uint8Array, magic: Magic, file: string): void {
  if (bytes.length < PRELUDE_BYTES) throw new CorruptStoreError(file, bytes.length, 'it ends within its first bytes')
  const view = viewOf(bytes)
  const expected = Buffer.from(bytes.subarray(0, 12))
  expected.set(Buffer.from(magic, 'latin1'), 0)
  const isSealed = checksum(expected) === view.getUint32(12, true)
  if (expected.compare(bytes.subarray(0, 12)) !== 0) {
    // All the rest fits: these are our bytes, with damage in the magic alone.
    if (isSealed) throw new CorruptStoreError(file, 0, 'its first bytes do not match their checksum')
    throw new ForeignStoreError(file, 'it does not begin as a file of Quorate does')
  }
  if (!isSealed) throw new CorruptStoreError(file, 0, 'its first bytes do not match their checksum')
  const format = view.getUint32(8, true)
  if (format > FORMAT) throw new NewerStoreFormatError(file, format, FORMAT)
  if (format < 1) throw new CorruptStoreError(file, 8, `there is no format ${format}`)
}
