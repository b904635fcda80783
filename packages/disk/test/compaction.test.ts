import { describe, expect, test } from 'vitest'
import { KEPT, LOST, SimDisk } from '@quorate/sim'
import { type DiskEvent, type DiskStore, openDiskStore } from '../src/index.ts'
import { EntryPlaces } from '../src/entryPlaces.ts'
import { attached } from './attached.ts'
import {
  change,
  close,
  command,
  commands,
  compact,
  configuration,
  contentsOf,
  finish,
  headAt,
  read,
  readPiece,
  readState,
  storeSnapshot,
  write,
} from './storeCalls.ts'

const FOLDER = '/store'

function open(disk: SimDisk, events: DiskEvent[] = []): Promise<DiskStore> {
  const log = (event: DiskEvent): void => void events.push(event)
  return openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096, log })
}

function filesOf(disk: SimDisk, end: string): string[] {
  return [...disk.image().keys()]
    .filter((path) => path.endsWith(end))
    .map((path) => path.slice(FOLDER.length + 1))
    .sort()
}

/** What was begun in the background has ended. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** So many entries that three or four fill a segment, one a write. */
async function fill(store: DiskStore, group: string, first: number, last: number): Promise<void> {
  const data = new Uint8Array(900).fill(7)
  for (let index = first; index <= last; index += 1)
    await write(store, change(group, { entries: [command(index, 1, data)] }))
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says no`), { code })
}

describe('segments', () => {
  test('are freed when no entry stands in them any more, and the disk has its room back', async () => {
    const disk = new SimDisk()
    const events: DiskEvent[] = []
    const store = await open(disk, events)
    await fill(store, 'g', 1, 30)
    const [before, used] = [filesOf(disk, '.log'), disk.usedBytes]
    await compact(store, 'g', { index: 30, term: 1, startsAfter: 10 })
    await quiet()
    const left = filesOf(disk, '.log')
    const kept = left.filter((name) => before.includes(name))
    expect(kept).toEqual(before.slice(-kept.length))
    expect(disk.usedBytes).toBeLessThan(used - 3 * 4096)
    const first = Number(left[0]?.slice(0, 10))
    expect(events.filter(({ type }) => type === 'segments.freed')).toEqual([
      { type: 'segments.freed', folder: FOLDER, first, count: first - 1 },
    ])
    disk.cutPower(LOST)
    const again = await open(disk, events)
    expect(events.at(-1)).toMatchObject({ type: 'store.opened', segments: left.length, entries: 20 })
    expect(await read(again, 'g', 10, 30)).toHaveLength(20)
    expect(await read(again, 'g', 9, 30)).toEqual([])
  })

  test('stay where entries of another group stand in them, which are too many to be carried over', async () => {
    const disk = new SimDisk()
    const store = await open(disk)
    await fill(store, 'g', 1, 8)
    await fill(store, 'idle', 1, 20)
    await fill(store, 'g', 9, 12)
    const before = filesOf(disk, '.log')
    await compact(store, 'g', { index: 12, term: 1 })
    await quiet()
    const kept = filesOf(disk, '.log')
    expect(kept.length).toBeGreaterThan(9)
    expect(kept.length).toBeLessThan(before.length)
    await compact(store, 'idle', { index: 20, term: 1 })
    await quiet()
    expect(filesOf(disk, '.log').length).toBeLessThan(3)
    disk.cutPower(LOST)
    const again = await open(disk)
    expect(again.recover('idle')).toMatchObject({
      lastIndex: 20,
      logStartsAfter: { index: 20, term: 1 },
      lastTime: 200,
    })
  })

  test('are freed though a group rests whose few entries stand there: they are carried over', async () => {
    const disk = new SimDisk()
    const store = await open(disk)
    const hardState = { currentTerm: 3, votedFor: 'n1' }
    const entries = [configuration(1, 1), command(2, 1), configuration(3, 2), command(4, 3)]
    await write(store, change('idle', { hardState, entries: entries.slice(0, 2) }))
    await write(store, change('other', { entries: commands(1, 3, 1) }))
    await compact(store, 'other', { index: 2, term: 1, startsAfter: 1 })
    await write(store, change('idle', { entries: entries.slice(2) }))
    await fill(store, 'g', 1, 20)
    const before = await contentsOf(store)
    await compact(store, 'g', { index: 20, term: 1, startsAfter: 19 })
    await quiet()
    expect(filesOf(disk, '.log').length).toBeLessThan(3)
    const after = JSON.parse(await contentsOf(store)) as { group: string }[]
    const ofOthers = (groups: { group: string }[]): object[] => groups.filter(({ group }) => group !== 'g')
    expect(ofOthers(after)).toEqual(ofOthers(JSON.parse(before)))
    disk.cutPower(LOST)
    const again = await open(disk)
    expect(await contentsOf(again)).toBe(JSON.stringify(after))
    expect(await read(again, 'idle', 0, 4)).toMatchObject(entries.map(({ index, term }) => ({ index, term })))
  })

  test('can be read while they are carried over', async () => {
    const disk = new SimDisk()
    const held: (() => void)[] = []
    let isHeld = false
    const files = disk.attach({
      schedule: (call, complete) => {
        if (isHeld && call.kind === 'flush' && call.path.endsWith('.log')) held.push(complete)
        else queueMicrotask(complete)
      },
      soon: queueMicrotask,
    })
    const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
    await write(store, change('idle', { entries: commands(1, 4, 1) }))
    await fill(store, 'g', 1, 20)
    await compact(store, 'g', { index: 20, term: 1 })
    isHeld = true
    await quiet()
    expect(held).toHaveLength(1)
    const unflushed = write(store, change('idle', { entries: [command(5, 1)] }))
    expect((await read(store, 'idle', 1, 4)).map(({ index }) => index)).toEqual([2, 3, 4])
    expect(await read(store, 'idle', 0, 4, 1)).toHaveLength(1)
    expect(() => store.read('idle', { after: 0, upTo: 5, maxBytes: 1e9 }, () => {})).toThrow(/flushed entries/)
    isHeld = false
    held[0]?.()
    await unflushed
    expect(await read(store, 'idle', 0, 5)).toHaveLength(5)
    await close(store)
  })

  test('stay where something is written meanwhile to the group that was to be carried over', async () => {
    const disk = new SimDisk()
    const held: (() => void)[] = []
    let isHeld = false
    const files = disk.attach({
      schedule: (call, complete) => {
        if (isHeld && call.kind === 'read') held.push(complete)
        else queueMicrotask(complete)
      },
      soon: queueMicrotask,
    })
    const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
    await write(store, change('busy', { entries: commands(1, 2, 1) }))
    await fill(store, 'g', 1, 20)
    isHeld = true
    await compact(store, 'g', { index: 20, term: 1 })
    await quiet()
    expect(held).toHaveLength(1)
    await write(store, change('busy', { truncateAfter: 1, entries: [command(2, 2)] }))
    isHeld = false
    held[0]?.()
    await quiet()
    expect(filesOf(disk, '.log')).toContain('0000000001.log')
    expect(store.recover('busy')?.termStarts).toHaveLength(2)
    await compact(store, 'g', { index: 21, term: 1 })
    await quiet()
    expect(filesOf(disk, '.log')).not.toContain('0000000001.log')
    expect(await read(store, 'busy', 0, 2)).toMatchObject([{ term: 1 }, { term: 2 }])
    await close(store)
  })

  test('leave behind what they alone said: groups without entries, terms, votes', async () => {
    const disk = new SimDisk()
    const store = await open(disk)
    const hardState = { currentTerm: 7, votedFor: 'n3' }
    await write(store, change('voter', { hardState }), change('blank', {}))
    await compact(store, 'still', { index: 9, term: 3 })
    for (let round = 1; round <= 4; round += 1) {
      await fill(store, 'g', round * 10 - 9, round * 10)
      await compact(store, 'g', { index: round * 10, term: 1 })
      await quiet()
    }
    expect(filesOf(disk, '.log')).not.toContain('0000000001.log')
    const contents = await contentsOf(store)
    disk.cutPower(LOST)
    const again = await open(disk)
    expect(await contentsOf(again)).toBe(contents)
    expect(again.recover('voter')?.hardState).toEqual(hardState)
    expect(again.groups).toHaveLength(4)
    await write(again, change('still', { entries: [command(10, 4)] }))
  })

  test('wait for the reads that are under way in them', async () => {
    const disk = new SimDisk()
    const held: (() => void)[] = []
    let isHeld = false
    const files = disk.attach({
      schedule: (call, complete) => {
        if (isHeld && (call.kind === 'read' || call.kind === 'open') && call.path.endsWith('.log')) held.push(complete)
        else queueMicrotask(complete)
      },
      soon: queueMicrotask,
    })
    const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
    await fill(store, 'g', 1, 12)
    isHeld = true
    const early = read(store, 'g', 0, 2)
    await compact(store, 'g', { index: 12, term: 1 })
    await quiet()
    expect(filesOf(disk, '.log')).toContain('0000000001.log')
    isHeld = false
    for (const complete of held) complete()
    expect(await early).toHaveLength(2)
    await quiet()
    expect(filesOf(disk, '.log')).not.toContain('0000000001.log')
    await close(store)
    expect(files.openFiles).toBe(0)
  })

  test('that a crash left behind go at the next open, and not before `freed` is there for good', async () => {
    const disk = new SimDisk({ keepsWholeJournal: true })
    const store = await open(disk)
    await fill(store, 'g', 1, 20)
    await compact(store, 'g', { index: 20, term: 1 })
    await quiet()
    const { operations } = disk.journal
    const firstRemoval = operations.findIndex((one) => one.kind === 'removed' && one.path.endsWith('.log'))
    const left = new SimDisk({ image: disk.journal.imageAfter(firstRemoval + 1, KEPT) })
    const standing = filesOf(left, '.log')
    expect(standing[0]).toBe('0000000002.log')
    await open(left)
    expect(filesOf(left, '.log')).toEqual(filesOf(disk, '.log'))
  })

  test('that cannot be removed stop nothing, and are tried at the next open', async () => {
    const disk = new SimDisk()
    const events: DiskEvent[] = []
    const store = await open(disk, events)
    await fill(store, 'g', 1, 20)
    disk.fault = ({ kind }) => (kind === 'remove' ? systemError('EIO') : undefined)
    await compact(store, 'g', { index: 20, term: 1 })
    await compact(store, 'g', { index: 21, term: 1 })
    await quiet()
    expect(events.filter(({ type }) => type === 'removal.failed')).toMatchObject([
      { file: `${FOLDER}/0000000001.log`, error: { operation: 'remove', systemCode: 'EIO' } },
      { file: `${FOLDER}/0000000001.snapshot`, error: { operation: 'remove', systemCode: 'EIO' } },
    ])
    await fill(store, 'g', 22, 23)
    await close(store)
    disk.fault = undefined
    const again = await open(disk)
    expect(again.recover('g')).toMatchObject({ lastIndex: 23, logStartsAfter: { index: 21 } })
    expect(filesOf(disk, '.snapshot')).toHaveLength(1)
    expect(filesOf(disk, '.log')).not.toContain('0000000001.log')
  })
})

describe('snapshots', () => {
  test('are removed when another is flushed in their place, and nobody reads them', async () => {
    const disk = new SimDisk()
    const store = await open(disk)
    const state = new Uint8Array(300_000).fill(3)
    await compact(store, 'g', { index: 5, term: 1, state })
    const reader = store.openSnapshot('g')
    expect(await readPiece(reader, 0)).toHaveLength(256 * 1024)
    await compact(store, 'g', { index: 6, term: 1 })
    await quiet()
    expect(filesOf(disk, '.snapshot')).toEqual(['0000000001.snapshot', '0000000002.snapshot'])
    expect(Buffer.compare(await readState(reader), state)).toBe(0)
    reader.close()
    await quiet()
    expect(filesOf(disk, '.snapshot')).toEqual(['0000000002.snapshot'])
    await close(store)
  })

  test('that are given up leave nothing behind, finished or not', async () => {
    const disk = new SimDisk()
    const files = attached(disk)
    const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
    const [begun, finished, under] = [1, 2, 3].map((index) => store.beginSnapshot('g', headAt(index, 1)))
    await new Promise((resolve) => begun?.write(Buffer.from('a piece'), resolve))
    begun?.discard()
    if (finished !== undefined) await finish(finished)
    finished?.discard()
    const ended = under && finish(under)
    under?.discard()
    await ended
    await quiet()
    expect(filesOf(disk, '')).toEqual(['0000000001.log', 'identity'])
    await close(store)
    expect(files.openFiles).toBe(0)
  })

  test('that nobody named are gone when the store is opened again, and so are halves of them', async () => {
    const disk = new SimDisk()
    const files = attached(disk)
    const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
    await compact(store, 'g', { index: 5, term: 1 })
    await storeSnapshot(store, 'g', headAt(7, 1), Buffer.from('never named'))
    const half = store.beginSnapshot('h', headAt(7, 1))
    await new Promise((resolve) => half.write(Buffer.from('half of it'), resolve))
    const reader = store.openSnapshot('g')
    await readPiece(reader, 0)
    await close(store)
    expect(files.openFiles).toBe(0)
    expect(filesOf(disk, '.snapshot')).toEqual(['0000000001.snapshot', '0000000002.snapshot'])
    expect(filesOf(disk, '.new')).toEqual(['0000000003.snapshot.new'])
    const again = await open(disk)
    expect([filesOf(disk, '.snapshot'), filesOf(disk, '.new')]).toEqual([['0000000001.snapshot'], []])
    await compact(again, 'g', { index: 6, term: 1 })
    expect(filesOf(disk, '.snapshot')).toContain('0000000003.snapshot')
  })

  test.each(['write', 'flush', 'rename', 'flushFolder', 'open'] as const)(
    'a failed %s of one is final for the store',
    async (kind) => {
      const disk = new SimDisk()
      const store = await open(disk)
      await fill(store, 'g', 1, 2)
      disk.fault = (call) => (call.kind === kind ? systemError('ENOSPC') : undefined)
      const stored = storeSnapshot(store, 'g', headAt(2, 1), new Uint8Array(600_000))
      await expect(stored).rejects.toMatchObject({ code: 'STORAGE_FAILED', systemCode: 'ENOSPC' })
      await expect(write(store, change('g', {}))).rejects.toMatchObject({ systemCode: 'ENOSPC' })
      await expect(close(store)).rejects.toMatchObject({ systemCode: 'ENOSPC' })
      disk.fault = undefined
      const again = await open(disk)
      expect(again.recover('g')).toMatchObject({ lastIndex: 2, snapshot: undefined })
      expect([...filesOf(disk, '.snapshot'), ...filesOf(disk, '.snapshot.new')]).toEqual([])
    },
  )

  test('that are damaged are found where they are read, and not before', async () => {
    const disk = new SimDisk()
    const store = await open(disk)
    await compact(store, 'g', { index: 5, term: 1, state: new Uint8Array(600_000).fill(9) })
    await close(store)
    const path = `${FOLDER}/0000000001.snapshot`
    disk.flipBit({ path, offset: 400_000, bit: 3 })
    const again = await open(disk)
    const reader = again.openSnapshot('g')
    expect(await readPiece(reader, 0)).toHaveLength(256 * 1024)
    await expect(readPiece(reader, 256 * 1024)).rejects.toMatchObject({ code: 'CORRUPT_STORE', file: path })
    await expect(readPiece(reader, 0)).rejects.toMatchObject({ code: 'CORRUPT_STORE', file: path })
    await expect(write(again, change('g', {}))).rejects.toMatchObject({ code: 'CORRUPT_STORE', file: path })
    await expect(close(again)).rejects.toMatchObject({ code: 'CORRUPT_STORE' })
  })

  test('whose blocks changed places are found, though each is whole', async () => {
    const disk = new SimDisk()
    const store = await open(disk)
    const block = 256 * 1024 + 4
    const state = new Uint8Array(3 * 256 * 1024).map((_, place) => Math.floor(place / 1000))
    await compact(store, 'g', { index: 5, term: 1, state })
    const path = `${FOLDER}/0000000001.snapshot`
    const bytes = disk.image().get(path) as Uint8Array
    const first = bytes.length - 3 * block
    disk.overwrite(path, first + block, bytes.slice(first + 2 * block))
    disk.overwrite(path, first + 2 * block, bytes.slice(first + block, first + 2 * block))
    await expect(readState(store.openSnapshot('g'))).rejects.toMatchObject({ code: 'CORRUPT_STORE', file: path })
  })

  test.each([
    ['that was not finished', 9, 5, 5, /no write has named it before/],
    ['up to an earlier entry', undefined, 4, 4, /a snapshot up to 4 cannot follow one up to 4/],
    ['that ends before the log begins', undefined, 6, 7, /the log cannot begin behind 7/],
    ['with a log that begins earlier than it did', undefined, 6, 2, /the log cannot begin behind 2/],
  ])('a snapshot %s is refused at the call, and leaves no trace', async (_, key, index, startsAfter, message) => {
    const store = await open(new SimDisk())
    await fill(store, 'g', 1, 5)
    await compact(store, 'g', { index: 4, term: 1, startsAfter: 3 })
    const contents = await contentsOf(store)
    const stored = await storeSnapshot(store, 'g', headAt(index, 1), Buffer.from('state'))
    const snapshot = { ...stored, key: key ?? stored.key }
    const named = change('g', { snapshot: { snapshot, logStartsAfter: { index: startsAfter, term: 1 } } })
    expect(() => store.write([named], () => {})).toThrow(message)
    expect(() => store.write([change('g', { truncateAfter: 2 })], () => {})).toThrow(/is not truncated/)
    expect(await contentsOf(store)).toBe(contents)
    await close(store)
  })
})

test('the places of entries that are gone are given back', () => {
  const places = new EntryPlaces(0)
  for (let index = 1; index <= 100_000; index += 1) places.append(Math.ceil(index / 1000), index, 5)
  expect(places.bytes).toBeGreaterThanOrEqual(800_000)
  places.dropUpTo(99_500)
  expect(places.bytes).toBe(4_000)
  expect(places.firstSegment).toBe(100)
  expect(places.placeOf(99_501)).toEqual({ segment: 100, offset: 99_501, length: 5 })
  for (let index = 100_001; index <= 101_500; index += 1) places.append(Math.ceil(index / 1000), index, 6)
  places.dropUpTo(100_700)
  expect(places.placeOf(101_001)).toEqual({ segment: 102, offset: 101_001, length: 6 })
  places.dropUpTo(200_000)
  expect([places.startsAfter, places.firstSegment, places.bytes]).toEqual([200_000, undefined, 32])
  places.append(300, 1, 7)
  expect(places.placeOf(200_001)).toEqual({ segment: 300, offset: 1, length: 7 })
})
