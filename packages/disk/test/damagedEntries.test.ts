import { crc32 } from 'node:zlib'
import type { Entry, GroupId, RecoveredGroup } from '@quorate/core'
import { type CrashFate, type DiskImage, KEPT, LOST, SimDisk, SimRandom } from '@quorate/sim'
import { describe, expect, test } from 'vitest'
import { type DiskEvent, type DiskStore, openDiskStore } from '../src/index.ts'
import { combined } from '../src/provenDamage.ts'
import { attached } from './attached.ts'
import { FOLDER, REFUSALS, filled, flipped, withBytes } from './filledStore.ts'
import {
  change,
  close,
  command,
  commands,
  compact,
  configuration,
  contentsOf,
  headAt,
  read,
  storeSnapshot,
  write,
} from './storeCalls.ts'

type Entries = ReadonlyMap<GroupId, readonly Entry[]>

async function opened(
  image: DiskImage,
  log: (event: DiskEvent) => void = () => {},
): Promise<{ store: DiskStore; disk: SimDisk }> {
  const disk = new SimDisk({ image })
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096, log })
  return { store, disk }
}

/** All entries of all groups of a store that is whole. */
async function entriesOf(image: DiskImage): Promise<Entries> {
  const { store } = await opened(image)
  const all = new Map<GroupId, readonly Entry[]>()
  for (const group of store.groups) {
    const { lastIndex, logStartsAfter } = store.recover(group) as RecoveredGroup
    all.set(group, lastIndex === logStartsAfter.index ? [] : await read(store, group, logStartsAfter.index, lastIndex))
  }
  return all
}

function damagedIn(store: DiskStore): [GroupId, number][] {
  return store.groups.flatMap((group) =>
    (store.recover(group)?.damaged ?? []).map(({ position }): [GroupId, number] => [group, position.index]),
  )
}

/** Gives the store what it lacks. */
async function repair(store: DiskStore, entries: Entries): Promise<void> {
  for (const group of store.groups) {
    const damaged = store.recover(group)?.damaged ?? []
    const repaired = damaged.map(({ position, matches }) => {
      const entry = entries.get(group)?.find(({ index }) => index === position.index) as Entry
      expect([entry.term, matches(entry), matches({ ...withoutEncoding(entry), time: entry.time + 1 })]).toEqual([
        position.term,
        true,
        false,
      ])
      return withoutEncoding(entry)
    })
    if (repaired.length > 0) await write(store, change(group, { repaired }))
  }
}

function withoutEncoding(entry: Entry): Entry {
  const { encoded: _, ...rest } = entry
  return rest
}

/** What the store says that the image is of, once it was repaired; `refused` if it does not open, with how many entries were damaged. */
async function afterRepair(image: DiskImage, entries: Entries): Promise<{ contents: string; damaged: number }> {
  let found: { store: DiskStore; disk: SimDisk }
  try {
    found = await opened(image)
  } catch (error) {
    expect(REFUSALS).toContain((error as { code?: string }).code)
    return { contents: 'refused', damaged: 0 }
  }
  const { store, disk } = found
  const damaged = damagedIn(store).length
  await repair(store, entries)
  expect(damagedIn(store)).toEqual([])
  const contents = await contentsOf(store)
  // And so it stays: what was damaged stands there still.
  const again = await opened(disk.image())
  expect(damagedIn(again.store)).toEqual([])
  expect(await contentsOf(again.store)).toBe(contents)
  return { contents, damaged }
}

