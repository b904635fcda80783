import { afterAll, describe, expect, test } from 'vitest'
import {
  type ChangesFate,
  KEPT,
  LOST,
  sectorsOf,
  SimDisk,
  SimRandom,
  someSectors,
  torn,
  type Written,
} from '@quorate/sim'
import { type DiskEvent, openDiskStore } from '../src/index.ts'
import { attached } from './attached.ts'
import { subsetsOf } from './crashForms.ts'
import { CrashImages, assertRecovers } from './crashImages.ts'
import { FOLDER, RecordedHistory, SEGMENT_BYTES } from './recordedHistory.ts'
import { change, close, command, contentsOf, write } from './storeCalls.ts'
import { Tally } from './tally.ts'

const open = (disk: SimDisk) => openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: SEGMENT_BYTES })

describe(
  'whatever a crash leaves, an opened store holds all that was flushed, and nothing that was not written',
  { timeout: 120_000 },
  () => {
    const tally = new Tally()

    afterAll(() => console.log(`crash images opened: ${tally.toString()}`))

    test.each([
      [1, 24],
      [2, 20],
      [3, 20],
    ])('in every form, behind every operation (seed %s)', async (seed, batches) => {
      const images = new CrashImages(await RecordedHistory.of(seed, batches), tally)
      await images.openAll(new SimRandom(seed), { eachByteOf: 24, rounds: 4 })
    })

    test.each([
      [11, 22],
      [12, 18],
    ])('with snapshots, and segments that are freed (seed %s)', async (seed, batches) => {
      const recorded = await RecordedHistory.of(seed, batches, true)
      const removed = recorded.journal.operations.filter(({ kind }) => kind === 'removed')
      const freed = removed.filter((operation) => 'path' in operation && operation.path.endsWith('.log'))
      expect([freed.length > 2, removed.length - freed.length > 2]).toEqual([true, true])
      await new CrashImages(recorded, tally).openAll(new SimRandom(seed), { eachByteOf: 4, rounds: 2 })
    })

    test('of 10,000 images and of each form', () => {
      expect(tally.total).toBeGreaterThan(10_000)
      const forms = ['lost', 'kept', 'zero-filled', 'names lost', 'reordered', 'some sectors', 'torn at a sector']
      for (const form of forms) expect(tally.of(form), form).toBeGreaterThan(50)
      expect(tally.of('torn at a byte')).toBeGreaterThan(5_000)
    })

    test('when it crashes again while it recovers, and goes on then', async () => {
      const recorded = await RecordedHistory.of(6, 14)
      const random = new SimRandom(6)
      for (let count = 0; count <= recorded.journal.operations.length; count += 1 + random.below(6)) {
        const image = recorded.journal.imageAfter(count, { ...KEPT, changes: someSectors(random, 0.5) })
        const { journal } = await assertRecovers(recorded, count, image, 'some sectors')
        for (let again = 0; again <= journal.operations.length; again += 1) {
          for (const changes of [LOST.changes, KEPT.changes, someSectors(random, 0.5), tornSomewhere(random)]) {
            const second = journal.imageAfter(again, { ...LOST, changes })
            await assertGoesOn(await assertRecovers(recorded, count, second, `again at ${again}`))
          }
        }
      }
    })

    test('when it crashes again while it cuts off the rest of a write, also in a new segment', async () => {
      const recorded = await RecordedHistory.of(9, 20)
      const { operations } = recorded.journal
      let images = 0
      for (const [place, operation] of operations.entries()) {
        if (operation.kind !== 'written' || operation.bytes.length <= SECTOR_BYTES || operation.position === 0) continue
        // All but its head, or a middle part.
        for (const part of [torn(SECTOR_BYTES, 'end'), withoutSector(1)]) {
          const image = recorded.journal.imageAfter(place + 1, { ...KEPT, changes: part })
          const { journal } = await assertRecovers(recorded, place + 1, image, 'a part of the last write')
          for (let again = 0; again <= journal.operations.length; again += 1) {
            const { unflushed } = journal.stateAfter(again)
            for (const changes of subsetsOf(unflushed)) {
              const second = journal.imageAfter(again, { ...KEPT, changes: () => changes })
              await assertRecovers(recorded, place + 1, second, `again at ${again}, ${changes.length} changes`)
              images += 1
            }
          }
        }
      }
      expect(images).toBeGreaterThan(250)
    })
  },
)

const SECTOR_BYTES = 512

/** All is there but one sector of each write. */
function withoutSector(missing: number): ChangesFate {
  return (unflushed) => unflushed.flatMap((change) => sectorsOf(change as Written).filter((_, n) => n !== missing))
}

function tornSomewhere(random: SimRandom): ChangesFate {
  return torn(random.below(512), 'beginning')
}

