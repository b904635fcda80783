import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SimRandom } from '@quorate/sim'
import { type DiskEvent, type DiskStore, openDiskStore } from '../src/index.ts'
import { attached } from './attached.ts'
import { History } from './history.ts'
import { Model } from './model.ts'
import { change, close, command, commands, configuration, contentsOf, read, write } from './storeCalls.ts'

let folder: string
let events: DiskEvent[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-disk-'))
  events = []
})

afterEach(() => rmSync(folder, { recursive: true }))

function open(segmentBytes = 1 << 20): Promise<DiskStore> {
  return openDiskStore({ folder, segmentBytes, log: (event) => events.push(event) })
}

async function reopened(store: DiskStore, segmentBytes?: number): Promise<DiskStore> {
  await close(store)
  return open(segmentBytes)
}

describe('a store on the file system', () => {
  test('is made with an identity that stays', async () => {
    const store = await open()
    expect(store.identity).toMatch(/^[0-9a-f-]{36}$/)
    expect(store.groups).toEqual([])
    expect(store.recover('orders')).toBeUndefined()
    const again = await reopened(store)
    expect(again.identity).toBe(store.identity)
    await close(again)
    expect(events).toMatchObject([
      { type: 'store.created', identity: store.identity },
      { type: 'store.opened', closedCleanly: true, segments: 1, groups: 0, entries: 0 },
      { type: 'store.opened', closedCleanly: true },
    ])
  })

  test('is made in a folder that does not stand yet, and below others that do not', async () => {
    const below = join(folder, 'a', 'b')
    const store = await openDiskStore({ folder: below })
    await close(store)
    expect(readdirSync(below).sort()).toEqual(['0000000001.log', 'identity'])
  })

  test('holds hard state, entries of every kind, term starts and configurations', async () => {
    const entries = [configuration(1, 1), command(2, 1), { index: 3, term: 4, time: 30, kind: 'no-op' } as const]
    const store = await open()
    await write(store, change('orders', { hardState: { currentTerm: 4, votedFor: 'n2' }, entries }))
    const again = await reopened(store)
    expect(again.groups).toEqual(['orders'])
    expect(again.recover('orders')).toMatchObject({
      hardState: { currentTerm: 4, votedFor: 'n2' },
      lastIndex: 3,
      lastTime: 30,
      termStarts: [
        { index: 1, term: 1 },
        { index: 3, term: 4 },
      ],
      configurations: [{ index: 1, term: 1, configuration: { members: [{ id: 'n1' }, {}, {}] } }],
    })
    expect(await read(again, 'orders', 0, 3)).toMatchObject(
      entries.map(({ index, term, kind }) => ({ index, term, kind })),
    )
    await close(again)
  })

  test('forgets a vote that was taken back', async () => {
    const store = await open()
    await write(store, change('g', { hardState: { currentTerm: 1, votedFor: 'n1' } }))
    await write(store, change('g', { hardState: { currentTerm: 2, votedFor: undefined } }))
    const again = await reopened(store)
    expect(again.recover('g')?.hardState).toEqual({ currentTerm: 2, votedFor: undefined })
    await close(again)
  })

  test('drops what was truncated, and takes what is appended in its place', async () => {
    const store = await open()
    await write(store, change('g', { entries: [...commands(1, 4, 1), configuration(5, 2), command(6, 2)] }))
    await write(store, change('g', { truncateAfter: 3 }))
    let again = await reopened(store)
    expect(again.recover('g')).toMatchObject({ lastIndex: 3, lastTime: 30, configurations: [] })
    await write(again, change('g', { truncateAfter: 2, entries: [command(3, 3, 'new'), command(4, 3)] }))
    again = await reopened(again)
    expect(again.recover('g')).toMatchObject({ lastIndex: 4, termStarts: [{ index: 1 }, { index: 3, term: 3 }] })
    expect(await read(again, 'g', 2, 3)).toMatchObject([{ index: 3, term: 3, data: new TextEncoder().encode('new') }])
    await close(again)
  })

  test('joins the entries of writes that wait together', async () => {
    const store = await open()
    const entries = [command(1, 1), command(2, 1), command(3, 2), command(4, 2)]
    const writes = entries.map((entry) =>
      write(store, change('g', { entries: [entry] }), change(`h${entry.index}`, {})),
    )
    for (const entry of entries) writes.push(write(store, change('k', { entries: [entry] })))
    await Promise.all(writes)
    const again = await reopened(store)
    for (const group of ['g', 'k']) {
      expect(again.recover(group)).toMatchObject({
        lastIndex: 4,
        lastTime: 40,
        termStarts: [{ index: 1 }, { index: 3 }],
      })
      expect((await read(again, group, 0, 4)).map(({ time }) => time)).toEqual([10, 20, 30, 40])
    }
    await close(again)
  })

  test('tells what it holds of a group at any time', async () => {
    const store = await open()
    await write(store, change('g', { entries: [configuration(1, 1), command(2, 1), configuration(3, 2)] }))
    const whole = { lastIndex: 3, lastTime: 30, termStarts: [{ index: 1 }, { index: 3 }], configurations: [{}, {}] }
    expect(store.recover('g')).toMatchObject(whole)
    await write(store, change('g', { truncateAfter: 2, entries: [command(3, 3)] }))
    const cut = { lastIndex: 3, lastTime: 30, termStarts: [{ index: 1 }, { index: 3, term: 3 }], configurations: [{}] }
    expect(store.recover('g')).toMatchObject(cut)
    await write(store, change('g', { truncateAfter: 1 }))
    const again = await reopened(store)
    expect(again.recover('g')).toMatchObject({ lastIndex: 1, lastTime: 10, termStarts: [{ index: 1 }] })
    await write(again, change('g', { truncateAfter: 0, hardState: { currentTerm: 9, votedFor: undefined } }))
    const empty = { hardState: { currentTerm: 9 }, lastIndex: 0, lastTime: 0, termStarts: [], configurations: [] }
    expect(again.recover('g')).toMatchObject(empty)
    await close(again)
  })

  test('takes a thousand groups in a batch', async () => {
    const model = new Model()
    const store = await open()
    for (let round = 1; round <= 3; round += 1) {
      const hardState = { currentTerm: round, votedFor: 'n1' }
      const batch = Array.from({ length: 1000 }, (_, n) =>
        change(`g${n}`, { hardState, entries: [command(round, round)] }),
      )
      model.write(batch)
      await write(store, ...batch)
    }
    const again = await reopened(store)
    expect(await contentsOf(again)).toBe(model.contents())
    await close(again)
  })

  test('takes a batch that is larger than a segment', async () => {
    const store = await open(4096)
    const large = command(2, 1, new SimRandom(1).bytes(20_000))
    await write(store, change('g', { entries: [command(1, 1), large] }))
    await write(store, change('g', { entries: [command(3, 1)] }))
    const again = await reopened(store, 4096)
    expect(await read(again, 'g', 0, 3)).toMatchObject([
      { index: 1 },
      { data: new Uint8Array(large.data) },
      { index: 3 },
    ])
    await close(again)
  })

  test('equals a model after each of many random batches, opened anew now and then', { timeout: 20_000 }, async () => {
    for (const seed of [1, 2, 3]) {
      rmSync(folder, { recursive: true })
      const random = new SimRandom(seed)
      const history = new History(random, ['a', 'b', 'c'])
      const sizes = [4096, 8192, 1 << 20]
      let store = await open(4096)
      // Each snapshot takes a few flushes of the disk of its own.
      for (let step = 0; step < (seed === 3 ? 70 : 150); step += 1) {
        await write(store, ...(seed === 3 ? await history.nextWithSnapshots(store) : history.next()))
        if (random.below(3) > 0) continue
        store = await reopened(store, sizes[random.below(sizes.length)])
        expect(await contentsOf(store), `seed ${seed}, step ${step}`).toBe(history.model.contents())
      }
      await close(store)
    }
  })
})

