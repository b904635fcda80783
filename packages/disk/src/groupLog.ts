import type { GroupId, HardState, Index } from '@quorate/core'

/** Where the bytes of an entry stand. */
export interface EntryPlace {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

/**
 * Where a group's entries stand, 8 bytes an entry: offset and length. Entries of a higher index stand further on in
 * the stream, so that the segment is kept once for each run of entries.
 */
export class GroupLog {
  readonly group: GroupId
  /** What stands for the group in records. */
  readonly number: number
  hardState: HardState = { currentTerm: 0, votedFor: undefined }
  lastIndex: Index = 0
  /** The segment that has a group record of it, the latest such. */
  describedIn = 0
  #places = new Uint32Array(8)
  /** The first index of each run of entries of one segment, and the segments beside it. */
  readonly #runStarts: Index[] = []
  readonly #runSegments: number[] = []

  constructor(group: GroupId, number: number) {
    this.group = group
    this.number = number
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

  truncate(after: Index): void {
    this.lastIndex = after
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
