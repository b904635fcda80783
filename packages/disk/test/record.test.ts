import type { HardState } from '@quorate/core'
import { describe, expect, test } from 'vitest'
import { type AttachedDisk, SimDisk } from '@quorate/sim'
import { openDiskStore } from '../src/index.ts'
import { FRAME_HEAD_BYTES, frameLength, readFrameHead, sealFrame } from '../src/frame.ts'
import { type GroupState, RecordBuffer } from '../src/record.ts'
import { seedOf } from '../src/recovery.ts'
import { attached } from './attached.ts'
import { change, command, contentsOf, write } from './storeCalls.ts'

const FOLDER = '/store'
const LOG = `${FOLDER}/0000000001.log`

/** A store with group `g`, number 1, at term 1 with entry 1; behind that a whole frame with the records of `put`. */
async function withFrame(put: (records: RecordBuffer) => void): Promise<AttachedDisk> {
  const disk = new SimDisk()
  const store = await openDiskStore({ folder: FOLDER, files: attached(disk) })
  const hardState = { currentTerm: 1, votedFor: 'n1' }
  await write(store, change('g', { hardState, entries: [command(1, 1)] }))
  const image = disk.image()
  const bytes = image.get(LOG) as Uint8Array
  const seed = seedOf(store.identity)
  const last = readFrameHead(bytes, 1024, seed)
  const records = new RecordBuffer(FRAME_HEAD_BYTES, 4096)
  put(records)
  const recordBytes = records.end - FRAME_HEAD_BYTES
  const frame = records.bytes.subarray(0, frameLength(recordBytes))
  sealFrame(frame, { kind: 'records', recordBytes, sequence: 3, chain: last?.checksum ?? 0 }, seed)
  bytes.set(frame, 1536)
  return attached(new SimDisk({ image }))
}

const voted = { currentTerm: 1, votedFor: 'n1' }
const snapshot = { file: 1, lastIncluded: { index: 1, term: 1 }, lastTime: 10, sizeBytes: 5, checksum: 7 }
const start = { index: 0, term: 0 }
const same = { hardState: voted, lastIndex: 1, logStartsAfter: start, snapshot: undefined }
const none = {
  hardState: { currentTerm: 0, votedFor: undefined },
  lastIndex: 0,
  logStartsAfter: start,
  snapshot: undefined,
}

const putVoted = (records: RecordBuffer, hardState: HardState): void => {
  records.putGroup(1, 'g', { ...same, hardState })
}

const putBeginning = (records: RecordBuffer, parts: Partial<GroupState>): void => {
  records.putGroup(1, 'g', { ...same, ...parts })
}

const putRepair = (records: RecordBuffer, index: number, bytes: number): void => {
  records.putRepairHead(1, index)
  records.putEntry(new Uint8Array(bytes), false)
}

const putSnapshot = (records: RecordBuffer, index: number, startsAfter: number): void => {
  records.putSnapshot(1, { ...snapshot, lastIncluded: { index, term: 1 } }, { index: startsAfter, term: 1 })
}

/** The records come in a frame behind others, where `before` stands. */
test.each<[string, (records: RecordBuffer) => void, RegExp]>([
  ['an earlier snapshot', (records) => putSnapshot(records, 4, 4), /a snapshot up to 4 cannot follow/],
  ['the same snapshot', (records) => putSnapshot(records, 5, 5), /a snapshot up to 5 cannot follow/],
  ['a log that begins earlier', (records) => putSnapshot(records, 6, 3), /begins behind 3/],
  ['a truncation of what is in it', (records) => records.putTruncation(1, 3), /the log begins behind 4, not 3/],
  ['an entry that is in it', (records) => records.putEntriesHead(1, command(3, 1), 0, 0), /entry 3 follows entry 4/],
])('behind a snapshot up to 5, with a log from 5 on, this is damage: %s', async (_, put, message) => {
  const files = await withFrame((records) => {
    putSnapshot(records, 5, 4)
    put(records)
  })
  await expect(openDiskStore({ folder: FOLDER, files })).rejects.toThrow(message)
})

