import type { ConfigurationEntry, GroupId, HardState, Index, LogPosition, RecoveredGroup, Term } from '@quorate/core'

/** Where the bytes of an entry stand. */
export interface EntryPlace {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

/**
 * What the store knows of a group without looking at the disk: a few numbers for each term, and where each entry
 * stands, in 8 bytes an entry: offset and length. Entries of a higher index stand further on in the stream, so that the
 * segment is kept once for each run of entries.
 */
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
  readonly #termStarts: LogPosition[] = []
  readonly #configurations: ConfigurationEntry[] = []
  #places = new Uint32Array(8)
  /** The first index of each run of entries of one segment, and the segments beside it. */
  readonly #runStarts: Index[] = []
  readonly #runSegments: number[] = []

  constructor(group: GroupId, number: number) {
    this.group = group
    this.number = number
  }

  /** What the port asks. */
  describe(): RecoveredGroup {
    const { hardState, lastIndex, lastTime } = this
    const [termStarts, configurations] = [[...this.#termStarts], [...this.#configurations]]
    return { hardState, lastIndex, lastTime, termStarts, configurations }
  }

  /** Entries of one term are about to be appended; the last of them has the time `lastTime`, for it never falls. */
  beginRun(term: Term, lastTime: number): void {
    if (this.#termStarts.at(-1)?.term !== term) this.#termStarts.push({ index: this.lastIndex + 1, term })
    this.lastTime = lastTime
    this.isLastTimeExact = true
  }

  /** The entry behind the last one. */
  append(segment: number, offset: number, length: number): void {
    const at = this.lastIndex * 2
    if (at === this.#places.length) this.#grow()
    this.#places[at] = offset
    this.#places[at + 1] = length
    this.lastIndex += 1
    if (this.#runSegments.at(-1) === segment) return
    this.#runStarts.push(this.lastIndex)
    this.#runSegments.push(segment)
  }

  /** The entry that was just appended is a configuration. */
  noteConfiguration(entry: ConfigurationEntry): void {
    this.#configurations.push(entry)
  }

  truncate(after: Index): void {
    this.lastIndex = after
    if (after === 0) this.lastTime = 0
    this.isLastTimeExact = after === 0
    while ((this.#termStarts.at(-1)?.index ?? 0) > after) this.#termStarts.pop()
    while ((this.#configurations.at(-1)?.index ?? 0) > after) this.#configurations.pop()
    while ((this.#runStarts.at(-1) ?? 0) > after) {
      this.#runStarts.pop()
      this.#runSegments.pop()
    }
  }

  /** Of an entry that is there. */
  lengthOf(index: Index): number {
    return this.#places[index * 2 - 1] ?? 0
  }

  /** Of an entry that is there. */
  placeOf(index: Index): EntryPlace {
    return { segment: this.#segmentOf(index), offset: this.#places[index * 2 - 2] ?? 0, length: this.lengthOf(index) }
  }

  #segmentOf(index: Index): number {
    let low = 0
    let high = this.#runStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#runStarts[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return this.#runSegments[low] ?? 0
  }

  #grow(): void {
    const grown = new Uint32Array(this.#places.length * 2)
    grown.set(this.#places)
    this.#places = grown
  }
}
