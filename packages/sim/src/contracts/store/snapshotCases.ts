import type { GroupWrite, SnapshotWrite, StoreFailure } from '@quorate/core'
import { crc32 } from 'node:zlib'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame } from '../difference.ts'
import { sampleCommand, sampleCommands, sampleConfiguration } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import { sampleHead, sampleState } from './sampleSnapshot.ts'
import type { StoreBench, StoreTests } from './storeBench.ts'
import { StoreModel } from './storeModel.ts'

/** Beyond any block that a store may read at a time. */
const LARGE_BYTES = 600_000

/** Snapshots, and the logs that begin behind them. */
export const snapshotCases: StoreTests = {
  'describes a snapshot by its head, its size and its checksum': async (bench) => {
    for (const [place, sizeBytes] of [0, 1, LARGE_BYTES].entries()) {
      const head = sampleHead(place + 1, 1)
      const { description } = await bench.storeSnapshot('orders', head, sizeBytes)
      const checksum = crc32(sampleState(head.lastIncluded, sizeBytes))
      assertSame('the description of a snapshot', { ...head, sizeBytes, checksum }, description)
    }
  },

  'gives back the bytes of a snapshot, from anywhere, at most maxBytes and at least one': async (bench) => {
    for (const [place, sizeBytes] of [0, 1, LARGE_BYTES].entries()) {
      const head = sampleHead(place + 1, 1)
      const snapshot = await bench.storeSnapshot('orders', head, sizeBytes)
      await bench.write(groupWrite('orders', { snapshot: { snapshot, logStartsAfter: head.lastIncluded } }))
      const state = sampleState(head.lastIncluded, sizeBytes)
      for (const [offset, maxBytes] of [
        [0, 1],
        [0, 1_000],
        [17, 70_000],
        [sizeBytes - 1, 5],
        [300_000, LARGE_BYTES],
        [sizeBytes, 1_000],
      ] as const) {
        if (offset >= 0 && offset <= sizeBytes) await assertReads(bench, state, offset, maxBytes)
      }
      assertSame('the bytes of a snapshot', state, await bench.readSnapshot('orders'))
    }
  },

  "keeps a copy of the pieces it is given, and gives out pieces that are the caller's": async (bench) => {
    const head = sampleHead(1, 1)
    const state = sampleState(head.lastIncluded, 1_000)
    const draft = bench.beginSnapshot('orders', head)
    const piece = state.slice()
    await draft.write(piece)
    piece.fill(0)
    const snapshot = await draft.finish()
    await bench.write(groupWrite('orders', { snapshot: { snapshot, logStartsAfter: head.lastIncluded } }))
    const reader = bench.openSnapshot('orders')
    assertSame('the bytes of a snapshot whose piece was used again', state, await reader.read(0, 1_000))
    const first = await reader.read(0, 1_000)
    first.fill(0)
    assertSame('the bytes of a snapshot, read once more', state, await reader.read(0, 1_000))
    reader.close()
  },

  'puts a snapshot in the place of the middle of a log, of its end, and of more than there is': async (bench) => {
    const entries = [sampleConfiguration(1, 1), ...sampleCommands(2, 4, 1), sampleConfiguration(5, 2)]
    const log = [...entries, ...sampleCommands(6, 9, 2), ...sampleCommands(10, 12, 5)]
    const places = [
      { included: [4, 1], start: [0, 0] },
      { included: [7, 2], start: [3, 1] },
      { included: [9, 2], start: [9, 2] },
      { included: [12, 5], start: [12, 5] },
      { included: [30, 8], start: [30, 8] },
    ] as const
    await followed(bench, [groupWrite('orders', { entries: log })], async (take) => {
      for (const { included, start } of places) {
        const snapshot = await storedAt(bench, 'orders', included, start)
        await take(groupWrite('orders', { snapshot }))
      }
      await take(groupWrite('orders', { entries: sampleCommands(31, 33, 8) }))
      await take(groupWrite('orders', { truncateAfter: 30, entries: sampleCommands(31, 31, 9) }))
      await take(groupWrite('orders', { truncateAfter: 30 }))
    })
  },

  'sets hard state, truncates, takes a snapshot and appends in one write, in this order': async (bench) => {
    const first = { hardState: { currentTerm: 1, votedFor: 'n1' }, entries: sampleCommands(1, 9, 1) }
    await followed(bench, [groupWrite('orders', first)], async (take) => {
      const hardState = { currentTerm: 4, votedFor: 'n2' }
      const middle = await storedAt(bench, 'orders', [5, 1], [3, 1])
      const entries = sampleCommands(8, 9, 4)
      await take(groupWrite('orders', { hardState, truncateAfter: 7, snapshot: middle, entries }))
      // What is left of the log ends before the snapshot does, though it went beyond it before.
      const beyond = await storedAt(bench, 'orders', [8, 3], [8, 3])
      const behind = [sampleConfiguration(9, 4), ...sampleCommands(10, 11, 4)]
      await take(groupWrite('orders', { truncateAfter: 7, snapshot: beyond, entries: behind }))
    })
  },

  'takes snapshots of several groups side by side, to each its own': async (bench) => {
    const groups = ['orders', 'stock', 'users']
    await followed(bench, [], async (take) => {
      for (const round of [1, 2]) {
        const snapshots = await Promise.all(
          groups.map((group, place) => storedAt(bench, group, [round * 10 + place, round], [round * 5, round])),
        )
        await take(...groups.map((group, place) => groupWrite(group, { snapshot: snapshots[place] })))
      }
    })
  },

  'reads no entries whose first is gone': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 9, 1) }))
    await bench.write(groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [6, 1], [4, 1]) }))
    assertSame('what is read of what is gone', [], await bench.read('orders', 0, 3))
    assertSame('what is read from what is gone on', [], await bench.read('orders', 3, 9))
    assertSame('what is read behind it', sampleCommands(5, 9, 1), await bench.read('orders', 4, 9))
  },

  'keeps a snapshot readable that is open, though another takes its place': async (bench) => {
    const former = await storedAt(bench, 'orders', [3, 1], [3, 1], LARGE_BYTES)
    await bench.write(groupWrite('orders', { snapshot: former }))
    const begun = bench.openSnapshot('orders')
    const unread = bench.openSnapshot('orders')
    await begun.read(0, 100)
    await bench.write(groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [5, 1], [5, 1]) }))
    await bench.write(groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [7, 1], [7, 1]) }))
    await bench.waiting.settle()
    const state = sampleState({ index: 3, term: 1 }, LARGE_BYTES)
    assertSame('the bytes of a snapshot that another has taken the place of', state, await begun.readAll())
    assertSame('the bytes of a snapshot that was open before', state, await unread.readAll())
    begun.close()
    unread.close()
    const latest = sampleState({ index: 7, term: 1 }, SMALL_BYTES)
    assertSame('the bytes of the latest snapshot', latest, await bench.readSnapshot('orders'))
  },

  'opens a snapshot whose write is not flushed yet': async (bench) => {
    const snapshot = await storedAt(bench, 'orders', [3, 1], [3, 1])
    const write = bench.beginWrite([groupWrite('orders', { snapshot })])
    const state = await bench.readSnapshot('orders')
    assertSame('the bytes of the snapshot', sampleState({ index: 3, term: 1 }, SMALL_BYTES), state)
    await bench.succeeded(write)
  },

  'keeps a snapshot that is discarded when a write has named it': async (bench) => {
    const head = sampleHead(3, 1)
    const draft = bench.beginSnapshot('orders', head)
    await draft.write(sampleState(head.lastIncluded, SMALL_BYTES))
    const snapshot = await draft.finish()
    const write = bench.beginWrite([
      groupWrite('orders', { snapshot: { snapshot, logStartsAfter: head.lastIncluded } }),
    ])
    draft.discard()
    await bench.succeeded(write)
    draft.discard()
    await bench.waiting.settle()
    const state = sampleState(head.lastIncluded, SMALL_BYTES)
    assertSame('the bytes of the snapshot', state, await bench.readSnapshot('orders'))
  },

  'goes on when snapshots are discarded, also while a call of theirs is under way': async (bench) => {
    const former = await storedAt(bench, 'orders', [3, 1], [3, 1])
    await followed(bench, [groupWrite('orders', { snapshot: former })], async (take) => {
      const drafts = [4, 5, 6, 7].map((index) => bench.beginSnapshot('orders', sampleHead(index, 1)))
      const [blank, written, finished, whole] = drafts
      blank?.discard()
      const writing = written?.write(new Uint8Array(LARGE_BYTES))
      written?.discard()
      const finishing = finished?.finish()
      finished?.discard()
      await Promise.all([writing, finishing])
      await whole?.finish()
      whole?.discard()
      await bench.waiting.settle()
      await take(groupWrite('orders', { entries: sampleCommands(4, 5, 1) }))
    })
  },
}