describe('damage that hit the bytes of entries alone', { timeout: 120_000 }, () => {
  test.each(['closed', 'killed'] as const)(
    'each byte of a small store that was %s, flipped: refused, or whole again with the entries of others',
    async (state) => {
      const { contents, [state]: image } = await filled(8, 2)
      const entries = await entriesOf(image)
      const random = new SimRandom(3)
      const counts = { refused: 0, repaired: 0, same: 0 }
      for (const [path, bytes] of image) {
        for (const place of bytes.keys()) {
          if (bytes[place] === 0 && random.happens(0.9)) continue
          const found = await afterRepair(flipped(image, path, place, 1 << random.below(8)), entries)
          if (found.contents !== 'refused') expect(found.contents, `${path}, ${place}`).toBe(contents)
          counts[found.contents === 'refused' ? 'refused' : found.damaged > 0 ? 'repaired' : 'same'] += 1
        }
      }
      console.log(`each byte flipped, ${state}: ${JSON.stringify(counts)}`)
      expect(counts.refused).toBeGreaterThan(300)
      expect(counts.repaired).toBeGreaterThan(600)
    },
  )

  test('several entries of several frames, garbage of any length: exactly these are missing', async () => {
    const disk = new SimDisk()
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    const texts = Array.from({ length: 12 }, (_, place) => `precious ${place + 2} ${'x'.repeat(place * 20)}`)
    await write(store, change('g', { hardState: { currentTerm: 2, votedFor: 'n1' }, entries: [configuration(1, 1)] }))
    for (let place = 0; place < 12; place += 3) {
      await write(
        store,
        change('g', { entries: [0, 1, 2].map((more) => command(place + more + 2, 2, texts[place + more]!)) }),
      )
    }
    await close(store)
    const image = disk.image()
    const contents = await contentsOf((await opened(image)).store)
    const entries = await entriesOf(image)
    let damaged: DiskImage = image
    for (const index of [3, 4, 7, 13]) damaged = spoiled(damaged, texts[index - 2]!, 0xee)
    const events: DiskEvent[] = []
    const { store: found } = await opened(damaged, (event) => events.push(event))
    expect(damagedIn(found)).toEqual([3, 4, 7, 13].map((index) => ['g', index]))
    expect(events).toContainEqual({ type: 'entries.damaged', folder: FOLDER, group: 'g', indexes: [3, 4, 7, 13] })
    expect((await read(found, 'g', 4, 6)).map(({ index }) => index)).toEqual([5, 6])
    await repair(found, entries)
    expect(await contentsOf(found)).toBe(contents)
    // Those that were given again stand elsewhere: they are read with their neighbours all the same.
    expect((await read(found, 'g', 1, 13)).map(({ index }) => index)).toEqual(
      Array.from({ length: 12 }, (_, at) => at + 2),
    )
  })

  test('what is read of it before it is repaired fails, and so does the store', async () => {
    const { image } = await withText('precious')
    const { store } = await opened(spoiled(image, 'precious', 1))
    await expect(read(store, 'g', 0, 2)).rejects.toMatchObject({ code: 'CORRUPT_STORE' })
    await expect(write(store, change('g', { entries: [command(4, 1)] }))).rejects.toMatchObject({
      code: 'CORRUPT_STORE',
    })
  })

  test('a configuration that is damaged is not among the configurations, until it is repaired', async () => {
    const { image } = await withText('precious')
    const entries = await entriesOf(image)
    const { store } = await opened(spoiled(image, '11111111-1111-4111', 1))
    expect(store.recover('g')).toMatchObject({ configurations: [], damaged: [{ position: { index: 1, term: 1 } }] })
    await repair(store, entries)
    expect(store.recover('g')?.configurations).toMatchObject([
      { index: 1, configuration: { voters: [['n1', 'n2', 'n3']] } },
    ])
  })

  test('what is truncated, or stands in a snapshot, is missed no more', async () => {
    const { image } = await withText('precious')
    const { store: truncated } = await opened(spoiled(image, 'precious', 1))
    await write(truncated, change('g', { truncateAfter: 1, entries: [command(2, 2, 'another')] }))
    expect(truncated.recover('g')?.damaged).toBeUndefined()
    expect(await read(truncated, 'g', 1, 2)).toMatchObject([{ index: 2, term: 2 }])

    const { store: compacted } = await opened(spoiled(image, 'precious', 1))
    const snapshot = await storeSnapshot(compacted, 'g', headAt(3, 1), Buffer.from('state'))
    await write(compacted, change('g', { snapshot: { snapshot, logStartsAfter: { index: 2, term: 1 } } }))
    expect(compacted.recover('g')?.damaged).toBeUndefined()
    expect(await read(compacted, 'g', 2, 3)).toMatchObject([{ index: 3 }])
  })

  test('what is truncated after it was repaired is not read any more', async () => {
    const { image } = await withText('precious')
    const entries = await entriesOf(image)
    const { store, disk } = await opened(spoiled(image, 'precious', 1))
    await repair(store, entries)
    await write(store, change('g', { truncateAfter: 1, entries: [command(2, 2, 'another!')] }))
    expect(textsOf(await read(store, 'g', 1, 2))).toEqual(['another!'])
    await close(store)
    const { store: again } = await opened(disk.image())
    expect(textsOf(await read(again, 'g', 1, 2))).toEqual(['another!'])
  })

  test('only what is missing is taken: not another entry, and none that can be read', async () => {
    const { image } = await withText('precious')
    const { store } = await opened(spoiled(image, 'precious', 1))
    const give = (entry: Entry): Promise<void> => write(store, change('g', { repaired: [entry] }))
    await expect(async () => give(command(2, 1, 'precioux'))).rejects.toThrow('entry 2 is one that cannot be read')
    await expect(async () => give(command(3, 1))).rejects.toThrow('entry 3 is one that cannot be read')
    await give(command(2, 1, 'precious'))
    await expect(async () => give(command(2, 1, 'precious'))).rejects.toThrow('entry 2 is one that cannot be read')
  })

  test('a repair that is damaged in its turn is missing again', async () => {
    const { image } = await withText('precious')
    const entries = await entriesOf(image)
    const { store, disk } = await opened(spoiled(image, 'precious', 1))
    await repair(store, entries)
    const repaired = disk.image()
    const twice = spoiled(repaired, 'precious', 1)
    const { store: again } = await opened(twice)
    expect(damagedIn(again)).toEqual([['g', 2]])
    await repair(again, entries)
    expect(textsOf(await read(again, 'g', 1, 2))).toEqual(['precious'])
  })

  test('whenever the power goes, the entry is damaged still, or repaired', async () => {
    const { image } = await withText('precious')
    const entries = await entriesOf(image)
    const damaged = spoiled(image, 'precious', 1)
    const disk = new SimDisk({ image: damaged, keepsWholeJournal: true })
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    await repair(store, entries)
    const counts = { damaged: 0, repaired: 0 }
    const fates = [LOST, KEPT]
    for (let place = 0; place < 2 * (disk.journal.operations.length + 1); place += 1) {
      const left = disk.journal.imageAfter(place >> 1, fates[place % 2] as CrashFate)
      const { store: found } = await opened(left)
      const missing = damagedIn(found)
      counts[missing.length > 0 ? 'damaged' : 'repaired'] += 1
      if (missing.length === 0) expect(textsOf(await read(found, 'g', 1, 2))).toEqual(['precious'])
      else expect(missing).toEqual([['g', 2]])
    }
    expect(Math.min(counts.damaged, counts.repaired)).toBeGreaterThan(0)
  })

  test('segments are freed as without it, and what was repaired is kept as long as its log', async () => {
    const { image } = await withText('precious')
    const entries = await entriesOf(image)
    const { store, disk } = await opened(spoiled(image, 'precious', 1))
    await repair(store, entries)
    for (let index = 4; index <= 60; index += 1)
      await write(store, change('g', { entries: [command(index, 1, 'x'.repeat(200))] }))
    const first = await storeSnapshot(store, 'g', headAt(40, 1), Buffer.from('state'))
    await write(store, change('g', { snapshot: { snapshot: first, logStartsAfter: { index: 1, term: 1 } } }))
    expect(textsOf(await read(store, 'g', 1, 3))).toEqual(['precious', 'entry 3'])
    const second = await storeSnapshot(store, 'g', headAt(50, 1), Buffer.from('state'))
    await write(store, change('g', { snapshot: { snapshot: second, logStartsAfter: { index: 50, term: 1 } } }))
    await close(store)
    expect([...disk.image().keys()].filter((path) => path.endsWith('1.log'))).not.toContain(`${FOLDER}/0000000001.log`)
    const { store: again } = await opened(disk.image())
    expect(await read(again, 'g', 50, 60)).toHaveLength(10)
  })

  test('a repair is read over whose entry is gone with its segment, though the repair stands where the log begins now', async () => {
    const filler = 'x'.repeat(200)
    const disk = new SimDisk()
    const made = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    await write(made, change('g', { entries: [configuration(1, 1), command(2, 1, 'precious'), command(3, 1)] }))
    for (let index = 1; index <= 20; index += 1)
      await write(made, change('busy', { entries: [command(index, 1, filler)] }))
    await close(made)
    const entries = await entriesOf(disk.image())
    const { store, disk: damaged } = await opened(spoiled(disk.image(), 'precious', 1))
    await repair(store, entries)
    // Too much to be written once more.
    for (let index = 4; index <= 24; index += 1)
      await write(store, change('g', { entries: [command(index, 1, 'y'.repeat(index === 4 ? 1 : 1900))] }))
    await compact(store, 'g', { index: 5, term: 1, startsAfter: 3 })
    await compact(store, 'busy', { index: 20, term: 1 })
    for (let index = 21; index <= 24; index += 1) await write(store, change('busy', { entries: [command(index, 1)] }))
    await close(store)
    const image = damaged.image()
    const kept = [...image].filter(([path]) => path.endsWith('.log')).sort(([a], [b]) => (a < b ? -1 : 1))
    expect(kept[0]![0]).not.toBe(`${FOLDER}/0000000001.log`)
    expect(Buffer.from(kept[0]![1]).includes('precious')).toBe(true)
    const { store: again } = await opened(image)
    expect((await read(again, 'g', 3, 24)).map(({ index }) => index)).toEqual(
      Array.from({ length: 21 }, (_, at) => at + 4),
    )
  })

  test('what a group at rest lacks keeps its segments, and no other group from its writes', async () => {
    const { image } = await withText('precious')
    const { store } = await opened(spoiled(image, 'precious', 1))
    for (let index = 1; index <= 60; index += 1)
      await write(store, change('busy', { entries: [command(index, 1, 'x'.repeat(200))] }))
    const snapshot = await storeSnapshot(store, 'busy', headAt(60, 1), Buffer.from('state'))
    await write(store, change('busy', { snapshot: { snapshot, logStartsAfter: { index: 60, term: 1 } } }))
    await write(store, change('busy', { entries: commands(61, 62, 1) }))
    expect(damagedIn(store)).toEqual([['g', 2]])
    expect(await read(store, 'busy', 60, 62)).toHaveLength(2)
  })
})

