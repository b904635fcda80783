import {
  LOG_START,
  type ConfigurationEntry,
  type DamagedEntry,
  type Entry,
  type GroupId,
  type HardState,
  type Index,
  type LogPosition,
  type RecoveredGroup,
  type SnapshotDescription,
  type Term,
} from '@quorate/core'
import { encodeEntry } from '@quorate/wire'
import { type EntryPlace, EntryPlaces } from './entryPlaces.ts'
import { checksum } from './layout.ts'
import type { GroupState, RecordedSnapshot } from './record.ts'

/** What is known of an entry that cannot be read any more: the length and the CRC-32 of its bytes. */
interface DamagedBytes {
  readonly length: number
  readonly checksum: number
}

/** What the store knows of a group without looking at the disk: a few numbers for each term, and where each entry stands. */
export class GroupLog {
  readonly group: GroupId
  /** What stands for the group in records. */
  readonly number: number
  hardState: HardState = { currentTerm: 0, votedFor: undefined }
  lastIndex: Index = 0
  /** The segment that has a group record of it, the latest such. */
  describedIn = 0
  /** No entry has a higher time. */
  lastTime = 0
  /** Whether the last entry has that time: not so behind a truncation, until entries follow. */
  isLastTimeExact = true
  /** All its flushed entries, while they are being written once more, and stand nowhere else that is known. */
  carried: readonly Entry[] | undefined
  /** What the head of the snapshot's file says; a log that was just recovered is told it last. */
  description: SnapshotDescription | undefined
  #snapshot: RecordedSnapshot | undefined
  #startsAfter: LogPosition = LOG_START
  #termStarts: LogPosition[] = []
  #configurations: ConfigurationEntry[] = []
  #places = new EntryPlaces(0)
  /** Entries that cannot be read, by index, and what is known of their bytes. */
  readonly #damaged = new Map<Index, DamagedBytes>()

  constructor(group: GroupId, number: number) {
    this.group = group
    this.number = number
  }

