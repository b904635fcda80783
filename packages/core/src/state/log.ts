import { entryBytes, type Entry } from '../entry.ts'
import { invariant } from '../errors.ts'
import type { Index, LogPosition, Term } from '../identifiers.ts'
import { TermRuns } from './termRuns.ts'

/**
 * A server's log (§5.3): every term in memory, the recent entries too, older ones only in the store.
 *
 * ```
 * 1 ......... cachedAfter | cachedAfter+1 ......... lastIndex
 *   in the store alone    |  here, and in the store once durable
 * ```
 */
export class Log {
  readonly #terms: TermRuns
  #lastIndex: Index
  #cachedAfter: Index
  #cache: Entry[] = []
  #cacheBytes = 0

  constructor(lastIndex: Index = 0, termStarts: readonly LogPosition[] = []) {
    this.#terms = new TermRuns(termStarts)
    this.#lastIndex = lastIndex
    this.#cachedAfter = lastIndex
  }

  /** A log of its own that holds the same. Entries never change, so they are shared. */
  copy(): Log {
    const copy = new Log(this.#lastIndex, this.#terms.starts)
    copy.#cachedAfter = this.#cachedAfter
    copy.#cache = [...this.#cache]
    copy.#cacheBytes = this.#cacheBytes
    return copy
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

  /** Undefined when the log has no such entry; 0 for index 0. */
  termAt(index: Index): Term | undefined {
    return index > this.#lastIndex ? undefined : this.#terms.at(index)
  }

  holds(position: LogPosition): boolean {
    return this.termAt(position.index) === position.term
  }

  /** The last position at or below `upTo` whose term is at most `term`. */
  lastUpToTerm(upTo: Index, term: Term): LogPosition {
    const index = this.#terms.lastIndexUpToTerm(Math.min(upTo, this.#lastIndex), term)
    return { index, term: this.#terms.at(index) }
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
    while (this.#cacheBytes > maxBytes / 2 && drop < this.#cache.length && this.#cachedAfter + drop < upTo) {
      this.#cacheBytes -= entryBytes(this.#cache[drop]!)
      drop++
    }
    if (drop === 0) return
    this.#cache.splice(0, drop)
    this.#cachedAfter += drop
  }
}
