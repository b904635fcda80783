import { crc32 } from 'node:zlib'
import { DamagedBackupError, ForeignBackupError, NewerBackupError } from './backupErrors.ts'

/** The one format that this version writes, and the newest that it reads. */
export const BACKUP_FORMAT = 1

/** Magic, format, and the CRC-32 of both: of every format, also later ones. */
export const PRELUDE_BYTES = 16

/** Kind, length and the checksum up to there; behind the content stands the checksum up to there. */
export const BLOCK_HEAD_BYTES = 9
export const BLOCK_END_BYTES = 4

/** The numbers that stand for the kinds, for good. */
export const BlockKind = {
  head: 1,
  snapshot: 2,
  data: 3,
  log: 4,
  entries: 5,
  end: 6,
} as const

const MAGIC = Buffer.from('QuorateB', 'latin1')

export function encodePrelude(): Buffer {
  const bytes = Buffer.alloc(PRELUDE_BYTES)
  MAGIC.copy(bytes)
  bytes.writeUInt32LE(BACKUP_FORMAT, 8)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12)
  return bytes
}

/** @throws ForeignBackupError, DamagedBackupError, NewerBackupError */
export function assertPrelude(bytes: Buffer): void {
  const isOurs = bytes.subarray(0, 8).equals(MAGIC)
  // Where all the rest fits, these are our bytes, with damage in the magic alone.
  const isSealed = crc32(Buffer.concat([MAGIC, bytes.subarray(8, 12)])) === bytes.readUInt32LE(12)
  if (!isOurs && !isSealed) throw new ForeignBackupError('it does not begin as one does')
  if (!isOurs || !isSealed) throw new DamagedBackupError(0, 'its first bytes do not match their checksum')
  const format = bytes.readUInt32LE(8)
  if (format > BACKUP_FORMAT) throw new NewerBackupError(format, BACKUP_FORMAT)
  if (format < 1) throw new DamagedBackupError(8, `there is no format ${format}`)
}

/** Of a file that is not long enough for a prelude: whether what there is could be the beginning of one. */
export function mayBePrelude(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, MAGIC.length)
  return length > 0 && MAGIC.subarray(0, length).equals(bytes.subarray(0, length))
}

/** The checksum of all that stands in a file up to now, but for the checksums: a block that is missing or moved is found too. */
export class RunningChecksum {
  #value = 0

  get value(): number {
    return this.#value
  }

  add(bytes: Uint8Array): number {
    this.#value = crc32(bytes, this.#value)
    return this.#value
  }
}
