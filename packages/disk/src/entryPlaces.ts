import type { Index } from '@quorate/core'

/** Where the bytes of an entry stand. */
export interface EntryPlace {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

const SMALLEST = 8

/**
 * Where the entries of a group stand, from the one behind `startsAfter` on, in 8 bytes an entry: offset and length. Entries
 * of a higher index stand further on in the stream, so that the segment is kept once for each run of entries.
 */
export class EntryPlaces {
  #startsAfter: Index
  #lastIndex: Index
  #places = new Uint32Array(SMALLEST)
  #entryBytes = 0
  /** The first index of each run of entries of one segment, and the segments beside it. */
  #runStarts: Index[] = []
  #runSegments: number[] = []
  /** Those that stand elsewhere, further on than their neighbours: what was there could not be read any more. */
  readonly #elsewhere = new Map<Index, EntryPlace>()

  /** None yet: the first will be that of the entry behind `startsAfter`. */
  constructor(startsAfter: Index) {
    this.#startsAfter = startsAfter
    this.#lastIndex = startsAfter
  }

  get startsAfter(): Index {
    return this.#startsAfter
  }

  /** In or before which all entries' segments begin; undefined when there is none. */
  get firstSegment(): number | undefined {
    return this.#runSegments[0]
  }

  /** What the entries take together. */
  get entryBytes(): number {
    return this.#entryBytes
  }

  /** What the places take in memory. */
  get bytes(): number {
    return this.#places.byteLength
  }

  /** The entry behind the last one. */
  append(segment: number, offset: number, length: number): void {
    const at = (this.#lastIndex - this.#startsAfter) * 2
    if (at === this.#places.length) this.#resize(this.#places.length * 2, 0)
    this.#places[at] = offset
    this.#places[at + 1] = length
    this.#entryBytes += length
    this.#lastIndex += 1
    if (this.#runSegments.at(-1) === segment) return
    this.#runStarts.push(this.#lastIndex)
    this.#runSegments.push(segment)
  }

  /** The entry, which is there, stands here from now on. */
  move(index: Index, segment: number, offset: number): void {
    this.#elsewhere.set(index, { segment, offset, length: this.lengthOf(index) })
  }

  /** Those behind `after` are gone. They go on behind it, though the first of them was to come later. */
  truncate(after: Index): void {
    this.#discount(after + 1, this.#lastIndex)
    for (const index of this.#elsewhere.keys()) if (index > after) this.#elsewhere.delete(index)
    this.#lastIndex = after
    this.#startsAfter = Math.min(this.#startsAfter, after)
    while ((this.#runStarts.at(-1) ?? 0) > after) {
      this.#runStarts.pop()
      this.#runSegments.pop()
    }
  }

  /** Those up to `index` are gone, and what they took in memory; where they do not reach so far, they go on behind it. */
  dropUpTo(index: Index): void {
    const dropped = index - this.#startsAfter
    if (dropped <= 0) return
    this.#discount(this.#startsAfter + 1, Math.min(index, this.#lastIndex))
    for (const moved of this.#elsewhere.keys()) if (moved <= index) this.#elsewhere.delete(moved)
    const left = Math.max(0, this.#lastIndex - index)
    this.#resize(Math.max(SMALLEST, left * 2), dropped * 2)
    this.#startsAfter = index
    this.#lastIndex = index + left
    const kept = left === 0 ? this.#runStarts.length : this.#runOf(index + 1)
    this.#runStarts = this.#runStarts.slice(kept)
    this.#runSegments = this.#runSegments.slice(kept)
    if (left > 0) this.#runStarts[0] = index + 1
  }

  /** Of an entry that is there. */
  lengthOf(index: Index): number {
    return this.#places[(index - this.#startsAfter) * 2 - 1] ?? 0
  }

  /** Of an entry that is there. */
  placeOf(index: Index): EntryPlace {
    const moved = this.#elsewhere.size === 0 ? undefined : this.#elsewhere.get(index)
    if (moved !== undefined) return moved
    const offset = this.#places[(index - this.#startsAfter) * 2 - 2] ?? 0
    return { segment: this.#runSegments[this.#runOf(index)] ?? 0, offset, length: this.lengthOf(index) }
  }

  /** In which of the runs the entry is. */
  #runOf(index: Index): number {
    let low = 0
    let high = this.#runStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#runStarts[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The entries from `first` to `last` go, as far as they are there. */
  #discount(first: Index, last: Index): void {
    for (let index = Math.max(first, this.#startsAfter + 1); index <= last; index += 1) {
      this.#entryBytes -= this.lengthOf(index)
    }
  }

  /** Other room, with what stands from `from` on at its beginning. */
  #resize(length: number, from: number): void {
    const resized = new Uint32Array(length)
    resized.set(this.#places.subarray(from, from + length))
    this.#places = resized
  }
}
