import type { Entry, GroupId, HardState, Index, LogPosition, ServerId, Term } from '@quorate/core'
import { getInteger, putInteger, viewOf } from './layout.ts'
import { shortChecksum } from './shortChecksum.ts'

// The records of a frame, one behind the other without a gap. `number` is what stands for the group.
//
// 1 group: what the group was before the first change of it in this segment; a segment thus explains itself
//   0    1  1
//   1    1  length of the name
//   2    1  length of the vote, 0 for none
//   3    1  zero
//   4    4  number of the group
//   8   60  the beginning of the log, as below
//   68   8  currentTerm
//   76   8  last index
//   84      name, vote
// 2 hard state
//   0    1  2
//   1    1  zero
//   2    1  length of the vote, 0 for none
//   3    1  zero
//   4    4  number of the group
//   8    8  currentTerm
//   16      vote
// 3 truncation
//   0    1  3
//   1    3  zero
//   4    4  number of the group
//   8    8  the last index that stays
// 4 entries, of one term, without a hole behind the last that stands
//   0    1  4
//   1    3  zero
//   4    4  number of the group
//   8    8  index of the first
//   16   8  term
//   24   8  time of the last
//   32   4  how many
//   36      for each: length in bytes (bit 31: it is a configuration), CRC-32 of the bytes, the bytes
// 5 snapshot: it takes the place of the log's beginning
//   0    1  5
//   1    3  zero
//   4    4  number of the group
//   8   60  the beginning of the log, as below
// 6 repair: an entry that could not be read any more is given again; it stands here from now on
//   0    1  6
//   1    3  zero
//   4    4  number of the group
//   8    8  its index
//   16      length in bytes (bit 31: it is a configuration), CRC-32 of the bytes, the bytes
//
// The beginning of the log:
//   0    8  index of the entry behind which the log begins
//   8    8  its term
//   16   8  number of the snapshot's file; 0 for none, with zeros behind it
//   24   8  index of the last entry that the snapshot includes
//   32   8  its term
//   40   8  the highest time of an entry up to there
//   48   8  length of the state machine's part in bytes
//   56   4  CRC-32 of the state machine's part

const GROUP = 1
const HARD_STATE = 2
const TRUNCATION = 3
const ENTRIES = 4
const SNAPSHOT = 5
const REPAIR = 6

const BEGINNING_BYTES = 60
const SNAPSHOT_BYTES = 8 + BEGINNING_BYTES
const GROUP_HEAD_BYTES = 24 + BEGINNING_BYTES
const HARD_STATE_HEAD_BYTES = 16
const TRUNCATION_BYTES = 16
export const ENTRIES_HEAD_BYTES = 36
/** What stands before the entry of a repair. */
export const REPAIR_HEAD_BYTES = 16
/** What stands before the bytes of an entry: their length and checksum. */
export const ENTRY_HEAD_BYTES = 8

const LONGEST_NAME_BYTES = 64
const CONFIGURATION_BIT = 0x8000_0000
/** No frame carries more, which also keeps the length of an entry off bit 31. */
export const MAX_FRAME_BYTES = 1024 * 1024 * 1024

/** A group record is no longer than this. */
export const MAX_GROUP_BYTES = GROUP_HEAD_BYTES + 2 * LONGEST_NAME_BYTES

/** A group record, a hard state, a truncation and a snapshot together are no longer than this. */
export const MAX_STATE_BYTES =
  MAX_GROUP_BYTES + HARD_STATE_HEAD_BYTES + LONGEST_NAME_BYTES + TRUNCATION_BYTES + SNAPSHOT_BYTES

/** A snapshot as the log names it: by its file, with what tells it from any other. */
export interface RecordedSnapshot {
  /** The number of the file. */
  readonly file: number
  readonly lastIncluded: LogPosition
  readonly lastTime: number
  readonly sizeBytes: number
  readonly checksum: number
}

/** What a group record says of a group. */
export interface GroupState {
  readonly hardState: HardState
  readonly lastIndex: Index
  readonly logStartsAfter: LogPosition
  readonly snapshot: RecordedSnapshot | undefined
}