describe('reading', () => {
  test('gives as many entries as fit, and at least one', async () => {
    const store = await open()
    await write(
      store,
      change('g', { entries: Array.from({ length: 9 }, (_, n) => command(n + 1, 1, 'x'.repeat(100))) }),
    )
    const [first] = await read(store, 'g', 0, 9, 1)
    const bytes = first?.encoded?.length ?? 0
    expect(await read(store, 'g', 0, 9, bytes * 3)).toHaveLength(3)
    expect(await read(store, 'g', 0, 9, bytes * 3 - 1)).toHaveLength(2)
    expect(await read(store, 'g', 7, 9)).toHaveLength(2)
    expect(await read(store, 'g', 9, 9)).toHaveLength(0)
    await close(store)
  })

  test('of what is not flushed, or not there, is refused at the call', async () => {
    const store = await open()
    await write(store, change('g', { entries: [command(1, 1)] }))
    store.write([change('g', { entries: [command(2, 1)] })], () => {})
    const range = (upTo: number) => ({ after: 0, upTo, maxBytes: 1e9 })
    expect(() => store.read('g', range(2), () => {})).toThrow(/flushed entries/)
    expect(() => store.read('g', range(3), () => {})).toThrow(/holds the entries/)
    expect(() => store.read('h', range(1), () => {})).toThrow(/holds the entries/)
    expect(await read(store, 'g', 0, 1)).toHaveLength(1)
    await close(store)
  })

  test('goes on with what stood there when the log is truncated meanwhile', async () => {
    const store = await open(4096)
    const entries = Array.from({ length: 40 }, (_, n) => command(n + 1, 1, 'old'.repeat(100)))
    for (const entry of entries) await write(store, change('g', { entries: [entry] }))
    const old = read(store, 'g', 0, 40)
    await write(store, change('g', { truncateAfter: 1, entries: [command(2, 2, 'new')] }))
    expect((await old).map(({ term }) => term)).toEqual(entries.map(() => 1))
    expect(await read(store, 'g', 0, 2)).toMatchObject([{ term: 1 }, { term: 2 }])
    await close(store)
  })
})

