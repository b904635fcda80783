import { checksum } from './layout.ts'

/** Beyond this many bytes the call into zlib pays. */
const LONGEST_BYTES = 256
const POLYNOMIAL = 0xedb88320

/** Eight tables of 256: what a byte does to the checksum from 0 to 7 bytes further on. */
const TABLES = makeTables()

/** CRC-32 of the bytes between `start` and `end`, as `checksum` has it, without its fixed price for each call. */
export function shortChecksum(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  if (end - start > LONGEST_BYTES) return checksum(bytes.subarray(start, end))
  let crc = -1
  let at = start
  for (; at + 8 <= end; at += 8) crc = eightFurther(crc ^ view.getInt32(at, true), view.getInt32(at + 4, true))
  for (; at < end; at += 1) crc = (crc >>> 8) ^ entry(0, crc ^ view.getUint8(at))
  return ~crc >>> 0
}

function eightFurther(low: number, high: number): number {
  const first = entry(7, low) ^ entry(6, low >>> 8) ^ entry(5, low >>> 16) ^ entry(4, low >>> 24)
  return first ^ entry(3, high) ^ entry(2, high >>> 8) ^ entry(1, high >>> 16) ^ entry(0, high >>> 24)
}

function entry(table: number, byte: number): number {
  return TABLES[table * 256 + (byte & 255)] as number
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL
    tables[byte] = crc
  }
  for (let place = 256; place < tables.length; place += 1) {
    const before = tables[place - 256] as number
    tables[place] = (before >>> 8) ^ (tables[before & 255] as number)
  }
  return tables
}
