import type { Entry, GroupWrite, HardState, Index, LogPosition, Term } from '@quorate/core'
import { digestOf, mix } from './entryDigest.ts'

/** A log by the terms of its entries, and digests that each stand for an entry and all before it. */
export class LogDigest {
  readonly terms: Term[] = [0]
  readonly chains: number[] = [0]

  get lastIndex(): Index {
    return this.terms.length - 1
  }

  get last(): LogPosition {
    return { index: this.lastIndex, term: this.terms[this.lastIndex] as Term }
  }

  append(term: Term, chain: number): void {
    this.terms.push(term)
    this.chains.push(chain)
  }

  appendEntry(entry: Entry): void {
    this.append(entry.term, mix(this.chains[this.lastIndex] as number, digestOf(entry)))
  }

  truncateAfter(index: Index): void {
    if (index >= this.lastIndex) return
    this.terms.length = index + 1
    this.chains.length = index + 1
  }

  copy(): LogDigest {
    const copy = new LogDigest()
    copy.terms.splice(0, 1, ...this.terms)
    copy.chains.splice(0, 1, ...this.chains)
    return copy
  }

  equals(other: LogDigest): boolean {
    return this.lastIndex === other.lastIndex && this.chains[this.lastIndex] === other.chains[this.lastIndex]
  }
}

const BLANK: HardState = { currentTerm: 0, votedFor: undefined }

/** What one write does to a store, by digests. */
interface LedgerWrite {
  readonly hardState: HardState | undefined
  readonly truncateAfter: Index | undefined
  readonly from: Index
  readonly terms: readonly Term[]
  readonly chains: readonly number[]
}

/** What a store holds, or should hold. */
export interface StoreContent {
  readonly hardState: HardState
  readonly log: LogDigest
}

/**
 * What a node's store was given and what it has reported as flushed: kept beside the store, over all processes of the
 * node, and never asked of it.
 */
export class StoreLedger {
  /** As the store was told. */
  written: StoreContent = { hardState: BLANK, log: new LogDigest() }
  /** As the store has reported to be flushed. */
  durable: StoreContent = { hardState: BLANK, log: new LogDigest() }
  #pending: LedgerWrite[] = []

  /** Writes that are not reported as flushed. */
  get pending(): number {
    return this.#pending.length
  }

  note({ hardState, truncateAfter, entries }: GroupWrite): void {
    const { log } = this.written
    if (truncateAfter !== undefined) log.truncateAfter(truncateAfter)
    const from = log.lastIndex
    for (const entry of entries) log.appendEntry(entry)
    this.written = { hardState: hardState ?? this.written.hardState, log }
    this.#pending.push({
      hardState,
      truncateAfter,
      from,
      terms: log.terms.slice(from + 1),
      chains: log.chains.slice(from + 1),
    })
  }

  /** The oldest write is flushed. */
  noteFlushed(): void {
    const write = this.#pending.shift()
    if (write !== undefined) this.durable = applied(this.durable, write)
  }

  /** Whether what a new process found is what was reported as flushed, and possibly of the writes behind it the first few. */
  explains(found: StoreContent): boolean {
    let content: StoreContent = { hardState: this.durable.hardState, log: this.durable.log.copy() }
    for (const write of [undefined, ...this.#pending]) {
      if (write !== undefined) content = applied(content, write)
      if (isSame(content, found)) return true
    }
    return false
  }

  /** A new process begins with what it found: that is flushed by now. */
  beginWith(found: StoreContent): void {
    this.#pending = []
    this.durable = found
    this.written = { hardState: found.hardState, log: found.log.copy() }
  }

  holdsDurably({ index, term }: LogPosition, chain?: number): boolean {
    const { log } = this.durable
    return log.terms[index] === term && (chain === undefined || log.chains[index] === chain)
  }
}

function applied({ hardState, log }: StoreContent, write: LedgerWrite): StoreContent {
  if (write.truncateAfter !== undefined) log.truncateAfter(write.truncateAfter)
  for (const [place, term] of write.terms.entries()) log.append(term, write.chains[place] as number)
  return { hardState: write.hardState ?? hardState, log }
}

function isSame(a: StoreContent, b: StoreContent): boolean {
  return (
    a.hardState.currentTerm === b.hardState.currentTerm &&
    a.hardState.votedFor === b.hardState.votedFor &&
    a.log.equals(b.log)
  )
}
