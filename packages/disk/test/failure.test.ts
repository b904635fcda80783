import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreFailure } from '@quorate/core'
import { describe, expect, test } from 'vitest'
import { type DiskImage, LOST, SimDisk, SimRandom } from '@quorate/sim'
import { type DiskEvent, type DiskStore, openDiskStore } from '../src/index.ts'
import { attached } from './attached.ts'
import { History } from './history.ts'
import { change, close, command, compact, contentsOf, headAt, read, storeSnapshot, write } from './storeCalls.ts'
import { systemTool } from './systemTool.ts'

const FOLDER = '/store'

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says no`), { code })
}

/** The nth call from now on fails. */
function failAt(disk: SimDisk, nth: number, code: string): void {
  let calls = 0
  disk.fault = () => {
    calls += 1
    return calls === nth ? systemError(code) : undefined
  }
}

describe('a failed call is final', () => {
  test(
    'whichever it is: what was flushed before is there, and no callback is left out',
    { timeout: 20_000 },
    async () => {
      let failures = 0
      for (let nth = 1; nth <= 150; nth += 1) {
        const disk = new SimDisk()
        const history = new History(new SimRandom(nth), ['a', 'b'])
        const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
        const states = [history.model.contents()]
        const outcomes: (StoreFailure | undefined)[] = []
        failAt(disk, nth, 'EIO')
        for (let step = 0; step < 14; step += 1) {
          store.write(history.next(), (failure) => outcomes.push(failure))
          states.push(history.model.contents())
          if (step % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
        }
        const closed = await close(store).catch((error: Error) => error)
        disk.fault = undefined
        expect(outcomes).toHaveLength(14)
        const flushed = outcomes.filter((outcome) => outcome === undefined).length
        const failed = outcomes.slice(flushed)
        // Once failed, always failed, and with the same failure.
        expect(new Set(failed).size).toBeLessThanOrEqual(1)
        if (failed[0] !== undefined) {
          failures += 1
          expect(failed[0].error).toMatchObject({ code: 'STORAGE_FAILED', systemCode: 'EIO' })
          expect(closed).toBe(failed[0].error)
        }
        const again = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
        const found = await contentsOf(again)
        expect(states.slice(flushed)).toContain(found)
        // What the next process found stays, though a flush had failed and the cache alone may have had it.
        disk.cutPower(LOST)
        const later = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
        expect(await contentsOf(later), `failed in call ${nth}`).toBe(found)
      }
      expect(failures).toBeGreaterThan(30)
    },
  )

  test('also of a snapshot, but for the removal of what nobody needs', { timeout: 20_000 }, async () => {
    let failures = 0
    for (let nth = 1; nth <= 160; nth += 1) {
      const disk = new SimDisk()
      const history = new History(new SimRandom(nth % 8), ['a', 'b'])
      const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
      const states = [history.model.contents()]
      let flushed = 0
      failAt(disk, nth, 'EIO')
      const failed = await (async (): Promise<unknown> => {
        for (let step = 0; step < 8; step += 1) {
          const batch = await history.nextWithSnapshots(store)
          states.push(history.model.contents())
          await write(store, ...batch)
          flushed += 1
        }
        return undefined
      })().catch((error: unknown) => error)
      if (failed !== undefined) {
        failures += 1
        expect(failed).toMatchObject({ code: 'STORAGE_FAILED', systemCode: 'EIO' })
        expect(failed).not.toMatchObject({ operation: 'remove' })
      }
      await close(store).catch((error: unknown) => error)
      disk.fault = undefined
      const found = await contentsOf(await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 }))
      expect(states.slice(flushed), `failed in call ${nth}`).toContain(found)
      disk.cutPower(LOST)
      const later = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
      expect(await contentsOf(later), `failed in call ${nth}`).toBe(found)
    }
    expect(failures).toBeGreaterThan(40)
  })

  test('and not tried again: nothing is written any more', async () => {
    const disk = new SimDisk({ keepsWholeJournal: true })
    const events: DiskEvent[] = []
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), log: (event) => events.push(event) })
    disk.fault = ({ kind }) => (kind === 'flush' ? systemError('EIO') : undefined)
    await expect(write(store, change('g', { entries: [command(1, 1)] }))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      operation: 'flush',
      file: `${FOLDER}/0000000001.log`,
      systemCode: 'EIO',
      cause: { code: 'EIO' },
    })
    disk.fault = undefined
    const operations = disk.journal.operations.length
    await expect(write(store, change('g', { entries: [command(2, 1)] }))).rejects.toMatchObject({ operation: 'flush' })
    await expect(read(store, 'g', 0, 1)).rejects.toMatchObject({ operation: 'flush' })
    await expect(close(store)).rejects.toMatchObject({ operation: 'flush' })
    expect(disk.journal.operations).toHaveLength(operations)
    expect(events.filter(({ type }) => type === 'store.failed')).toHaveLength(1)
  })

  test('also that of a read: what was under way is not written any more', async () => {
    // Slow enough for the close to overtake what is under way.
    const disk = new SimDisk({ keepsWholeJournal: true })
    const files = attached(disk, setImmediate)
    const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
    await write(store, change('g', { entries: [command(1, 1)] }))
    disk.fault = ({ kind }) => (kind === 'read' ? systemError('EIO') : undefined)
    const before = disk.image().get(`${FOLDER}/0000000001.log`)
    // It takes a segment of its own, which is made while the read fails.
    const large = write(store, change('g', { entries: [command(2, 1, new Uint8Array(9000).fill(7))] }))
    await expect(read(store, 'g', 0, 1)).rejects.toMatchObject({ operation: 'read' })
    await expect(large).rejects.toMatchObject({ operation: 'read' })
    await expect(close(store)).rejects.toMatchObject({ operation: 'read' })
    expect(disk.image().get(`${FOLDER}/0000000001.log`)).toEqual(before)
    // Whoever opens the folder next has it alone.
    const operations = disk.journal.operations.length
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(disk.journal.operations).toHaveLength(operations)
    expect(files.openFiles).toBe(0)
  })

  test('for every write that waits, in order, and never within a call', async () => {
    const disk = new SimDisk()
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    const order: number[] = []
    disk.fault = ({ kind }) => (kind === 'write' ? systemError('ENOSPC') : undefined)
    for (let index = 1; index <= 100; index += 1) {
      store.write([change('g', { entries: [command(index, 1)] })], () => order.push(index))
    }
    expect(order).toEqual([])
    await close(store).catch(() => {})
    expect(order).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  })

  test('and lets others open the folder once the store is closed', async () => {
    const disk = new SimDisk()
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk) })
    disk.fault = ({ kind }) => (kind === 'write' ? systemError('EROFS') : undefined)
    await expect(write(store, change('g', {}))).rejects.toMatchObject({ systemCode: 'EROFS' })
    await expect(close(store)).rejects.toMatchObject({ systemCode: 'EROFS' })
    disk.fault = undefined
    await close(await openDiskStore({ folder: FOLDER, files: attached(disk) }))
  })

  test('but for the segment that was to be prepared: it is made when it is needed', async () => {
    const disk = new SimDisk()
    const events: DiskEvent[] = []
    const store = await openDiskStore({
      folder: FOLDER,
      files: attached(disk),
      segmentBytes: 4096,
      log: (event) => events.push(event),
    })
    let faults = 1
    disk.fault = ({ kind, path }) => {
      const isMaking = kind === 'write' && path.endsWith('segment.new')
      return isMaking && faults-- > 0 ? systemError('ENOSPC') : undefined
    }
    for (let index = 1; index <= 12; index += 1) await write(store, change('g', { entries: [command(index, 1)] }))
    expect(events.filter(({ type }) => type === 'preparation.failed')).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'segment.begun').length).toBeGreaterThan(0)
    await close(store)
    const again = await openDiskStore({ folder: FOLDER, files: attached(disk) })
    expect(again.recover('g')?.lastIndex).toBe(12)
  })
})

test('a store does not open when any call on the way fails, and lets go of the folder', async () => {
  const full = new SimDisk()
  const store = await openDiskStore({ folder: FOLDER, files: attached(full), segmentBytes: 4096 })
  for (let index = 1; index <= 12; index += 1) await write(store, change('g', { entries: [command(index, 1)] }))
  await write(store, change('g', { truncateAfter: 5 }))
  const images: DiskImage[] = [new Map(), full.image()]
  await compact(store, 'g', { index: 5, term: 1, startsAfter: 4 })
  await storeSnapshot(store, 'g', headAt(6, 1), Buffer.from('never named'))
  images.push(new Map([...full.image(), [`${FOLDER}/0000000009.snapshot.new`, Buffer.of(1)]]))
  for (const image of images) {
    let nth = 0
    for (;;) {
      nth += 1
      const disk = new SimDisk({ image })
      const files = attached(disk)
      failAt(disk, nth, 'EIO')
      const opened = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 }).catch((error: Error) => error)
      // The call that fails is one behind the opening.
      if (!(opened instanceof Error)) break
      expect(opened).toMatchObject({ code: 'STORAGE_FAILED', systemCode: 'EIO' })
      expect(files.openFiles).toBe(0)
      disk.fault = undefined
      const again = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
      expect(again.recover('g')?.lastIndex).toBe(image.size === 0 ? undefined : 5)
    }
    expect(nth).toBeGreaterThan(20)
  }
})

test('a store works over a disk that completes in any order, and callbacks stay in order', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new SimRandom(seed)
    const waiting: (() => void)[] = []
    const disk = new SimDisk()
    const files = attached(disk, (callback) => waiting.push(callback))
    const running = { is: true }
    const pump = (): void => {
      const [callback] = waiting.splice(random.below(waiting.length), 1)
      callback?.()
      if (running.is) setImmediate(pump)
    }
    pump()
    const store = await openDiskStore({ folder: FOLDER, files, segmentBytes: 4096 })
    const history = new History(random, ['a', 'b', 'c'])
    const order: number[] = []
    for (let step = 0; step < 40; step += 1) {
      const batch = seed % 2 === 0 ? history.next() : await history.nextWithSnapshots(store)
      store.write(batch, (failure) => {
        expect(failure).toBeUndefined()
        order.push(step)
      })
      if (random.below(3) === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await close(store)
    running.is = false
    expect(order).toEqual(Array.from({ length: 40 }, (_, n) => n))
    const again = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096 })
    expect(await contentsOf(again)).toBe(history.model.contents())
  }
})

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.skipIf(!isRoot)('on a file system of three MiB (needs root)', () => {
  test('a full disk stops the store; what was flushed is there, and more once there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-full-'))
    systemTool('mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder)
    try {
      const store = await openDiskStore({ folder })
      const flushed = await writeUntilFull(store)
      expect(flushed).toBeGreaterThan(100)
      await expect(close(store)).rejects.toMatchObject({ systemCode: 'ENOSPC' })
      systemTool('mount', '-o', 'remount,size=16m', folder)
      const again = await openDiskStore({ folder })
      expect(again.recover('g')?.lastIndex).toBeGreaterThanOrEqual(flushed)
      const lastIndex = again.recover('g')?.lastIndex ?? 0
      await write(again, change('g', { entries: [command(lastIndex + 1, 1)] }))
      expect(await read(again, 'g', 0, flushed)).toHaveLength(flushed)
      await close(again)
    } finally {
      systemTool('umount', '-l', folder)
      rmSync(folder, { recursive: true })
    }
  })
})

async function writeUntilFull(store: DiskStore): Promise<number> {
  const data = new SimRandom(1).bytes(4000)
  for (let index = 1; ; index += 1) {
    try {
      await write(store, change('g', { entries: [command(index, 1, data)] }))
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORAGE_FAILED', operation: 'write', systemCode: 'ENOSPC' })
      return index - 1
    }
  }
}