  /** What stands in its group record. */
  get state(): GroupState {
    const { hardState, lastIndex } = this
    return { hardState, lastIndex, logStartsAfter: this.#startsAfter, snapshot: this.#snapshot }
  }

  get snapshot(): RecordedSnapshot | undefined {
    return this.#snapshot
  }

  get logStartsAfter(): LogPosition {
    return this.#startsAfter
  }

  /** Where the first entry stands; undefined for an empty log. */
  get firstSegment(): number | undefined {
    return this.#places.firstSegment
  }

  /** Undefined, or the first entry that is there and has no place: it stood in a segment that was freed. */
  get lostEntry(): Index | undefined {
    const first = this.#startsAfter.index
    return this.#places.startsAfter > first ? first + 1 : undefined
  }

  /** What its entries take together. */
  get entryBytes(): number {
    return this.#places.entryBytes
  }

  /** What the port asks. */
  describe(): RecoveredGroup {
    const { hardState, description, lastIndex, lastTime } = this
    const [termStarts, configurations] = [[...this.#termStarts], [...this.#configurations]]
    const logStartsAfter = this.#startsAfter
    const known = { hardState, snapshot: description, logStartsAfter, lastIndex, lastTime, termStarts, configurations }
    if (this.#damaged.size === 0) return known
    return {
      ...known,
      damaged: this.damagedIndexes.map((index) => this.#describeDamage(index)),
    }
  }

  /** It was this before the first record that is left of it: where its entries stood until then is not known. */
  beginWith({ hardState, lastIndex, logStartsAfter, snapshot }: GroupState): void {
    this.hardState = hardState
    this.lastIndex = lastIndex
    this.#startsAfter = logStartsAfter
    this.#snapshot = snapshot
    this.#places = new EntryPlaces(lastIndex)
    this.#noteLastTime()
  }

  /** Entries of one term are about to be appended; the last of them has the time `lastTime`, for it never falls. */
  beginRun(term: Term, lastTime: number): void {
    if (this.#termStarts.at(-1)?.term !== term) this.#termStarts.push({ index: this.lastIndex + 1, term })
    this.lastTime = lastTime
    this.isLastTimeExact = true
  }

  /** The entry behind the last one. */
  append(segment: number, offset: number, length: number): void {
    this.#places.append(segment, offset, length)
    this.lastIndex += 1
  }

  /** The entry that was just appended is a configuration. */
  noteConfiguration(entry: ConfigurationEntry): void {
    this.#configurations.push(entry)
  }

  truncate(after: Index): void {
    for (const index of this.#damaged.keys()) if (index > after) this.#damaged.delete(index)
    this.lastIndex = after
    while ((this.#termStarts.at(-1)?.index ?? 0) > after) this.#termStarts.pop()
    while ((this.#configurations.at(-1)?.index ?? 0) > after) this.#configurations.pop()
    this.#places.truncate(after)
    this.#noteLastTime()
  }

  /** A snapshot takes the place of the log's beginning, up to `startsAfter`; the places of the entries there are given back. */
  adopt(snapshot: RecordedSnapshot, startsAfter: LogPosition): void {
    const { index } = startsAfter
    this.#snapshot = snapshot
    this.#startsAfter = startsAfter
    this.#places.dropUpTo(index)
    for (const damaged of this.#damaged.keys()) if (damaged <= index) this.#damaged.delete(damaged)
    this.#configurations = this.#configurations.filter((entry) => entry.index > index)
    const first = this.#termStarts.filter((start) => start.index <= index + 1).length - 1
    const [cut, ...later] = this.#termStarts.slice(Math.max(0, first))
    this.#termStarts = cut === undefined ? [] : [{ index: Math.max(cut.index, index + 1), term: cut.term }, ...later]
    if (this.lastIndex > index) return
    this.lastIndex = index
    this.#termStarts = []
    this.#noteLastTime()
  }

  /** The entry that was just appended cannot be read any more. */
  noteDamage(length: number, checksum: number): void {
    this.#damaged.set(this.lastIndex, { length, checksum })
  }

  /** The entries that cannot be read any more, in order. */
  get damagedIndexes(): readonly Index[] {
    return [...this.#damaged.keys()].sort((a, b) => a - b)
  }

  /** Whether this is an entry that cannot be read any more, as far as can be told. */
  lacks(entry: Entry): boolean {
    return this.#damaged.has(entry.index) && this.#describeDamage(entry.index).matches(entry)
  }

  isDamagedAt(index: Index): boolean {
    return this.#damaged.has(index)
  }

  /** An entry that could not be read any more stands here from now on. */
  repair(index: Index, segment: number, offset: number): void {
    this.#damaged.delete(index)
    this.#places.move(index, segment, offset)
  }

  /** The entry that was just repaired is a configuration. */
  noteRepairedConfiguration(entry: ConfigurationEntry): void {
    this.#configurations.push(entry)
    this.#configurations.sort((a, b) => a.index - b.index)
  }

  #describeDamage(index: Index): DamagedEntry {
    const { length, checksum: expected } = this.#damaged.get(index) ?? { length: 0, checksum: 0 }
    const term = this.#termStarts.filter((start) => start.index <= index).at(-1)?.term ?? 0
    const matches = (entry: Entry): boolean => {
      if (entry.index !== index || entry.term !== term) return false
      const encoded = encodeEntry(entry)
      return encoded.length === length && checksum(encoded) === expected
    }
    return { position: { index, term }, matches }
  }

  /** Not so of an entry that stood in a segment which was freed, whether it is gone or not. */
  knowsPlaceOf(index: Index): boolean {
    return index > this.#places.startsAfter
  }

  /** Of an entry that is there. */
  lengthOf(index: Index): number {
    return this.#places.lengthOf(index)
  }

  /** Of an entry that is there. */
  placeOf(index: Index): EntryPlace {
    return this.#places.placeOf(index)
  }

  /** Nothing was appended: an empty log has the time of its snapshot, any other one that is high enough. */
  #noteLastTime(): void {
    this.isLastTimeExact = this.lastIndex === this.#startsAfter.index
    if (this.isLastTimeExact) this.lastTime = this.#snapshot?.lastTime ?? 0
  }
}
