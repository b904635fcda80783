import { type DiskImage, SimDisk, SimRandom } from '@quorate/sim'
import { type DiskEvent, openDiskStore } from '../src/index.ts'
import { attached } from './attached.ts'
import { History } from './history.ts'
import { change, close, command, contentsOf, write } from './storeCalls.ts'

export const FOLDER = '/store'

/** What a damaged store may answer, if it does not open with all that it held. */
export const REFUSALS = ['CORRUPT_STORE', 'FOREIGN_STORE', 'NEWER_STORE_FORMAT']

/** What files of a store held at two moments, and what a store that opens on them must hold. */
export interface FilledStore {
  readonly contents: string
  /** As `close` left it. */
  readonly closed: DiskImage
  /** As a killed process left it: every write had been flushed. */
  readonly killed: DiskImage
}

/** A store of a few segments, with so many batches and one more. */
export async function filled(seed: number, batches = 7): Promise<FilledStore> {
  const disk = new SimDisk()
  const random = new SimRandom(seed)
  const history = new History(random, ['a', 'b'])
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096, random })
  for (let step = 0; step < batches; step += 1) await write(store, ...history.next())
  // A sector with a single bit in it: flipped, it looks as if the sector had never arrived.
  const lone = command(1, 1, new Uint8Array(1500).fill(1, 700, 701))
  const last = [change('z', { hardState: { currentTerm: 1, votedFor: 'n1' }, entries: [lone] })]
  history.model.write(last)
  await write(store, ...last)
  const killed = disk.image()
  await close(store)
  return { contents: history.model.contents(), closed: disk.image(), killed }
}

/** A store with snapshots in the place of the beginnings of its logs, and with its first segments freed. */
export async function filledWithSnapshots(seed: number): Promise<FilledStore> {
  const disk = new SimDisk()
  const random = new SimRandom(seed)
  const history = new History(random, ['a', 'b'])
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096, random })
  for (let step = 0; step < 16; step += 1) await write(store, ...(await history.nextWithSnapshots(store)))
  const killed = disk.image()
  await close(store)
  return { contents: history.model.contents(), closed: disk.image(), killed }
}

/** What an opened store holds, or the code of the error that it does not open with. */
export async function outcome(image: DiskImage, events: DiskEvent[] = []): Promise<string> {
  const disk = new SimDisk({ image, keepsWholeJournal: true })
  try {
    const log = (event: DiskEvent) => events.push(event)
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: 4096, log })
    return await contentsOf(store)
  } catch (error) {
    // Damage in the middle of a snapshot is found when that is read, and so by an open store.
    const isOpen = events.some(({ type }) => type === 'store.opened')
    if (!isOpen && disk.journal.operations.length > 0) throw new Error('a damaged store was changed', { cause: error })
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}

export function withBytes(image: DiskImage, path: string, make: (bytes: Uint8Array) => Uint8Array): DiskImage {
  return new Map(image).set(path, make(new Uint8Array(image.get(path) ?? [])))
}

/** With one byte that differs in the bits of `change`. */
export function flipped(image: DiskImage, path: string, place: number, change: number): DiskImage {
  return withBytes(image, path, (bytes) => bytes.fill((bytes[place] ?? 0) ^ change, place, place + 1))
}