test('a frame that fits is read', async () => {
  const files = await withFrame((records) => {
    records.putTruncation(1, 0)
    records.putGroup(2, 'h', none)
    records.putHardState(2, voted)
  })
  const store = await openDiskStore({ folder: FOLDER, files })
  expect(JSON.parse(await contentsOf(store))).toMatchObject([
    { group: 'g', lastIndex: 0 },
    { group: 'h', hardState: voted },
  ])
})

describe('a frame that is whole, and makes no sense, is damage', () => {
  test.each<[string, (records: RecordBuffer) => void, RegExp]>([
    ['a hole', (records) => records.putEntriesHead(1, command(3, 1), 0, 0), /entry 3 follows entry 1/],
    ['an entry twice', (records) => records.putEntriesHead(1, command(1, 1), 0, 0), /entry 1 follows entry 1/],
    ['a truncation of nothing', (records) => records.putTruncation(1, 1), /nothing of group g stands behind 1/],
    ['a number of no group', (records) => records.putHardState(7, voted), /which group has the number 7/],
    ['a second number', (records) => records.putGroup(2, 'g', same), /two numbers/],
    ['another name', (records) => records.putGroup(1, 'h', same), /not what it was/],
    ['another last index', (records) => records.putGroup(1, 'g', { ...same, lastIndex: 2 }), /not what it was/],
    ['another term', (records) => putVoted(records, { currentTerm: 2, votedFor: 'n1' }), /not what it was/],
    ['another vote', (records) => putVoted(records, { currentTerm: 1, votedFor: 'n2' }), /not what it was/],
    [
      'another beginning',
      (records) => putBeginning(records, { logStartsAfter: { index: 0, term: 1 } }),
      /not what it was/,
    ],
    ['a snapshot that it had not', (records) => putBeginning(records, { snapshot }), /not what it was/],
    ['a group with a past', (records) => records.putGroup(2, 'h', { ...none, hardState: voted }), /not what it was/],
    ['a snapshot of nothing', (records) => putSnapshot(records, 0, 0), /a snapshot up to 0 cannot follow/],
    ['a log that begins behind its snapshot', (records) => putSnapshot(records, 1, 2), /begins behind 2/],
    [
      'a snapshot without a file',
      (records) => records.putSnapshot(1, { ...snapshot, file: 0 }, start),
      /a snapshot has no file/,
    ],
    [
      'an entry that is cut short',
      (records) => records.putEntriesHead(1, command(2, 1), 0, 1),
      /longer than its frame/,
    ],
    ['a repair of what is not there', (records) => putRepair(records, 2, 3), /there is no entry 2 of 3 bytes/],
    ['a repair of another length', (records) => putRepair(records, 1, 3), /there is no entry 1 of 3 bytes/],
    ['a repair that is cut short', (records) => records.putRepairHead(1, 1), /longer than its frame/],
    ['an unknown kind', (records) => records.bytes.fill(9, records.end, (records.end += 20)), /no record of kind 9/],
    ['half a record', (records) => records.bytes.fill(2, records.end, (records.end += 7)), /longer than its frame/],
  ])('%s', async (_, put, message) => {
    const opened = openDiskStore({ folder: FOLDER, files: await withFrame(put) })
    await expect(opened).rejects.toThrow(message)
    await expect(opened).rejects.toMatchObject({ code: 'CORRUPT_STORE', file: LOG, offset: 1536 + FRAME_HEAD_BYTES })
  })
})

test('a buffer that is used again does not go on with the entries of the frame before', () => {
  const records = new RecordBuffer(0, 4096)
  const entry = command(1, 1)
  const put = (bytes: number): Uint8Array => {
    records.putEntriesHead(1, entry, entry.time, 1)
    records.putEntry(new Uint8Array(bytes), false)
    return records.bytes.slice(0, records.end)
  }
  const first = put(96 - 36 - 8)
  records.reset()
  // As long as what stood here.
  for (let written = 0; written < 96; written += 16) records.putHardState(2, none.hardState)
  expect(records.end).toBe(first.length)
  put(0)
  expect(records.end).toBe(first.length + 36 + 8)
})