const NO_SNAPSHOT: RecordedSnapshot = {
  file: 0,
  lastIncluded: { index: 0, term: 0 },
  lastTime: 0,
  sizeBytes: 0,
  checksum: 0,
}

/** Room for records that grows, and where the next one goes. */
export class RecordBuffer {
  bytes: Uint8Array
  view: DataView
  /** The end of what is written. */
  end: number
  readonly #start: number
  /** The last entries record, while nothing stands behind it. */
  #run = { at: 0, end: 0, number: 0, term: 0 }

  constructor(start: number, capacity: number) {
    this.#start = start
    this.end = start
    this.bytes = Buffer.allocUnsafeSlow(capacity)
    this.view = viewOf(this.bytes)
  }

  /** Makes room behind `end` for so many bytes. */
  reserve(bytes: number): void {
    if (this.end + bytes <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.end + bytes, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.end))
    this.bytes = grown
    this.view = viewOf(grown)
  }

  reset(): void {
    this.end = this.#start
    this.#run.end = 0
  }

  putGroup(number: number, group: GroupId, { hardState, lastIndex, logStartsAfter, snapshot }: GroupState): void {
    const { view, end } = this
    const { currentTerm, votedFor } = hardState
    view.setUint32(end, GROUP | (group.length << 8) | ((votedFor?.length ?? 0) << 16), true)
    view.setUint32(end + 4, number, true)
    this.#putBeginning(end + 8, logStartsAfter, snapshot)
    putInteger(view, end + 8 + BEGINNING_BYTES, currentTerm)
    putInteger(view, end + 16 + BEGINNING_BYTES, lastIndex)
    this.end += GROUP_HEAD_BYTES
    this.#putName(group)
    this.#putName(votedFor ?? '')
  }

  putHardState(number: number, { currentTerm, votedFor }: HardState): void {
    const { view, end } = this
    view.setUint32(end, HARD_STATE | ((votedFor?.length ?? 0) << 16), true)
    view.setUint32(end + 4, number, true)
    putInteger(view, end + 8, currentTerm)
    this.end += HARD_STATE_HEAD_BYTES
    this.#putName(votedFor ?? '')
  }

  putTruncation(number: number, after: Index): void {
    const { view, end } = this
    view.setUint32(end, TRUNCATION, true)
    view.setUint32(end + 4, number, true)
    putInteger(view, end + 8, after)
    this.end += TRUNCATION_BYTES
  }

  putSnapshot(number: number, snapshot: RecordedSnapshot, logStartsAfter: LogPosition): void {
    const { view, end } = this
    view.setUint32(end, SNAPSHOT, true)
    view.setUint32(end + 4, number, true)
    this.#putBeginning(end + 8, logStartsAfter, snapshot)
    this.end += SNAPSHOT_BYTES
  }

  /** So many entries of one term follow, in a record of their own or as more of the last one. */
  putEntriesHead(number: number, first: Entry, lastTime: number, count: number): void {
    const run = this.#run
    if (run.end === this.end && run.number === number && run.term === first.term) {
      return this.#setRun(run.at, lastTime, this.view.getUint32(run.at + 32, true) + count)
    }
    const { view, end } = this
    view.setUint32(end, ENTRIES, true)
    view.setUint32(end + 4, number, true)
    putInteger(view, end + 8, first.index)
    putInteger(view, end + 16, first.term)
    this.#setRun(end, lastTime, count)
    this.end += ENTRIES_HEAD_BYTES
    this.#run = { at: end, end: this.end, number, term: first.term }
  }

  /** One entry follows, which takes the place of the one of this index that cannot be read any more. */
  putRepairHead(number: number, index: Index): void {
    const { view, end } = this
    view.setUint32(end, REPAIR, true)
    view.setUint32(end + 4, number, true)
    putInteger(view, end + 8, index)
    this.end += REPAIR_HEAD_BYTES
  }

  putEntry(encoded: Uint8Array, isConfiguration: boolean): void {
    const { view, end } = this
    view.setUint32(end, isConfiguration ? encoded.length + CONFIGURATION_BIT : encoded.length, true)
    const start = end + ENTRY_HEAD_BYTES
    this.end = start + encoded.length
    this.bytes.set(encoded, start)
    view.setUint32(end + 4, shortChecksum(this.bytes, view, start, this.end), true)
    if (this.#run.end === end) this.#run.end = this.end
  }

  #putBeginning(at: number, logStartsAfter: LogPosition, snapshot: RecordedSnapshot = NO_SNAPSHOT): void {
    const { view } = this
    const { file, lastIncluded, lastTime, sizeBytes, checksum } = snapshot
    const integers = [logStartsAfter.index, logStartsAfter.term, file, lastIncluded.index, lastIncluded.term]
    for (const [place, value] of [...integers, lastTime, sizeBytes].entries()) putInteger(view, at + place * 8, value)
    view.setUint32(at + 56, checksum, true)
  }

  #setRun(at: number, lastTime: number, count: number): void {
    putInteger(this.view, at + 24, lastTime)
    this.view.setUint32(at + 32, count, true)
  }

  #putName(name: string): void {
    for (let place = 0; place < name.length; place += 1) this.bytes[this.end + place] = name.charCodeAt(place)
    this.end += name.length
  }
}

