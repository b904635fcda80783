import { beforeEach, describe, expect, test } from 'vitest'
import {
  type ChangesFate,
  KEPT,
  LOST,
  type NamesFate,
  SimDisk,
  drawFate,
  grown,
  someSectors,
  torn,
} from '../../src/disk/index.ts'
import { SimRandom } from '../../src/random.ts'
import { DiskBench } from './bench.ts'

let bench: DiskBench

beforeEach(() => {
  bench = new DiskBench()
})

const cut = (changes: ChangesFate, names: NamesFate = KEPT.names) => bench.disk.cutPower({ changes, names })

describe('when the power goes, what was written', () => {
  beforeEach(() => {
    const file = bench.flushedFile('/d/a', 'flushed-')
    bench.write(file, 8, 'one-')
    bench.write(file, 12, 'two-')
  })

  test.each<[string, ChangesFate, string]>([
    ['is lost', LOST.changes, 'flushed-'],
    ['is kept', KEPT.changes, 'flushed-one-two-'],
    ['is zeros as far as the file grew', grown, 'flushed-\0\0\0\0\0\0\0\0'],
    ['is there up to a byte of the last write', torn(1, 'beginning'), 'flushed-one-t'],
    ['is there but for the first bytes of the last write', torn(1, 'end'), 'flushed-one-\0wo-'],
    ['is there though it came later than what is not', (unflushed) => unflushed.slice(1), 'flushed-\0\0\0\0two-'],
  ])('%s', (_, changes, expected) => {
    cut(changes)
    expect(bench.text('/d/a')).toBe(expected)
    // There is nothing left at risk.
    bench.disk.cutPower(LOST)
    expect(bench.text('/d/a')).toBe(expected)
  })

  test('is safe once it is flushed', () => {
    bench.flush(bench.open('/d/a', 'write'))
    cut(LOST.changes)
    expect(bench.text('/d/a')).toBe('flushed-one-two-')
  })
})

test('the last write is the one that was made last, in whichever file', () => {
  for (const [first, last] of [
    ['/d/a', '/d/b'],
    ['/d/b', '/d/a'],
  ] as const) {
    bench = new DiskBench()
    bench.flushedFile('/d/a', '')
    bench.flushedFile('/d/b', '')
    bench.write(bench.open(first, 'write'), 0, 'first')
    bench.write(bench.open(last, 'write'), 0, 'last')
    cut(torn(1, 'beginning'))
    expect([bench.text(first), bench.text(last)]).toEqual(['first', 'l'])
  }
})

test('sectors are there or not, each for itself, on the boundaries of the disk', () => {
  const outcomes = new Set<string>()
  for (let seed = 1; seed <= 60; seed += 1) {
    bench = new DiskBench()
    const file = bench.flushedFile('/d/a', new Uint8Array(2048))
    bench.write(file, 500, new Uint8Array(1000).fill(1))
    cut(someSectors(new SimRandom(seed), 0.5))
    const bytes = bench.disk.image().get('/d/a') as Uint8Array
    const parts = [bytes.subarray(500, 512), bytes.subarray(512, 1024), bytes.subarray(1024, 1500)]
    outcomes.add(parts.map((part) => [...new Set(part)].join()).join(' '))
  }
  expect([...outcomes].sort()).toEqual(['0 0 0', '0 0 1', '0 1 0', '0 1 1', '1 0 0', '1 0 1', '1 1 0', '1 1 1'])
})

