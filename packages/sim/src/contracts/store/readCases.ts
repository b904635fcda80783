import { entryBytes, type Entry } from '@quorate/core'
import { decodeEntry, encodeEntry } from '@quorate/wire'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame } from '../difference.ts'
import { commandOfSize, everyEntry, sampleCommand, sampleCommands } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import type { StoreBench, StoreTests } from './storeBench.ts'

const MEBIBYTE = 1024 * 1024

type EarlyRead = readonly [failure: unknown, entries: readonly Entry[]]

/** What a read gives. */
export const readCases: StoreTests = {
  'reads the entries behind `after` up to `upTo`, from the first on': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 12, 1) }))
    await bench.write(groupWrite('stock', { entries: sampleCommands(1, 12, 2) }))
    await bench.write(groupWrite('orders', { entries: sampleCommands(13, 20, 3) }))
    const log = [...sampleCommands(1, 12, 1), ...sampleCommands(13, 20, 3)]
    for (const [after, upTo] of [
      [0, 20],
      [0, 1],
      [4, 9],
      [11, 14],
      [19, 20],
    ] as const) {
      assertSame(
        `the log after ${after} up to ${upTo}`,
        log.slice(after, upTo),
        await bench.read('orders', after, upTo),
      )
    }
  },

  'reads nothing of a range that is empty': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 3, 1) }))
    for (const after of [0, 2, 3]) {
      assertSame(`the log after ${after} up to ${after}`, [], await bench.read('orders', after, after))
    }
  },

  'reads as many entries as fit maxBytes, and at least one': async (bench) => {
    const entries = Array.from({ length: 10 }, (_, place) => sampleCommand(place + 1, 1, new Uint8Array(1_000)))
    await bench.write(groupWrite('orders', { entries }))
    for (const maxBytes of [0, 1, 999, 1_500, 3_200, 5_000, 10_999, 20_000]) {
      await assertFits(bench, entries, 0, maxBytes)
      await assertFits(bench, entries, 4, maxBytes)
    }
  },

  'reads one entry that is larger than maxBytes, wherever it stands': async (bench) => {
    const sizes = [10, 5_000, 10, 5_000]
    const entries = sizes.map((bytes, place) => sampleCommand(place + 1, 1, new Uint8Array(bytes)))
    await bench.write(groupWrite('orders', { entries }))
    assertSame('what was read in front of a large entry', entries.slice(0, 1), await bench.read('orders', 0, 4, 1_000))
    assertSame('what was read from a large entry on', entries.slice(1, 2), await bench.read('orders', 1, 4, 1_000))
  },

  'gives no entry before the write that holds it has called back': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 3, 1) }))
    const write = bench.beginWrite([groupWrite('orders', { entries: sampleCommands(4, 6, 1) })])
    const flushed = bench.beginRead('orders', 0, 3)
    readEarly(bench, () => write.calls > 0)
    assertSame('what was read beside a write', sampleCommands(1, 3, 1), await bench.entriesOf(flushed))
    await bench.finish()
  },

  'reads what stands in the place of what was truncated': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 6, 1) }))
    await bench.write(groupWrite('orders', { truncateAfter: 2, entries: sampleCommands(3, 4, 5) }))
    const log = [...sampleCommands(1, 2, 1), ...sampleCommands(3, 4, 5)]
    assertSame('the log', log, await bench.read('orders', 0, 4))
  },

  'gives back entries of every kind as they were written': async (bench) => {
    const entries = everyEntry()
    await bench.write(groupWrite('orders', { entries }))
    await assertSameBytes(bench, everyEntry())
  },

  'gives back an entry of a mebibyte, and one beside it': async (bench) => {
    const entries = (): Entry[] => [
      sampleCommand(1, 1),
      commandOfSize(sampleCommand(2, 1), MEBIBYTE),
      sampleCommand(3, 1),
    ]
    await bench.write(groupWrite('orders', { entries: entries() }))
    await assertSameBytes(bench, entries())
  },

  'gives back the very bytes that an entry travels as': async (bench) => {
    const others = [1, 2, 3].map((index) => decodeEntry(otherBytesOf(sampleCommand(index, 1))))
    await bench.write(groupWrite('orders', { entries: others }))
    await assertSameBytes(
      bench,
      [1, 2, 3].map((index) => decodeEntry(otherBytesOf(sampleCommand(index, 1)))),
    )
  },
}

/** Sizes are a matter of the store between the data alone and the estimate that counts against windows. */
async function assertFits(
  bench: StoreBench,
  entries: readonly Entry[],
  after: number,
  maxBytes: number,
): Promise<void> {
  const read = await bench.read('orders', after, entries.length, maxBytes)
  const asked = `of a read after ${after} with maxBytes ${maxBytes}`
  assertSame(`what came ${asked}`, entries.slice(after, after + Math.max(1, read.length)), read)
  const dataBytes = read.reduce((sum, entry) => sum + (entry.kind === 'command' ? entry.data.length : 0), 0)
  if (read.length > 1 && dataBytes > maxBytes) {
    throw new ContractBrokenError(`${asked} ${read.length} entries with ${dataBytes} bytes of data alone came back`)
  }
  const more = entries.slice(after, after + read.length + 1)
  const estimate = more.reduce((sum, entry) => sum + entryBytes(entry), 0)
  if (more.length > read.length && estimate <= maxBytes) {
    throw new ContractBrokenError(
      `${asked} ${read.length} entries came back, though ${more.length} take ${estimate} bytes`,
    )
  }
}

/** A store may refuse to read what is not flushed, in any way; what it must not do is to answer with it. */
function readEarly({ callbacks, store }: StoreBench, isFlushed: () => boolean): void {
  const early = callbacks.expect<EarlyRead>('a read of what was not flushed yet', (_, entries) => {
    const unflushed = entries.find(({ index }) => index > 3)
    if (isFlushed() || unflushed === undefined) return
    callbacks.fail(`entry ${unflushed.index} was read before the write that holds it had called back`)
  })
  try {
    const range = { after: 0, upTo: 6, maxBytes: MEBIBYTE }
    callbacks.during(early.name, () =>
      store.read('orders', range, (failure, entries) => early.callback(failure, entries)),
    )
  } catch {
    callbacks.forget(early)
  }
}

async function assertSameBytes(bench: StoreBench, expected: readonly Entry[]): Promise<void> {
  const read = await bench.read('orders', 0, expected.length)
  assertSame('the log', expected, read)
  for (const [place, entry] of expected.entries()) {
    assertSame(`what entry ${entry.index} travels as`, encodeEntry(entry), encodeEntry(read[place] as Entry))
  }
}

/** A valid encoding that this version of the format reads, and does not write: the index takes a byte more. */
function otherBytesOf(entry: Entry): Uint8Array {
  const [head = 0, index = 0, ...rest] = encodeEntry(entry)
  return Uint8Array.from([head, 0xcc, index, ...rest])
}
