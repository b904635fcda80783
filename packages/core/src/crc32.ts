/** The CRC-32 of each byte alone, by the polynomial of zlib. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest
})

/**
 * CRC-32 as zlib has it, of bytes that follow others whose CRC-32 is `before`. Here because this package is of no platform;
 * where the bytes are many, Node's own is at hand.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let rest = ~before
  for (const byte of bytes) rest = (rest >>> 8) ^ TABLE[(rest ^ byte) & 0xff]!
  return ~rest >>> 0
}