describe('a flush', () => {
  test('covers what was written before its call, from its end on', () => {
    const file = bench.flushedFile('/d/a', '')
    bench.write(file, 0, 'before')
    file.flush(() => {})
    file.writeAt(Buffer.from('after'), 6, () => {})
    expect(bench.disk.unflushedBytes('/d/a')).toBe(6)
    bench.completeOne()
    expect(bench.disk.unflushedBytes('/d/a')).toBe(0)
    bench.settle()
    expect(bench.disk.unflushedBytes('/d/a')).toBe(5)
    cut(LOST.changes)
    expect(bench.text('/d/a')).toBe('before')
  })

  test('covers nothing that was written behind its call, though it ends later', () => {
    const file = bench.flushedFile('/d/a', '')
    bench.write(file, 0, 'before')
    file.flush(() => {})
    file.writeAt(Buffer.from('after'), 6, () => {})
    bench.completeLast()
    bench.files.flushFolder('/d', () => {})
    bench.files.open('/d/b', 'create', () => {})
    bench.completeLast()
    bench.settle()
    expect(bench.disk.unflushedBytes('/d/a')).toBe(5)
    expect(bench.disk.unflushedFiles()).toEqual(['/d/a', '/d/b'])
    bench.disk.cutPower(LOST)
    expect([bench.text('/d/a'), bench.text('/d/b')]).toEqual(['before', undefined])
  })

  test('that has failed leaves alone what was written behind its call', () => {
    const file = bench.flushedFile('/d/a', '')
    bench.write(file, 0, 'before')
    bench.disk.fault = ({ kind }) => (kind === 'flush' ? new Error('EIO') : undefined)
    file.flush(() => {})
    bench.disk.fault = undefined
    file.writeAt(Buffer.from('after'), 6, () => {})
    bench.completeLast()
    bench.settle()
    bench.flush(file)
    cut(LOST.changes)
    expect(bench.text('/d/a')).toBe('\0\0\0\0\0\0after')
  })

  test('that has not ended covers nothing', () => {
    const file = bench.flushedFile('/d/a', '')
    bench.write(file, 0, 'before')
    file.flush(() => {})
    cut(LOST.changes)
    expect(bench.text('/d/a')).toBe('')
  })

  test('does not make a name safe, and a flush of the folder no bytes', () => {
    const file = bench.open('/d/a')
    bench.write(file, 0, 'a')
    bench.flush(file)
    bench.write(bench.open('/d/b'), 0, 'b')
    expect(bench.disk.unflushedFiles()).toEqual(['/d/a', '/d/b'])
    bench.flushFolder('/other')
    expect(bench.disk.unflushedFiles()).toEqual(['/d/a', '/d/b'])
    bench.flushFolder()
    expect(bench.disk.unflushedFiles()).toEqual(['/d/b'])
    cut(LOST.changes)
    expect([bench.text('/d/a'), bench.text('/d/b')]).toEqual(['a', ''])
  })
})

describe('a flush that failed', () => {
  const failFlush = (file: Parameters<DiskBench['flush']>[0]) => {
    bench.disk.fault = ({ kind }) => (kind === 'flush' ? new Error('EIO') : undefined)
    expect(() => bench.flush(file)).toThrow('EIO')
    bench.disk.fault = undefined
  }

  test('leaves what is seen and not safe, and a later one does not write it', () => {
    const file = bench.flushedFile('/d/a', 'old')
    bench.write(file, 0, 'new, and longer')
    failFlush(file)
    bench.flush(file)
    expect(bench.text('/d/a')).toBe('new, and longer')
    expect(bench.disk.unflushedFiles()).toEqual(['/d/a'])
    cut(LOST.changes)
    // The system knew how long the file is.
    expect(bench.text('/d/a')).toBe('old\0\0\0\0\0\0\0\0\0\0\0\0')
  })

  test('may have written it all the same', () => {
    const file = bench.flushedFile('/d/a', 'old')
    bench.write(file, 0, 'new')
    failFlush(file)
    cut(KEPT.changes)
    expect(bench.text('/d/a')).toBe('new')
  })

  test('is made good by writing the same again', () => {
    const file = bench.flushedFile('/d/a', 'old')
    bench.write(file, 0, 'new and longer')
    failFlush(file)
    bench.write(file, 4, 'AND')
    bench.flush(file)
    expect(bench.disk.unflushedBytes('/d/a')).toBe('new '.length + ' longer'.length)
    bench.write(file, 0, 'NEW ')
    bench.write(file, 7, ' LONGER')
    bench.flush(file)
    expect(bench.disk.unflushedFiles()).toEqual([])
    cut(LOST.changes)
    expect(bench.text('/d/a')).toBe('NEW AND LONGER')
  })

  test('does not come back over what was flushed later', () => {
    const file = bench.flushedFile('/d/a', 'old old old')
    bench.write(file, 0, 'new new new')
    failFlush(file)
    bench.write(file, 4, 'NEW')
    bench.flush(file)
    cut(KEPT.changes)
    expect(bench.text('/d/a')).toBe('new NEW new')
  })
})