/** Snapshots of a store that is opened again. */
export const lastingSnapshotCases: StoreTests = {
  'holds, opened again, the snapshot, and the log that begins behind it': async (bench) => {
    const model = new StoreModel()
    const take = async (write: GroupWrite): Promise<void> => {
      model.write([write])
      await bench.write(write)
      await bench.reopen()
      await bench.assertHolds(model)
    }
    await take(groupWrite('orders', { entries: sampleCommands(1, 9, 1) }))
    await take(groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [6, 1], [4, 1], LARGE_BYTES) }))
    await take(groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [20, 2], [20, 2], 0) }))
    await take(groupWrite('orders', { entries: [sampleCommand(21, 3)] }))
    await take(groupWrite('orders', { truncateAfter: 20 }))
  },

  'forgets, opened again, a snapshot that no write has named': async (bench) => {
    const model = new StoreModel()
    const former = groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [6, 1], [6, 1]) })
    model.write([former])
    await bench.write(former)
    await storedAt(bench, 'orders', [8, 1], [8, 1])
    await storedAt(bench, 'stock', [8, 1], [8, 1])
    await bench.beginSnapshot('orders', sampleHead(9, 1)).write(new Uint8Array(SMALL_BYTES))
    await bench.reopen()
    await bench.assertHolds(model)
    const next = groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [7, 1], [7, 1]) })
    model.write([next])
    await bench.write(next)
    await bench.assertHolds(model)
  },
}

