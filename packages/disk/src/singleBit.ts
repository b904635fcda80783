const POLYNOMIAL = 0xedb88320

/**
 * Whether some bytes of this length, with one of their bits flipped, turn the checksum `expected` into `found`. CRC-32
 * is linear: what a flipped bit changes in it depends on its distance from the end alone.
 */
export function explainsAsOneBit(length: number, expected: number, found: number): boolean {
  const change = (expected ^ found) >>> 0
  let effect = 1
  for (let bits = length * 8; bits > 0; bits -= 1) {
    effect = (effect & 1) === 0 ? effect >>> 1 : ((effect >>> 1) ^ POLYNOMIAL) >>> 0
    if (effect === change) return true
  }
  return false
}
