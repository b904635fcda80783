import { crc32 } from 'node:zlib'

// What every part of the format shares. docs/format.md draws it byte by byte. All numbers are little-endian.

/** The format that this version writes, and the newest that it reads. */
export const FORMAT = 1

/**
 * What a disk writes whole or not at all, in bytes. Frames begin and end on its boundaries, so that a sector with
 * flushed data is never written again, and a frame that did not arrive as a whole lacks whole sectors.
 */
export const SECTOR_BYTES = 512

/** The smallest multiple of a sector that holds `bytes`. */
export function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A safe integer as 64 bits. */
export function putInteger(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true)
  view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true)
}

export function getInteger(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true)
}

export function checksum(bytes: Uint8Array, seed = 0): number {
  return crc32(bytes, seed)
}

/** Where the first byte that is not zero stands, from `start` on; -1 when all are zero. */
export function firstNonZero(bytes: Uint8Array, start: number, end: number): number {
  for (let offset = start; offset < end; offset += 1) if (bytes[offset] !== 0) return offset
  return -1
}

/** The offset behind the last byte that is not zero, or `start` when all from there on are zero. */
export function endOfContent(bytes: Uint8Array, start: number): number {
  let end = bytes.length
  while (end > start && bytes[end - 1] === 0) end -= 1
  return end
}