/** What is left of snapshots when the store is closed. */
export const closedSnapshotCases: StoreTests = {
  'answers what is asked of snapshots after its close with a failure': async (bench) => {
    await bench.write(groupWrite('orders', { snapshot: await storedAt(bench, 'orders', [6, 1], [6, 1]) }))
    const draft = bench.beginSnapshot('orders', sampleHead(8, 1))
    const reader = bench.openSnapshot('orders')
    await bench.succeeded(bench.beginClose())
    const write = draft.beginWrite(new Uint8Array(10))
    assertFailed(write.name, (await bench.callbacks.valuesOf(write))[0])
    const read = reader.beginRead(0, 10)
    assertFailed(read.name, (await bench.callbacks.valuesOf(read))[0])
  },
}

const SMALL_BYTES = 1_000

/** A snapshot of samples, to be named in a write. */
async function storedAt(
  bench: StoreBench,
  group: string,
  [index, term]: readonly [number, number],
  [startIndex, startTerm]: readonly [number, number],
  sizeBytes = SMALL_BYTES,
): Promise<SnapshotWrite> {
  const snapshot = await bench.storeSnapshot(group, sampleHead(index, term), sizeBytes)
  return { snapshot, logStartsAfter: { index: startIndex, term: startTerm } }
}

/** Whatever is taken, the store holds afterwards what the model does. */
async function followed(
  bench: StoreBench,
  first: readonly GroupWrite[],
  steps: (take: (...batch: GroupWrite[]) => Promise<void>) => Promise<void>,
): Promise<void> {
  const model = new StoreModel()
  const take = async (...batch: GroupWrite[]): Promise<void> => {
    model.write(batch)
    await bench.write(...batch)
    await bench.assertHolds(model)
  }
  await take(...first)
  await steps(take)
}

function assertFailed(name: string, failure: StoreFailure | undefined): void {
  if (failure === undefined) throw new ContractBrokenError(`${name} succeeded, of a store that was closed`)
}

async function assertReads(bench: StoreBench, state: Uint8Array, offset: number, maxBytes: number): Promise<void> {
  const reader = bench.openSnapshot('orders')
  const piece = await reader.read(offset, maxBytes)
  reader.close()
  const asked = `of a read from byte ${offset} with maxBytes ${maxBytes}, of ${state.length}`
  const least = offset < state.length ? 1 : 0
  if (piece.length < least || piece.length > maxBytes)
    throw new ContractBrokenError(`${asked} ${piece.length} bytes came`)
  assertSame(`what came ${asked}`, state.slice(offset, offset + piece.length), piece)
}