/** What was just recovered takes writes, and a crash right after brings back neither less nor more. */
async function assertGoesOn(disk: SimDisk): Promise<void> {
  disk.cutPower(LOST)
  const store = await open(disk)
  const before = JSON.parse(await contentsOf(store)) as object[]
  await write(store, change('z', { entries: [command(1, 1)] }))
  disk.cutPower(LOST)
  const again = await open(disk)
  const found = JSON.parse(await contentsOf(again)) as { group: string }[]
  expect(found.filter(({ group }) => group !== 'z')).toEqual(before)
  expect(again.recover('z')?.lastIndex).toBe(1)
}

test('what is cut off is logged, and never comes back', async () => {
  const disk = new SimDisk({ keepsWholeJournal: true })
  const { operations } = disk.journal
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk) })
  await write(store, change('g', { entries: [command(1, 1)] }))
  store.write([change('g', { entries: [command(2, 1, new Uint8Array(1900).fill(0xaa))] })], () => {})
  while (operations.at(-1)?.kind !== 'written') await Promise.resolve()
  disk.cutPower({ ...KEPT, changes: withoutSector(2) })

  const events: DiskEvent[] = []
  await openDiskStore({ folder: FOLDER, files: attached(disk), log: (event) => events.push(event) })
  expect(events).toMatchObject([
    { type: 'tail.cut', file: `${FOLDER}/0000000001.log`, reason: 'parts of the last write are not there' },
    { type: 'store.opened', entries: 1, closedCleanly: false },
  ])
  disk.cutPower(LOST)
  const again = await openDiskStore({ folder: FOLDER, files: attached(disk) })
  expect(again.recover('g')?.lastIndex).toBe(1)
})

test.each([undefined, 1, 2, 3])(
  'a process is killed in any call, the next one goes on, and then the power goes (seed %s)',
  { timeout: 60_000 },
  async (seed) => {
    const random = seed === undefined ? undefined : new SimRandom(seed)
    let wasKilled = true
    let nth = 0
    while (wasKilled) {
      nth += 1
      const disk = new SimDisk()
      const flushed: number[] = []
      wasKilled = await writeUntilKilled(disk, nth, flushed, random)
      const store = await open(disk)
      const lastIndex = store.recover('g')?.lastIndex ?? 0
      expect(lastIndex).toBeGreaterThanOrEqual(flushed.length)
      await write(store, change('g', { entries: [command(lastIndex + 1, 1)] }))
      disk.cutPower(LOST)
      const again = await open(disk)
      expect(again.recover('g')?.lastIndex, `killed in call ${nth}`).toBe(lastIndex + 1)
    }
    expect(nth).toBeGreaterThan(100)
  },
)

/** The process ends in the nth call, which may have its effect, wholly or in part, and otherwise when it is done. */
async function writeUntilKilled(disk: SimDisk, nth: number, flushed: number[], random?: SimRandom): Promise<boolean> {
  let calls = 0
  const files = disk.attach({
    schedule: (_, complete) => {
      calls += 1
      if (calls === nth) files.end(random)
      else queueMicrotask(complete)
    },
    soon: queueMicrotask,
  })
  void openDiskStore({ folder: FOLDER, files, segmentBytes: SEGMENT_BYTES }).then(async (store) => {
    for (let index = 1; index <= 20; index += 1) {
      await write(store, change('g', { entries: [command(index, 1, 'x'.repeat(300))] }))
      flushed.push(index)
    }
  })
  await new Promise((resolve) => setImmediate(resolve))
  const wasKilled = files.isEnded
  files.end()
  return wasKilled
}

test('the last frame is written again before it is trusted: only the cache may have it', async () => {
  const recorded = await RecordedHistory.of(8, 6)
  const last = recorded.journal.operations.map(({ kind }) => kind).lastIndexOf('written')
  // The failed flush: the cache shows the last write, and does not know that the disk lacks it.
  const disk = new SimDisk({ image: recorded.journal.imageAfter(last + 1, KEPT), keepsWholeJournal: true })
  await open(disk)
  const [first] = disk.journal.operations.filter(({ kind }) => kind === 'written') as Written[]
  const lastWrite = recorded.journal.operations[last] as Written
  expect(first).toMatchObject({ position: lastWrite.position })
  expect(Buffer.from(first?.bytes ?? [])).toEqual(Buffer.from(lastWrite.bytes))
})

test('what a crash left of files that were not whole yet is removed', async () => {
  const disk = new SimDisk()
  await close(await openDiskStore({ folder: FOLDER, files: attached(disk) }))
  const whole = [...disk.image().keys()]
  const drafts = ['segment.new', 'identity.new'].map((name): [string, Uint8Array] => [
    `${FOLDER}/${name}`,
    Buffer.of(1),
  ])
  const left = new SimDisk({ image: new Map([...disk.image(), ...drafts]) })
  await openDiskStore({ folder: FOLDER, files: attached(left) })
  left.cutPower(LOST)
  expect([...left.image().keys()]).toEqual(whole)
})
