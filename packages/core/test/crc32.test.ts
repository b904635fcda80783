import { crc32 as ofZlib } from 'node:zlib'
import { expect, it } from 'vitest'
import { crc32 } from '../src/crc32.ts'

it('the checksum of snapshots in memory is that of zlib, in one go or in pieces', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, place) => (place * 31) % 256)
  for (const end of [0, 1, 9, 1000]) {
    const part = bytes.subarray(0, end)
    expect(crc32(part)).toBe(ofZlib(part))
    expect(crc32(bytes.subarray(end), crc32(part))).toBe(ofZlib(bytes))
  }
})