/** What stands in an entries record, but for the entries. */
export interface EntriesHead {
  readonly firstIndex: Index
  readonly term: Term
  readonly lastTime: number
}

/** Takes in records in the order in which they stand. */
export interface RecordReceiver {
  takeGroup(number: number, group: GroupId, state: GroupState): void
  takeHardState(number: number, state: HardState): void
  takeTruncation(number: number, after: Index): void
  takeSnapshot(number: number, snapshot: RecordedSnapshot, logStartsAfter: LogPosition): void
  takeEntries(number: number, head: EntriesHead): void
  /** The next entry of the last entries record; `offset` is that of its bytes. */
  takeEntry(offset: number, length: number, isConfiguration: boolean): void
  /** The entry of this index stands here from now on. */
  takeRepair(number: number, index: Index, offset: number, length: number, isConfiguration: boolean): void
}

/** What a record says makes no sense, though every byte is as it was written. */
export class SenselessRecord extends Error {
  /** Where the record begins. */
  offset = 0
}

/** Reads the records between `start` and `end`. @throws SenselessRecord */
export function readRecords(bytes: Uint8Array, start: number, end: number, receiver: RecordReceiver): void {
  let at = start
  try {
    while (at < end) at = readRecord(bytes, at, end, receiver)
    if (at > end) throw new SenselessRecord('a record is longer than its frame')
  } catch (error) {
    if (error instanceof SenselessRecord) error.offset = at
    throw error
  }
}

function readRecord(bytes: Uint8Array, at: number, end: number, receiver: RecordReceiver): number {
  if (at + HARD_STATE_HEAD_BYTES > end) throw new SenselessRecord('a record is longer than its frame')
  const view = viewOf(bytes)
  const number = view.getUint32(at + 4, true)
  switch (bytes[at]) {
    case GROUP:
      return readGroup({ bytes, view, at, end }, number, receiver)
    case HARD_STATE: {
      const vote = at + HARD_STATE_HEAD_BYTES
      const voteEnd = vote + (bytes[at + 2] ?? 0)
      receiver.takeHardState(number, hardStateOf(getInteger(view, at + 8), textOf(bytes, vote, voteEnd)))
      return voteEnd
    }
    case TRUNCATION:
      receiver.takeTruncation(number, getInteger(view, at + 8))
      return at + TRUNCATION_BYTES
    case ENTRIES:
      return readEntries(view, at, end, number, receiver)
    case SNAPSHOT:
      return readSnapshot(view, at, end, number, receiver)
    case REPAIR:
      return readEntry(view, at + REPAIR_HEAD_BYTES, end, (offset, length, isConfiguration) => {
        receiver.takeRepair(number, getInteger(view, at + 8), offset, length, isConfiguration)
      })
    default:
      throw new SenselessRecord(`there is no record of kind ${bytes[at]}`)
  }
}

