import { beforeEach, describe, expect, test } from 'vitest'
import { KEPT, LOST, torn } from '../../src/disk/index.ts'
import { SimRandom } from '../../src/random.ts'
import { DiskBench } from './bench.ts'

let bench: DiskBench

beforeEach(() => {
  bench = new DiskBench()
})

describe('a process that ends', () => {
  test('is told nothing any more, and leaves what it wrote in the cache', () => {
    const file = bench.flushedFile('/d/a', '')
    bench.write(file, 0, 'cached')
    let ends = 0
    const count = (): void => void (ends += 1)
    bench.files.soon(count)
    file.readAt(new Uint8Array(1), 0, count)
    bench.files.end()
    bench.files.soon(count)
    file.flush(count)
    bench.files.list('/d', count)
    bench.settle()
    expect(ends).toBe(0)
    expect(bench.files.openFiles).toBe(0)
    expect(bench.text('/d/a')).toBe('cached')
    bench.disk.cutPower(LOST)
    expect(bench.text('/d/a')).toBe('')
  })

  test('has done what was under way, but for flushes', () => {
    const file = bench.flushedFile('/d/a', '')
    file.flush(() => {})
    file.writeAt(Buffer.from('written'), 0, () => {})
    bench.files.rename('/d/a', '/d/b', () => {})
    bench.files.flushFolder('/d', () => {})
    bench.files.end()
    expect(bench.text('/d/b')).toBe('written')
    bench.disk.cutPower(LOST)
    expect(bench.text('/d/a')).toBe('')
  })

  test('has done it, or not, or a part of it, as chance has it', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 100; seed += 1) {
      bench = new DiskBench()
      const file = bench.flushedFile('/d/a', '')
      file.writeAt(Buffer.from('written'), 0, () => {})
      bench.files.rename('/d/a', '/d/b', () => {})
      bench.files.end(new SimRandom(seed))
      const text = bench.text('/d/a') ?? bench.text('/d/b') ?? ''
      expect('written'.startsWith(text)).toBe(true)
      seen
        .add(text === '' ? 'nothing' : text === 'written' ? 'all' : 'a part')
        .add(bench.text('/d/a') === undefined ? 'b' : 'a')
    }
    expect([...seen].sort()).toEqual(['a', 'a part', 'all', 'b', 'nothing'])
  })

  test('may or may not have flushed', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 20; seed += 1) {
      bench = new DiskBench()
      const file = bench.flushedFile('/d/a', '')
      bench.write(file, 0, 'written')
      file.flush(() => {})
      bench.files.end(new SimRandom(seed))
      bench.disk.cutPower(LOST)
      seen.add(bench.text('/d/a') ?? 'gone')
    }
    expect([...seen].sort()).toEqual(['', 'written'])
  })

  test('with the power: its calls never end, and what it was writing is at risk', () => {
    const file = bench.flushedFile('/d/a', '')
    let ends = 0
    file.writeAt(Buffer.from('written'), 0, () => (ends += 1))
    bench.disk.cutPower({ ...KEPT, changes: torn(3, 'beginning') })
    bench.settle()
    expect([ends, bench.files.isEnded, bench.text('/d/a')]).toEqual([0, true, 'wri'])
  })
})
