import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { SimRandom } from '@quorate/sim'
import { viewOf } from '../src/layout.ts'
import { shortChecksum } from '../src/shortChecksum.ts'
import { explainsAsOneBit } from '../src/singleBit.ts'

test('the checksum of a few bytes is that of zlib, at every length and place', () => {
  const bytes = new SimRandom(1).bytes(400)
  for (let length = 0; length <= 300; length += 1) {
    const start = length % 13
    const found = shortChecksum(bytes, viewOf(bytes), start, start + length)
    expect(found, `${length} bytes`).toBe(crc32(bytes.subarray(start, start + length)))
  }
})

test('a flipped bit is recognised by what it does to the checksum, and nothing else is', () => {
  const random = new SimRandom(2)
  const bytes = random.bytes(600)
  const written = crc32(bytes, 7)
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Uint8Array.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(explainsAsOneBit(bytes.length, written, crc32(flipped, 7))).toBe(true)
  }
  for (let round = 0; round < 300; round += 1) {
    const changed = Uint8Array.from(bytes)
    for (let place = 0; place < 1 + (round % 40); place += 1) changed[random.below(600)] = random.below(256)
    const bits = changed.reduce((sum, byte, at) => sum + bitsOf(byte ^ (bytes[at] ?? 0)), 0)
    if (bits !== 1) expect(explainsAsOneBit(bytes.length, written, crc32(changed, 7)), `${bits} bits`).toBe(false)
  }
})

function bitsOf(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length
}