function readGroup(
  { bytes, view, at, end }: { bytes: Uint8Array; view: DataView; at: number; end: number },
  number: number,
  receiver: RecordReceiver,
): number {
  const name = at + GROUP_HEAD_BYTES
  const vote = name + (bytes[at + 1] ?? 0)
  const voteEnd = vote + (bytes[at + 2] ?? 0)
  if (voteEnd > end) throw new SenselessRecord('a record is longer than its frame')
  receiver.takeGroup(number, textOf(bytes, name, vote), {
    hardState: hardStateOf(getInteger(view, at + 8 + BEGINNING_BYTES), textOf(bytes, vote, voteEnd)),
    lastIndex: getInteger(view, at + 16 + BEGINNING_BYTES),
    ...readBeginning(view, at + 8),
  })
  return voteEnd
}

function readSnapshot(view: DataView, at: number, end: number, number: number, receiver: RecordReceiver): number {
  if (at + SNAPSHOT_BYTES > end) throw new SenselessRecord('a record is longer than its frame')
  const { snapshot, logStartsAfter } = readBeginning(view, at + 8)
  if (snapshot === undefined) throw new SenselessRecord('a snapshot has no file')
  receiver.takeSnapshot(number, snapshot, logStartsAfter)
  return at + SNAPSHOT_BYTES
}

function readBeginning(view: DataView, at: number): Pick<GroupState, 'logStartsAfter' | 'snapshot'> {
  const integer = (place: number): number => getInteger(view, at + place * 8)
  const snapshot = {
    file: integer(2),
    lastIncluded: { index: integer(3), term: integer(4) },
    lastTime: integer(5),
    sizeBytes: integer(6),
    checksum: view.getUint32(at + 56, true),
  }
  return {
    logStartsAfter: { index: integer(0), term: integer(1) },
    snapshot: snapshot.file === 0 ? undefined : snapshot,
  }
}

function readEntries(view: DataView, at: number, end: number, number: number, receiver: RecordReceiver): number {
  if (at + ENTRIES_HEAD_BYTES > end) throw new SenselessRecord('a record is longer than its frame')
  const firstIndex = getInteger(view, at + 8)
  receiver.takeEntries(number, { firstIndex, term: getInteger(view, at + 16), lastTime: getInteger(view, at + 24) })
  const count = view.getUint32(at + 32, true)
  let next = at + ENTRIES_HEAD_BYTES
  const take = receiver.takeEntry.bind(receiver)
  for (let read = 0; read < count; read += 1) next = readEntry(view, next, end, take)
  return next
}

function readEntry(view: DataView, at: number, end: number, take: RecordReceiver['takeEntry']): number {
  if (at + ENTRY_HEAD_BYTES > end) throw new SenselessRecord('an entry is longer than its frame')
  const head = view.getUint32(at, true)
  const length = head % CONFIGURATION_BIT
  const offset = at + ENTRY_HEAD_BYTES
  if (offset + length > end) throw new SenselessRecord('an entry is longer than its frame')
  take(offset, length, head >= CONFIGURATION_BIT)
  return offset + length
}

function hardStateOf(currentTerm: Term, vote: ServerId): HardState {
  return { currentTerm, votedFor: vote === '' ? undefined : vote }
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

/** The checksum of an entry as it was written, which stands before its bytes. */
export function storedChecksum(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint32(offset - 4, true)
}

/** What is wrong with the bytes of an entry as they were read, its head before them; undefined when nothing is. */
export function entryFault(bytes: Uint8Array, start: number, length: number): string | undefined {
  const view = viewOf(bytes)
  if (view.getUint32(start, true) % CONFIGURATION_BIT !== length)
    return 'an entry has another length than when it was written'
  const body = start + ENTRY_HEAD_BYTES
  if (view.getUint32(start + 4, true) !== shortChecksum(bytes, view, body, body + length))
    return 'an entry does not match its checksum'
  return undefined
}
