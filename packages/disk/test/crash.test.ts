import { describe, expect, test } from 'vitest'
import { type DiskEvent, openDiskStore } from '../src/index.ts'
import { Dice } from './dice.ts'
import { History } from './history.ts'
import { type Crash, type Image, MemoryDisk, type Write } from './memoryDisk.ts'
import { change, close, command, contentsOf, write } from './storeCalls.ts'

const FOLDER = '/store'

/** What was done to a disk, and what could have been known at each of its operations. */
interface Recorded {
  readonly disk: MemoryDisk
  /** What the store held after so many batches. */
  readonly states: readonly string[]
  /** After how many operations each batch was reported as flushed. */
  readonly flushedAt: readonly number[]
  /** Before which operation each batch was handed in. */
  readonly handedInAt: readonly number[]
}

async function record(seed: number, batches: number, segmentBytes: number): Promise<Recorded> {
  const disk = new MemoryDisk()
  const history = new History(new Dice(seed), ['a', 'b'])
  const states = [history.model.contents()]
  const flushedAt: number[] = []
  const handedInAt: number[] = []
  const open = () => openDiskStore({ folder: FOLDER, files: disk, segmentBytes })
  let store = await open()
  for (let step = 0; step < batches; step += 1) {
    handedInAt.push(disk.operations.length)
    const written = write(store, ...history.next()).then(() => flushedAt.push(disk.operations.length))
    states.push(history.model.contents())
    // Two batches at a time now and then, which makes two frames of one or of two.
    if (step % 3 > 0) await written
    if (step % 7 === 6) {
      await close(store)
      store = await open()
    }
  }
  await close(store)
  return { disk, states, flushedAt, handedInAt }
}

/** Opens what a crash left, and finds a state that was flushed or on its way. What the disk then holds comes back. */
async function assertRecovers(recorded: Recorded, count: number, image: Image, what: string): Promise<MemoryDisk> {
  const disk = new MemoryDisk(image)
  const flushed = recorded.flushedAt.filter((at) => at <= count).length
  const handedIn = recorded.handedInAt.filter((at) => at <= count).length
  try {
    const store = await openDiskStore({ folder: FOLDER, files: disk, segmentBytes: 4096 })
    const found = await contentsOf(store)
    expect(recorded.states.slice(flushed, handedIn + 1)).toContain(found)
    return disk
  } catch (error) {
    throw new Error(`after operation ${count}, ${what}: ${String(error)}`, { cause: error })
  }
}

const fates = {
  lost: () => [],
  kept: (unflushed) => unflushed,
  zeros: (unflushed) => unflushed.map((write) => ({ ...write, bytes: new Uint8Array(write.bytes.length) })),
} satisfies Record<string, Crash['writes']>

/** The first part of the last write, or all but the first part. */
function torn(bytes: number, part: 'beginning' | 'end'): Crash['writes'] {
  return (unflushed) => {
    const last = unflushed.at(-1)
    if (last === undefined) return []
    const rest =
      part === 'beginning'
        ? { ...last, bytes: last.bytes.subarray(0, bytes) }
        : { ...last, bytes: last.bytes.subarray(bytes), position: last.position + bytes }
    return [...unflushed.slice(0, -1), rest]
  }
}

/** Any of the sectors. */
function someSectors(dice: Dice): Crash['writes'] {
  return (unflushed) => unflushed.flatMap((write) => sectorsOf(write).filter(() => dice.below(2) === 0))
}

function sectorsOf(write: Write): Write[] {
  const sectors: Write[] = []
  for (let start = 0; start < write.bytes.length; start += 512) {
    sectors.push({ ...write, bytes: write.bytes.subarray(start, start + 512), position: write.position + start })
  }
  return sectors
}

/** Where it makes a difference to tear the write, as far as it is more than zeros; of a long one, here and there. */
function tears({ bytes }: Write): number[] {
  const isEach = bytes.length <= 512
  return [...bytes.keys()].filter((place) => bytes[place] !== 0 && (isEach || place % 512 < 42 || place % 61 === 0))
}

describe(
  'whatever a crash leaves, an opened store holds all that was flushed, and nothing that was not written',
  { timeout: 20_000 },
  () => {
    test('when unflushed writes are lost, kept, or zeros, and new names are kept or lost', async () => {
      const recorded = await record(1, 24, 4096)
      let images = 0
      for (let count = 0; count <= recorded.disk.operations.length; count += 1) {
        for (const [fate, writes] of Object.entries(fates)) {
          for (const names of ['kept', 'lost'] as const) {
            const image = recorded.disk.imageAfter(count, { writes, names })
            await assertRecovers(recorded, count, image, `writes ${fate}, names ${names}`)
            images += 1
          }
        }
      }
      expect(images).toBeGreaterThan(900)
    })

    test('when any of the sectors arrived', async () => {
      for (const seed of [2, 3]) {
        const recorded = await record(seed, 20, 4096)
        const dice = new Dice(seed)
        for (let count = 0; count <= recorded.disk.operations.length; count += 1) {
          for (let round = 0; round < 4; round += 1) {
            const names = dice.below(2) === 0 ? 'kept' : 'lost'
            const image = recorded.disk.imageAfter(count, { writes: someSectors(dice), names })
            await assertRecovers(recorded, count, image, `some sectors, names ${names}`)
          }
        }
      }
    })

    test('when the last write is torn at each byte', async () => {
      const recorded = await record(5, 9, 4096)
      let images = 0
      for (const [place, operation] of recorded.disk.operations.entries()) {
        if (operation.kind !== 'write') continue
        for (const bytes of tears(operation)) {
          for (const part of ['beginning', 'end'] as const) {
            const image = recorded.disk.imageAfter(place + 1, { writes: torn(bytes, part), names: 'kept' })
            await assertRecovers(recorded, place + 1, image, `${part} of the last write, torn at ${bytes}`)
            images += 1
          }
        }
      }
      expect(images).toBeGreaterThan(900)
    })

    test('when it crashes again while it recovers, and goes on then', async () => {
      const recorded = await record(6, 14, 4096)
      const dice = new Dice(6)
      for (let count = 0; count <= recorded.disk.operations.length; count += 1 + dice.below(6)) {
        const image = recorded.disk.imageAfter(count, { writes: someSectors(dice), names: 'kept' })
        const recovering = await assertRecovers(recorded, count, image, 'some sectors')
        for (let again = 0; again <= recovering.operations.length; again += 1) {
          for (const writes of [fates.lost, fates.kept, someSectors(dice), torn(dice.below(512), 'beginning')]) {
            const second = recovering.imageAfter(again, { writes, names: 'lost' })
            await assertGoesOn(await assertRecovers(recorded, count, second, `again at ${again}`))
          }
        }
      }
    })
  },
)