test('a checksum follows from those of the parts', () => {
  const random = new SimRandom(1)
  for (let count = 0; count < 200; count += 1) {
    const [a, b] = [random.bytes(random.below(300)), random.bytes(random.below(300))]
    const seed = random.bits() >>> 0
    expect(combined(crc32(a, seed), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b]), seed))
  }
})

/** A store of one group with three entries, of which the second is this text. */
async function withText(text: string): Promise<{ image: DiskImage }> {
  const disk = new SimDisk()
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
  const hardState = { currentTerm: 1, votedFor: 'n1' }
  await write(store, change('g', { hardState, entries: [configuration(1, 1), command(2, 1, text)] }))
  await write(store, change('g', { entries: [command(3, 1)] }))
  await close(store)
  return { image: disk.image() }
}

function textsOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => (entry.kind === 'command' ? Buffer.from(entry.data).toString() : entry.kind))
}

/** Every place in which the text stands gets these bits flipped in its first byte. */
function spoiled(image: DiskImage, text: string, bits: number): DiskImage {
  let damaged = image
  for (const path of image.keys()) {
    damaged = withBytes(damaged, path, (bytes) => {
      const all = Buffer.from(bytes)
      for (let at = all.indexOf(text); at >= 0; at = all.indexOf(text, at + 1)) bytes[at] = (bytes[at] ?? 0) ^ bits
      return bytes
    })
  }
  return damaged
}
