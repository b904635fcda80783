import { expect, test } from 'vitest'
import { SparseBytes, keptBytes } from '../../src/disk/sparseBytes.ts'
import { SimRandom } from '../../src/random.ts'

test('equals plain bytes after each of 200 random changes, and so does every copy', { timeout: 30_000 }, () => {
  for (const seed of [1, 2, 3]) {
    const random = new SimRandom(seed)
    const pairs = [{ sparse: new SparseBytes(), plain: new Uint8Array() }]
    for (let step = 0; step < 200; step += 1) {
      const pair = random.pick(pairs)
      change(pair, random)
      if (random.happens(0.05)) pairs.push({ sparse: pair.sparse.copy(), plain: pair.plain.slice() })
      for (const { sparse, plain } of pairs) {
        expect(sparse.length).toBe(plain.length)
        const [position, into] = [random.below(20_000), new Uint8Array(random.below(9000)).fill(9)]
        const expected = plain.subarray(position, position + into.length)
        expect(sparse.read(into, position)).toBe(expected.length)
        expect(Buffer.compare(into.subarray(0, expected.length), expected)).toBe(0)
      }
    }
    for (const { sparse, plain } of pairs) expect(Buffer.compare(sparse.bytes(), plain)).toBe(0)
  }
})

function change(pair: { sparse: SparseBytes; plain: Uint8Array }, random: SimRandom): void {
  const kind = random.below(20)
  const position = random.below(16_000)
  if (kind === 0) {
    pair.sparse.empty()
    pair.plain = new Uint8Array()
    return
  }
  if (kind === 1) {
    pair.sparse.grow(position)
    pair.plain = grown(pair.plain, position)
    return
  }
  const length = random.below(6000)
  const bytes = kind < 8 ? new Uint8Array(length) : random.bytes(length)
  pair.sparse.write(bytes, position)
  if (length > 0) pair.plain = grown(pair.plain, position + length)
  pair.plain.set(bytes, length > 0 ? position : 0)
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.length, length))
  result.set(bytes)
  return result
}

test('a gibibyte of zeros takes no room', () => {
  const sparse = new SparseBytes()
  const before = process.memoryUsage().arrayBuffers
  const zeros = new Uint8Array(1024 * 1024)
  for (let piece = 0; piece < 1024; piece += 1) sparse.write(keptBytes(zeros), piece * zeros.length)
  expect(sparse.length).toBe(2 ** 30)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * zeros.length)
})

test('what is kept is nobody else’s, be it a buffer or an array', () => {
  for (const bytes of [Buffer.from('first'), new Uint8Array([1, 2, 3]), Buffer.alloc(5)]) {
    const kept = keptBytes(bytes)
    const before = [...kept]
    bytes.fill(9)
    expect([...kept]).toEqual(before)
  }
})