/** What was just recovered takes writes, and a crash right after brings back neither less nor more. */
async function assertGoesOn(disk: MemoryDisk): Promise<void> {
  const image = disk.imageAfter(disk.operations.length, { writes: fates.lost, names: 'lost' })
  const files = new MemoryDisk(image)
  const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
  const before = JSON.parse(await contentsOf(store)) as object[]
  await write(store, change('z', { entries: [command(1, 1)] }))
  const after = files.imageAfter(files.operations.length, { writes: fates.lost, names: 'lost' })
  const again = await openDiskStore({ folder: FOLDER, files: new MemoryDisk(after), segmentBytes: 4096 })
  const found = JSON.parse(await contentsOf(again)) as { group: string }[]
  expect(found.filter(({ group }) => group !== 'z')).toEqual(before)
  expect(again.recover('z')?.lastIndex).toBe(1)
}

test('what is cut off is logged, and never comes back', async () => {
  const files = new MemoryDisk()
  const store = await openDiskStore({ folder: FOLDER, files })
  await write(store, change('g', { entries: [command(1, 1)] }))
  store.write([change('g', { entries: [command(2, 1, new Uint8Array(1900).fill(0xaa))] })], () => {})
  while (files.operations.at(-1)?.kind !== 'write') await Promise.resolve()
  const allButOne = (unflushed: readonly Write[]): Write[] =>
    unflushed.flatMap(sectorsOf).filter((_, place) => place !== 2)
  const image = files.imageAfter(files.operations.length, { writes: allButOne, names: 'kept' })

  const events: DiskEvent[] = []
  const cut = new MemoryDisk(image)
  await openDiskStore({ folder: FOLDER, files: cut, log: (event) => events.push(event) })
  expect(events).toMatchObject([
    { type: 'tail.cut', file: `${FOLDER}/0000000001.log`, reason: 'parts of the last write are not there' },
    { type: 'store.opened', entries: 1, closedCleanly: false },
  ])
  const again = await openDiskStore({ folder: FOLDER, files: new MemoryDisk(cut.image()) })
  expect(again.recover('g')?.lastIndex).toBe(1)
})

test(
  'a process is killed in any call, the next one goes on, and then the power goes',
  { timeout: 20_000 },
  async () => {
    for (let nth = 1; nth < 150; nth += 1) {
      const files = new MemoryDisk()
      files.killedIn = nth
      const flushed: number[] = []
      void writeTwenty(files, flushed)
      await new Promise((resolve) => setImmediate(resolve))
      files.restart()
      const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
      const lastIndex = store.recover('g')?.lastIndex ?? 0
      expect(lastIndex).toBeGreaterThanOrEqual(flushed.length)
      await write(store, change('g', { entries: [command(lastIndex + 1, 1)] }))
      const image = files.imageAfter(files.operations.length, { writes: fates.lost, names: 'lost' })
      const again = await openDiskStore({ folder: FOLDER, files: new MemoryDisk(image), segmentBytes: 4096 })
      expect(again.recover('g')?.lastIndex, `killed in call ${nth}`).toBe(lastIndex + 1)
    }
  },
)

async function writeTwenty(files: MemoryDisk, flushed: number[]): Promise<void> {
  const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
  for (let index = 1; index <= 20; index += 1) {
    await write(store, change('g', { entries: [command(index, 1, 'x'.repeat(300))] }))
    flushed.push(index)
  }
}

test('the last frame is written again before it is trusted: only the cache may have it', async () => {
  const recorded = await record(8, 6, 4096)
  const last = recorded.disk.operations.map(({ kind }) => kind).lastIndexOf('write')
  // The failed flush: the cache shows the last write, and does not know that the disk lacks it.
  const cached = recorded.disk.imageAfter(last + 1, { writes: fates.kept, names: 'kept' })
  const files = new MemoryDisk(cached)
  await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
  const [first] = files.operations.filter(({ kind }) => kind === 'write') as Write[]
  const [lastWrite] = recorded.disk.operations.slice(last) as [Write]
  expect(first).toMatchObject({ position: lastWrite.position })
  expect(Buffer.from(first?.bytes ?? [])).toEqual(Buffer.from(lastWrite.bytes))
})