describe('names', () => {
  const first =
    (count: number): NamesFate =>
    (unflushed) =>
      unflushed.slice(0, count)

  test('of a rename that is lost: the old file stands under its old name, and the new one is as it was', () => {
    bench.flushedFile('/d/a.new', 'new')
    bench.flushedFile('/d/a', 'old')
    bench.run((done) => bench.files.rename('/d/a.new', '/d/a', done))
    expect([bench.text('/d/a'), bench.text('/d/a.new')]).toEqual(['new', undefined])
    cut(KEPT.changes, LOST.names)
    expect([bench.text('/d/a'), bench.text('/d/a.new')]).toEqual(['old', 'new'])
  })

  test('a file that was made, or removed, comes and goes with its name', () => {
    bench.flushedFile('/d/a', 'a')
    bench.run((done) => bench.files.remove('/d/a', done))
    bench.flush(bench.open('/d/b'))
    cut(KEPT.changes, LOST.names)
    expect([...bench.disk.image().keys()]).toEqual(['/d/a'])
  })

  test('may be there in part, also without those before them', () => {
    const make = () => {
      bench = new DiskBench()
      for (const name of ['a', 'b', 'c']) bench.open(`/d/${name}`)
    }
    make()
    cut(KEPT.changes, first(2))
    expect([...bench.disk.image().keys()]).toEqual(['/d/a', '/d/b'])
    make()
    cut(KEPT.changes, (unflushed) => unflushed.slice(1))
    expect([...bench.disk.image().keys()]).toEqual(['/d/b', '/d/c'])
  })

  test('a file that came back under two names is two files', () => {
    const file = bench.flushedFile('/d/a', 'a')
    bench.run((done) => bench.files.rename('/d/a', '/d/b', done))
    bench.run((done) => bench.files.rename('/d/b', '/d/c', done))
    bench.run((done) => file.close(done))
    cut(KEPT.changes, (unflushed) => unflushed.slice(1))
    bench.restart()
    bench.write(bench.open('/d/c', 'write'), 0, 'c')
    expect([bench.text('/d/a'), bench.text('/d/c')]).toEqual(['a', 'c'])
  })

  test('a file that was made anew in the place of another may be as it was', () => {
    bench.flushedFile('/d/a', 'old')
    const file = bench.open('/d/a')
    expect(file.size).toBe(0)
    bench.write(file, 0, 'n')
    cut((unflushed) => unflushed.slice(1))
    expect(bench.text('/d/a')).toBe('nld')
  })
})

test('a drawn fate takes every form', { timeout: 30_000 }, () => {
  const seen = new Set<string>()
  for (let seed = 1; seed <= 300; seed += 1) {
    bench = new DiskBench()
    const file = bench.flushedFile('/d/a', new Uint8Array(512))
    bench.write(file, 512, new Uint8Array(4096).fill(1))
    bench.write(file, 4608, new Uint8Array(4096).fill(2))
    bench.open('/d/b')
    bench.open('/d/c')
    bench.disk.cutPower(drawFate(new SimRandom(seed)))
    const image = bench.disk.image()
    seen.add(`names ${['b', 'c'].filter((name) => image.has(`/d/${name}`)).join('')}`)
    seen.add(formOf(image.get('/d/a') ?? new Uint8Array()))
  }
  const forms = [
    'lost',
    'kept',
    'zeros',
    'the first alone',
    'the last alone',
    'sectors',
    'torn, beginning',
    'torn, end',
  ]
  expect([...seen].sort()).toEqual([...forms, 'names ', 'names b', 'names c', 'names bc'].sort())
})

/** What became of a first write of ones and a last one of twos. */
function formOf(bytes: Uint8Array): string {
  const [ones, twos] = [1, 2].map((value) => bytes.filter((byte) => byte === value).length) as [number, number]
  if (bytes.length === 512) return 'lost'
  if (ones + twos === 0) return 'zeros'
  if (ones % 4096 === 0 && twos % 4096 === 0) {
    if (ones === twos) return 'kept'
    return ones > 0 ? 'the first alone' : 'the last alone'
  }
  if (twos % 512 === 0) return 'sectors'
  return bytes[4608] === 2 ? 'torn, beginning' : 'torn, end'
}

test('a disk begins with an image, which is flushed, and stays the owner of its own bytes', () => {
  const bytes = Buffer.from('given')
  bench = new DiskBench(new SimDisk({ image: new Map([['/d/a', bytes]]) }))
  bytes.fill('x')
  bench.disk.cutPower(LOST)
  const image = bench.disk.image()
  image.get('/d/a')?.fill(0)
  expect(bench.text('/d/a')).toBe('given')
})
