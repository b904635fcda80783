import type { OpenFile } from '@quorate/disk'
import { expect, test } from 'vitest'
import { type DiskImage, KEPT, LOST, SimDisk, drawFate } from '../../src/disk/index.ts'
import { SimRandom } from '../../src/random.ts'
import { DiskBench } from './bench.ts'

/** Does so many things that a process could do, the same ones for the same seed. */
function use(bench: DiskBench, seed: number, steps: number): void {
  const random = new SimRandom(seed)
  const open = new Map<string, OpenFile>()
  bench.disk.fault = ({ kind }) => (kind === 'flush' && random.happens(0.2) ? new Error('EIO') : undefined)
  for (let step = 0; step < steps; step += 1) {
    const name = `/d/${random.pick(['a', 'b', 'c'])}`
    const file = open.get(name)
    const kind = random.below(9)
    if (file === undefined || kind === 0) open.set(name, bench.open(name))
    else if (kind < 4) bench.write(file, random.below(3000), random.bytes(random.below(1500)))
    else if (kind < 6) file.flush(() => bench.settle())
    else if (kind === 6) bench.flushFolder()
    else if (kind === 7) {
      bench.run((done) => file.close(done))
      open.delete(name)
    } else {
      const to = `/d/${random.pick(['a', 'b', 'c'])}`
      bench.run((done) => bench.files.rename(name, to, done))
      open.delete(name)
      open.set(to, file)
    }
    bench.settle()
  }
}

test('the image after any operation is what a power cut then would have left', { timeout: 30_000 }, () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const whole = new DiskBench(new SimDisk({ keepsWholeJournal: true }))
    use(whole, seed, 40)
    for (let steps = 40; steps >= 0; steps -= 1) {
      const part = new DiskBench(new SimDisk({ keepsWholeJournal: true }))
      use(part, seed, steps)
      const count = part.disk.journal.operations.length
      const expected = whole.disk.journal.imageAfter(count, drawFate(new SimRandom(seed * 1000 + steps)))
      part.disk.cutPower(drawFate(new SimRandom(seed * 1000 + steps)))
      const found = part.disk.image()
      const what = `seed ${seed}, ${steps} steps`
      expect([...found.keys()].sort(), what).toEqual([...expected.keys()].sort())
      for (const [path, bytes] of found) expect(Buffer.compare(bytes, expected.get(path) ?? Buffer.of()), what).toBe(0)
    }
  }
})

test('one image leaves no trace in the next', () => {
  const bench = new DiskBench(new SimDisk({ keepsWholeJournal: true }))
  bench.write(bench.flushedFile('/d/a', 'abc'), 0, 'X')
  const { journal } = bench.disk
  const images = [KEPT, LOST, KEPT].map((fate) => textsOf(journal.imageAfter(journal.operations.length, fate)))
  expect(images).toEqual([{ '/d/a': 'Xbc' }, { '/d/a': 'abc' }, { '/d/a': 'Xbc' }])
})

test('a file that no name leads to has no part in a crash', () => {
  const bench = new DiskBench(new SimDisk({ keepsWholeJournal: true }))
  const replaced = bench.flushedFile('/d/a', 'a')
  bench.write(replaced, 0, 'b')
  bench.run((done) => replaced.close(done))
  bench.flushedFile('/d/a.new', 'new')
  bench.run((done) => bench.files.rename('/d/a.new', '/d/a', done))
  const { journal } = bench.disk
  expect(journal.stateAfter(journal.operations.length).unflushed).toHaveLength(1)
  bench.flushFolder()
  expect(journal.stateAfter(journal.operations.length).unflushed).toEqual([])
})

test('what a system sees after all of the operations is in the journal too', () => {
  const bench = new DiskBench(new SimDisk({ keepsWholeJournal: true }))
  use(bench, 7, 60)
  const { names } = bench.disk.journal.stateAfter(bench.disk.journal.operations.length)
  expect(new Map([...names].map(([path, { cached }]) => [path, cached.bytes()]))).toEqual(bench.disk.image())
})

test('the journal begins anew where the power goes', () => {
  const bench = new DiskBench(new SimDisk({ keepsWholeJournal: true }))
  bench.flushedFile('/d/b', 'b')
  bench.flushedFile('/d/a.new', 'abc')
  bench.run((done) => bench.files.rename('/d/a.new', '/d/a', done))
  bench.disk.cutPower(KEPT)
  expect(bench.disk.journal.operations).toEqual([])
  bench.restart()
  bench.write(bench.open('/d/a', 'write'), 1, 'Y')
  expect(textsOf(bench.disk.journal.imageAfter(0, KEPT))).toEqual({ '/d/a': 'abc', '/d/b': 'b' })
  expect(textsOf(bench.disk.journal.imageAfter(1, KEPT))).toEqual({ '/d/a': 'aYc', '/d/b': 'b' })
})

test('damage is in the journal', () => {
  const bench = new DiskBench(new SimDisk({ keepsWholeJournal: true }))
  bench.flushedFile('/d/a', 'abc')
  const { operations } = bench.disk.journal
  bench.disk.overwrite('/d/a', 0, Buffer.from('X'))
  expect(textsOf(bench.disk.journal.imageAfter(operations.length - 1, LOST))).toEqual({ '/d/a': 'abc' })
  expect(textsOf(bench.disk.journal.imageAfter(operations.length, LOST))).toEqual({ '/d/a': 'Xbc' })
})

function textsOf(image: DiskImage): object {
  return Object.fromEntries([...image].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]))
}
