import { entryBytes, type Entry } from '../entry.ts'
import { invariant } from '../errors.ts'
import { LOG_START, type Index, type LogPosition, type Term } from '../identifiers.ts'
import { TermRuns } from './termRuns.ts'

/**
 * A server's log (§5.3): every term in memory, the recent entries too, older ones only in the store, and those that a
 * snapshot stands for in neither (§7).
 *
 * ```
 * 1 ....... startsAfter | startsAfter+1 ....... cachedAfter | cachedAfter+1 ........ lastIndex
 *    in the snapshot    |      in the store alone           |  here, and in the store once durable
 * ```
 */
export class Log {
  #terms: TermRuns
  #startsAfter: LogPosition
  #lastIndex: Index
  #cachedAfter: Index
  #cache: Entry[] = []
  #cacheBytes = 0

  constructor(lastIndex: Index = 0, termStarts: readonly LogPosition[] = [], startsAfter: LogPosition = LOG_START) {
    this.#terms = new TermRuns(termStarts, startsAfter)
    this.#startsAfter = startsAfter
    this.#lastIndex = lastIndex
    this.#cachedAfter = lastIndex
  }

  /** A log of its own that holds the same. Entries never change, so they are shared. */
  copy(): Log {
    const copy = new Log(this.#lastIndex, this.#terms.starts, this.#startsAfter)
    copy.#cachedAfter = this.#cachedAfter
    copy.#cache = [...this.#cache]
    copy.#cacheBytes = this.#cacheBytes
    return copy
  }

  /** The entry before the first that is there: of it the position is known, and no more. */
  get startsAfter(): LogPosition {
    return this.#startsAfter
  }

  get lastIndex(): Index {
    return this.#lastIndex
  }

  get lastTerm(): Term {
    return this.#terms.lastTerm
  }

  get last(): LogPosition {
    return { index: this.#lastIndex, term: this.#terms.lastTerm }
  }

  get termStarts(): readonly LogPosition[] {
    return this.#terms.starts
  }

  /** Entries behind this index are in memory. */
  get cachedAfter(): Index {
    return this.#cachedAfter
  }

  /** Undefined when the log has no such entry, or has it no more; 0 for index 0, where the log begins with 1. */
  termAt(index: Index): Term | undefined {
    return index > this.#lastIndex || index < this.#startsAfter.index ? undefined : this.#terms.at(index)
  }

  holds(position: LogPosition): boolean {
    return this.termAt(position.index) === position.term
  }

  /** The last known position at or below `upTo` whose term is at most `term`; the start of every log when there is none. */
  lastUpToTerm(upTo: Index, term: Term): LogPosition {
    const index = this.#terms.lastIndexUpToTerm(Math.min(upTo, this.#lastIndex), term)
    return index === 0 ? LOG_START : { index, term: this.#terms.at(index) }
  }

  append(entry: Entry): void {
    invariant(entry.index === this.#lastIndex + 1, 'a log has no holes')
    invariant(entry.term >= this.#terms.lastTerm, 'terms never fall along a log')
    this.#terms.append(entry)
    this.#lastIndex = entry.index
    this.#cache.push(entry)
    this.#cacheBytes += entryBytes(entry)
  }

  truncateAfter(index: Index): void {
    if (index >= this.#lastIndex) return
    this.#terms.truncateAfter(index)
    this.#lastIndex = index
    for (const gone of this.#cache.splice(Math.max(0, index - this.#cachedAfter))) this.#cacheBytes -= entryBytes(gone)
    this.#cachedAfter = Math.min(this.#cachedAfter, index)
  }

  /** The entries up to `index` are gone, because a snapshot stands for them (§7). */
  compact(index: Index): void {
    const term = this.termAt(index)
    invariant(term !== undefined, 'a log is compacted up to an entry that it has')
    this.#startsAfter = { index, term }
    this.#terms.dropUpTo(this.#startsAfter)
    if (index > this.#cachedAfter) this.#dropCached(index - this.#cachedAfter)
  }

  /** All entries are gone: a snapshot stands for what they were to be, and for more (Figure 13, rule 7). */
  restartAfter(position: LogPosition): void {
    this.#terms = new TermRuns([], position)
    this.#startsAfter = position
    this.#lastIndex = this.#cachedAfter = position.index
    this.#cache = []
    this.#cacheBytes = 0
  }

  /** The entries `after < index <= upTo`, as many as fit `maxBytes` and at least one; undefined: ask the store. */
  cached(after: Index, upTo: Index, maxBytes: number): Entry[] | undefined {
    if (after < this.#cachedAfter) return undefined
    const from = after - this.#cachedAfter
    const end = Math.min(upTo, this.#lastIndex) - this.#cachedAfter
    let bytes = 0
    let to = from
    while (to < end) {
      bytes += entryBytes(this.#cache[to]!)
      if (bytes > maxBytes && to > from) break
      to++
    }
    return this.#cache.slice(from, to)
  }

  /** Lets go of the oldest entries above `maxBytes`, none behind `upTo`. Halves rather than trims: slicing costs. */
  shrinkCache(maxBytes: number, upTo: Index): void {
    if (this.#cacheBytes <= maxBytes) return
    let drop = 0
    let bytes = this.#cacheBytes
    while (bytes > maxBytes / 2 && drop < this.#cache.length && this.#cachedAfter + drop < upTo) {
      bytes -= entryBytes(this.#cache[drop]!)
      drop++
    }
    if (drop > 0) this.#dropCached(drop)
  }

  #dropCached(count: number): void {
    for (const gone of this.#cache.splice(0, count)) this.#cacheBytes -= entryBytes(gone)
    this.#cachedAfter += count
  }
}