test('reading opens each of many segments, and keeps a few of them open', async () => {
  const files = attached()
  const store = await openDiskStore({ folder: '/store', files, segmentBytes: 4096 })
  const data = new Uint8Array(2500).fill(7)
  for (let index = 1; index <= 80; index += 1) await write(store, change('g', { entries: [command(index, 1, data)] }))
  const all = Array.from({ length: 80 }, (_, place) => read(store, 'g', place, place + 1))
  expect((await Promise.all(all)).flat().map(({ index }) => index)).toEqual(all.map((_, place) => place + 1))
  for (let index = 1; index <= 80; index += 1)
    expect(await read(store, 'g', index - 1, index)).toMatchObject([{ index }])
  expect(files.openFiles).toBeLessThan(40)
  await close(store)
  expect(files.openFiles).toBe(0)
})

describe('callbacks', () => {
  test('come in the order of the calls, and never within them', async () => {
    const store = await open(4096)
    const order: string[] = []
    let isWithin = true
    const note = (what: string): void => {
      expect(isWithin).toBe(false)
      order.push(what)
    }
    const expected: string[] = []
    for (let index = 1; index <= 300; index += 1) {
      isWithin = true
      store.write([change('g', { entries: [command(index, 1)] })], () => note(`write ${index}`))
      expected.push(`write ${index}`)
      isWithin = false
      if (index % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await close(store)
    expect(order).toEqual(expected)
  })

  test('of reads come in the order of the calls', async () => {
    const store = await open(4096)
    for (let index = 1; index <= 60; index += 1)
      await write(store, change('g', { entries: [command(index, 1, 'x'.repeat(200))] }))
    const order: number[] = []
    const reads = Array.from({ length: 60 }, (_, n) =>
      read(store, 'g', n % 2 === 0 ? 0 : 58, 60).then(() => order.push(n)),
    )
    await Promise.all(reads)
    expect(order).toEqual(reads.map((_, n) => n))
    await close(store)
  })

  test('of a closed store come with an error', async () => {
    const store = await open()
    await close(store)
    await expect(write(store, change('g', { entries: [command(1, 1)] }))).rejects.toMatchObject({
      code: 'STORE_CLOSED',
    })
    await expect(read(store, 'g', 0, 1)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    await close(store)
  })
})

describe('what cannot be read back is refused at the call, and leaves no trace', () => {
  test.each([
    ['a hole', [change('g', { entries: [command(2, 1)] })], /follows entry/],
    ['a group twice', [change('g', {}), change('g', {})], /once in a batch/],
    ['a name that is none', [change('a/b', {})], /not a name/],
    ['a vote that is no name', [change('g', { hardState: { currentTerm: 1, votedFor: '' } })], /not a name/],
  ])('%s', async (_, batch, message) => {
    const store = await open()
    expect(() => store.write(batch, () => {})).toThrow(message)
    expect(store.groups).toEqual([])
    await write(store, change('h', { entries: [command(1, 1)] }))
    const again = await reopened(store)
    expect(again.groups).toEqual(['h'])
    await close(again)
  })
})
