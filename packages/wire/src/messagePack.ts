// This door does not load the native string reader: it reads the whole ArrayBuffer behind a message, and its strings keep
// one another in memory.
import { Packr, RESERVE_START_SPACE } from 'msgpackr/pack'
import type { Field } from './fields.ts'

// Its records are never written, and the scan keeps them from being read.
const packr = new Packr({ useRecords: false })

/** One flat array. The result shares msgpackr's pool: it is sent at once or copied, never kept. */
export function packFields(fields: readonly Field[], reservedBytes: number): Uint8Array {
  return packr.pack(fields, RESERVE_START_SPACE + reservedBytes)
}

/**
 * One array: `fields`, of which the last is null and stands for the place of `data`. The bytes are the caller's. They
 * go around msgpackr because its pool would grow with the largest of them and keep that size.
 */
export function packWithData(fields: readonly Field[], data: Uint8Array): Uint8Array {
  const packed = packr.pack(fields)
  const headBytes = packed.length - 1
  const bytes = Buffer.allocUnsafe(headBytes + binaryHeadBytes(data.length) + data.length)
  bytes.set(packed)
  const at = writeBinaryHead(bytes, headBytes, data.length)
  bytes.set(data, at)
  return bytes
}

/** The arrays that `bytes`, which were scanned before, consist of. Bytes in them are views of `bytes`. */
export function unpackValues(bytes: Uint8Array): readonly unknown[][] {
  return packr.unpackMultiple(bytes) as unknown[][]
}

function binaryHeadBytes(length: number): number {
  if (length < 0x100) return 2
  return length < 0x10000 ? 3 : 5
}

function writeBinaryHead(bytes: Buffer, at: number, length: number): number {
  if (length < 0x100) return bytes.writeUInt8(length, bytes.writeUInt8(0xc4, at))
  if (length < 0x10000) return bytes.writeUInt16BE(length, bytes.writeUInt8(0xc5, at))
  return bytes.writeUInt32BE(length, bytes.writeUInt8(0xc6, at))
}
