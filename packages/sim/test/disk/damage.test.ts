import { beforeEach, expect, test } from 'vitest'
import { KEPT, LOST, SimDisk } from '../../src/disk/index.ts'
import { SimRandom } from '../../src/random.ts'
import { DiskBench } from './bench.ts'

let bench: DiskBench

beforeEach(() => {
  bench = new DiskBench()
})

test('a flipped bit is seen at once, and after a power cut', () => {
  bench.flushedFile('/d/a', 'abc')
  bench.disk.flipBit({ path: '/d/a', offset: 1, bit: 0 })
  expect(bench.text('/d/a')).toBe('acc')
  bench.disk.cutPower(LOST)
  expect(bench.text('/d/a')).toBe('acc')
  expect(() => bench.disk.flipBit({ path: '/d/b', offset: 1, bit: 0 })).toThrow('/d/b')
})

test('so are other bytes', () => {
  bench.flushedFile('/d/a', 'abc')
  bench.disk.overwrite('/d/a', 1, Buffer.from('XY'))
  bench.disk.cutPower(LOST)
  expect(bench.text('/d/a')).toBe('aXY')
})

test('random damage hits one bit of what is flushed and not zero', () => {
  const seen = new Set<string>()
  for (let seed = 1; seed <= 200; seed += 1) {
    bench = new DiskBench()
    bench.flushedFile('/d/a', '\0ab\0')
    bench.flushedFile('/d/zeros', new Uint8Array(100))
    bench.flushedFile('/d/other', 'other')
    bench.write(bench.open('/d/unflushed'), 0, 'x')
    bench.flush(bench.open('/d/unnamed'))
    const before = bench.disk.image().get('/d/a') as Uint8Array
    const hit = bench.disk.damage(new SimRandom(seed), (path) => path !== '/d/other')
    const after = bench.disk.image().get('/d/a') as Uint8Array
    expect(hit?.path).toBe('/d/a')
    const { offset = 0, bit = 0 } = hit ?? {}
    expect((before[offset] ?? 0) ^ (after[offset] ?? 0)).toBe(1 << bit)
    expect(before.filter((byte, place) => byte !== after[place])).toHaveLength(1)
    seen.add(`${offset} ${bit}`)
  }
  expect(seen.size).toBe(16)
})

test('where nothing is held there is nothing to damage', () => {
  bench.open('/d/a')
  expect(bench.disk.damage(new SimRandom(1))).toBeUndefined()
})

test('a wiped disk is empty, whatever the power does', () => {
  bench.flushedFile('/d/a', 'a')
  bench.open('/d/b')
  bench.disk.wipe()
  expect([bench.disk.image().size, bench.disk.usedBytes, bench.files.isEnded]).toEqual([0, 0, true])
  bench.disk.cutPower(KEPT)
  expect(bench.disk.image().size).toBe(0)
})

test('a disk that keeps no journal says so', () => {
  expect(() => new SimDisk().journal).toThrow('keepsWholeJournal')
})
