import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type Done, type FilePort, type OpenFile, nodeFiles } from '@quorate/disk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SimDisk } from '../../src/disk/index.ts'
import { SimRandom } from '../../src/random.ts'
import { DiskBench } from './bench.ts'

let bench: DiskBench

beforeEach(() => {
  bench = new DiskBench()
})

describe('a call', () => {
  test('says what it is, and has its effect when it completes', () => {
    const file = bench.open('/d/a')
    bench.calls.length = 0
    const order: string[] = []
    file.writeAt(Buffer.from('hello'), 2, () => order.push('written'))
    file.readAt(new Uint8Array(3), 0, () => order.push('read'))
    expect(bench.calls).toEqual([
      { kind: 'write', path: '/d/a', bytes: 5 },
      { kind: 'read', path: '/d/a', bytes: 3 },
    ])
    expect([bench.text('/d/a'), order]).toEqual(['', []])
    bench.completeOne()
    expect([bench.text('/d/a'), order]).toEqual(['\0\0hello', ['written']])
    bench.settle()
    expect(order).toEqual(['written', 'read'])
  })

  test('completes once, however often it is told to', () => {
    const disk = new SimDisk()
    const completes: (() => void)[] = []
    const files = disk.attach({ schedule: (_, complete) => completes.push(complete), soon: () => {} })
    let ends = 0
    files.makeFolder('/d', () => (ends += 1))
    for (const complete of completes) {
      complete()
      complete()
    }
    expect(ends).toBe(1)
  })

  test('fails with what the fault gives, and has no effect then', () => {
    const file = bench.open('/d/a')
    const error = new Error('no')
    bench.disk.fault = ({ kind, bytes }) => (kind === 'write' && bytes === 3 ? error : undefined)
    expect(() => bench.write(file, 0, 'abc')).toThrow(error)
    bench.write(file, 0, 'ab')
    expect(bench.text('/d/a')).toBe('ab')
  })

  test('of a closed file fails, and a file is closed also when that fails', () => {
    const file = bench.open('/d/a')
    expect(bench.files.openFiles).toBe(1)
    bench.disk.fault = () => new Error('no')
    expect(() => bench.run((done) => file.close(done))).toThrow('no')
    bench.disk.fault = undefined
    expect(bench.files.openFiles).toBe(0)
    for (const use of [() => bench.write(file, 0, 'a'), () => bench.flush(file)])
      expect(use).toThrow(expect.objectContaining({ code: 'EBADF' }))
  })

  test('keeps what was written, whatever becomes of the buffer', () => {
    const file = bench.open('/d/a')
    const buffer = Buffer.from('first')
    bench.write(file, 0, buffer)
    buffer.fill('x')
    bench.flush(file)
    bench.flushFolder()
    bench.disk.cutPower({ changes: () => [], names: () => [] })
    expect(bench.text('/d/a')).toBe('first')
  })

  test('of a rename under an open file goes to the file', () => {
    const file = bench.flushedFile('/d/a.new', 'a')
    bench.run((done) => bench.files.rename('/d/a.new', '/d/a', done))
    bench.write(file, 1, 'b')
    expect([...bench.disk.image().keys()]).toEqual(['/d/a'])
    expect(bench.text('/d/a')).toBe('ab')
  })
})

test('a list names what stands in the folder itself', () => {
  for (const path of ['/d/a', '/other/b', '/d/below/c', '/d/d']) bench.open(path)
  expect(bench.run((done) => bench.files.list('/d', done))).toEqual(['a', 'd'])
})

describe('a locked folder', () => {
  const lock = () => bench.run<(done: Done) => void>((done) => bench.files.lock('/d', done))

  test('keeps out everybody, until it is unlocked', () => {
    const unlock = lock()
    const [first] = [bench.files]
    expect(lock).toThrow(expect.objectContaining({ code: 'STORE_LOCKED', holderPid: first.pid }))
    bench.restart()
    expect(lock).toThrow(expect.objectContaining({ code: 'STORE_LOCKED', holderPid: first.pid }))
    bench.run((done) => unlock(done))
    lock()
  })

  test('is free once the process has ended', () => {
    lock()
    bench.files.end()
    bench.restart()
    lock()
  })
})

describe('a disk of limited capacity', () => {
  test('takes what fits, and no more until there is room', () => {
    const file = bench.open('/d/a')
    bench.write(file, 0, 'four')
    bench.disk.capacityBytes = 7
    expect(() => bench.write(file, 4, 'and more')).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    expect(bench.text('/d/a')).toBe('fourand')
    expect(() => bench.write(file, 7, 'x')).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    expect(() => bench.open('/d/b')).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    bench.write(file, 0, 'FOUR')
    bench.open('/d/a')
    expect(bench.disk.usedBytes).toBe(0)
    bench.open('/d/b')
  })
})

describe('beside the file system of this machine', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'quorate-sim-disk-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  test.each([1, 2, 3])('300 calls at random end the same, and leave the same (seed %s)', async (seed) => {
    const disk = new SimDisk()
    const simulated = disk.attach({ schedule: (_, complete) => queueMicrotask(complete), soon: queueMicrotask })
    const ends = [await calls(nodeFiles(), folder, seed), await calls(simulated, folder, seed)]
    expect(ends[1]).toEqual(ends[0])
    const left = readdirSync(folder).map((name) => [
      join(folder, name),
      new Uint8Array(readFileSync(join(folder, name))),
    ])
    expect(disk.image()).toEqual(new Map(left as [string, Uint8Array][]))
  })
})

/** What each of the calls ends with. */
async function calls(files: FilePort, folder: string, seed: number): Promise<unknown[]> {
  const random = new SimRandom(seed)
  const ends: unknown[] = []
  const open: OpenFile[] = []
  const call = async <Value>(start: (done: (error: Error | undefined, value?: Value) => void) => void) => {
    const { error, value } = await new Promise<{ error: Error | undefined; value: Value | undefined }>((resolve) =>
      start((failure, found) => resolve({ error: failure, value: found })),
    )
    ends.push(error === undefined ? 'done' : (error as { code?: string }).code)
    return value
  }
  const name = () => `${folder}/${random.pick(['a', 'b', 'c'])}`
  const kinds: (() => Promise<unknown>)[] = [
    async () => {
      const opened = await call<OpenFile>((done) => files.open(name(), random.pick(['read', 'write', 'create']), done))
      if (opened !== undefined) open.push(opened)
      ends.push(opened?.size)
    },
    () => call((done) => files.rename(name(), name(), done)),
    () => call((done) => files.remove(name(), done)),
    async () => ends.push(((await call<string[]>((done) => files.list(folder, done as never))) ?? []).sort()),
    () => call((done) => files.flushFolder(folder, done)),
  ]
  const uses: ((file: OpenFile) => Promise<unknown>)[] = [
    (file) => call((done) => file.writeAt(random.bytes(random.below(9000)), random.below(9000), done)),
    (file) => call((done) => file.writeAt(new Uint8Array(random.below(9000)), random.below(9000), done)),
    async (file) => {
      const bytes = new Uint8Array(random.below(9000))
      ends.push(await call<number>((done) => file.readAt(bytes, random.below(9000), done)), crc32(bytes))
    },
    (file) => call((done) => file.flush(done)),
  ]
  for (let step = 0; step < 300; step += 1) {
    const file = open.length === 0 ? undefined : random.pick(open)
    if (file === undefined || random.happens(0.4)) await random.pick(kinds)()
    else await random.pick(uses)(file)
  }
  for (const file of open) await call((done) => file.close(done))
  return ends
}
