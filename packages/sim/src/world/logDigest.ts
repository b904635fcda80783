import { LOG_START, type Entry, type Index, type LogPosition, type Term } from '@quorate/core'
import { digestOf, mix } from './entryDigest.ts'

/**
 * A log by the terms of its entries, and digests that each stand for an entry and all before it. It may begin behind
 * entries that a snapshot stands for: of these only the last is known, and the digest stands for all of them.
 */
export class LogDigest {
  #startsAfter: Index
  /** From the entry before the first on. */
  readonly #terms: Term[]
  readonly #chains: number[]

  constructor(startsAfter: LogPosition = LOG_START, chain = 0) {
    this.#startsAfter = startsAfter.index
    this.#terms = [startsAfter.term]
    this.#chains = [chain]
  }

  /** The entry before the first that is there. */
  get startsAfter(): LogPosition {
    return { index: this.#startsAfter, term: this.#terms[0] as Term }
  }

  get lastIndex(): Index {
    return this.#startsAfter + this.#terms.length - 1
  }

  get last(): LogPosition {
    return { index: this.lastIndex, term: this.#terms.at(-1) as Term }
  }

  /** Of all entries that are there, in order. */
  get terms(): readonly Term[] {
    return this.#terms.slice(1)
  }

  /** Undefined where there is no such entry, or no more. */
  termAt(index: Index): Term | undefined {
    return this.#terms[index - this.#startsAfter]
  }

  chainAt(index: Index): number | undefined {
    return this.#chains[index - this.#startsAfter]
  }

  append(term: Term, chain: number): void {
    this.#terms.push(term)
    this.#chains.push(chain)
  }

  appendEntry(entry: Entry): void {
    this.append(entry.term, mix(this.#chains.at(-1) as number, digestOf(entry)))
  }

  truncateAfter(index: Index): void {
    if (index >= this.lastIndex) return
    this.#terms.length = this.#chains.length = Math.max(0, index - this.#startsAfter) + 1
  }

  /** The entries up to there are gone; a log that does not reach so far begins behind it (§7). */
  startAfter(position: LogPosition, chain: number): void {
    const count = Math.min(position.index - this.#startsAfter, this.#terms.length)
    this.#terms.splice(0, count)
    this.#chains.splice(0, count)
    this.#startsAfter = position.index
    if (this.#terms.length === 0) this.append(position.term, chain)
  }

  copy(): LogDigest {
    const copy = new LogDigest()
    copy.#startsAfter = this.#startsAfter
    copy.#terms.splice(0, 1, ...this.#terms)
    copy.#chains.splice(0, 1, ...this.#chains)
    return copy
  }

  equals(other: LogDigest): boolean {
    return (
      this.#startsAfter === other.#startsAfter &&
      this.lastIndex === other.lastIndex &&
      this.#chains.at(-1) === other.#chains.at(-1)
    )
  }
}
