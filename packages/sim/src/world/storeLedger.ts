import {
  isSameSnapshot,
  type GroupWrite,
  type HardState,
  type Index,
  type LogPosition,
  type SnapshotDescription,
  type Term,
} from '@quorate/core'
import { LogDigest } from './logDigest.ts'

const BLANK: HardState = { currentTerm: 0, votedFor: undefined }

/** What has stood in logs, whoever had them: by it a ledger knows what a snapshot stands for. */
export interface KnownEntries {
  /** The digest of the entry of this place and of all before it; undefined when it never was. */
  chainAt(position: LogPosition): number | undefined
  isCommitted(position: LogPosition): boolean
}

/** A snapshot in the place of the log's beginning. */
interface LedgerSnapshot {
  readonly description: SnapshotDescription
  readonly startsAfter: LogPosition
  readonly chain: number
}

/** What one write does to a store, by digests. */
interface LedgerWrite {
  readonly hardState: HardState | undefined
  readonly truncateAfter: Index | undefined
  readonly snapshot: LedgerSnapshot | undefined
  readonly terms: readonly Term[]
  readonly chains: readonly number[]
}

/** What a store holds, or should hold. */
export interface StoreContent {
  readonly hardState: HardState
  readonly snapshot: SnapshotDescription | undefined
  readonly log: LogDigest
}

/**
 * What a node's store was given and what it has reported as flushed: kept beside the store, over all processes of the
 * node, and never asked of it.
 */
export class StoreLedger {
  /** As the store was told. */
  written: StoreContent = blank()
  /** As the store has reported to be flushed. */
  durable: StoreContent = blank()
  readonly #known: KnownEntries
  #pending: LedgerWrite[] = []

  constructor(known: KnownEntries) {
    this.#known = known
  }

  /** Writes that are not reported as flushed. */
  get pending(): number {
    return this.#pending.length
  }

  note({ hardState, truncateAfter, snapshot, entries }: GroupWrite): void {
    const { log } = this.written
    if (truncateAfter !== undefined) log.truncateAfter(truncateAfter)
    const taken = snapshot && this.#noted(snapshot.snapshot.description, snapshot.logStartsAfter)
    if (taken !== undefined) log.startAfter(taken.startsAfter, taken.chain)
    const from = log.lastIndex
    for (const entry of entries) log.appendEntry(entry)
    this.written = {
      hardState: hardState ?? this.written.hardState,
      snapshot: taken?.description ?? this.written.snapshot,
      log,
    }
    const places = entries.map((_, place) => from + 1 + place)
    this.#pending.push({
      hardState,
      truncateAfter,
      snapshot: taken,
      terms: places.map((index) => log.termAt(index) as Term),
      chains: places.map((index) => log.chainAt(index) as number),
    })
  }

  /** The oldest write is flushed. */
  noteFlushed(): void {
    const write = this.#pending.shift()
    if (write !== undefined) this.durable = applied(this.durable, write)
  }

  /** Whether what a new process found is what was reported as flushed, and possibly of the writes behind it the first few. */
  explains(found: StoreContent): boolean {
    let content: StoreContent = { ...this.durable, log: this.durable.log.copy() }
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
    this.written = { ...found, log: found.log.copy() }
  }

  /** Whether the disk has the entry of this place, or a snapshot that stands for it; with `chain`, and for all before it. */
  holdsDurably(position: LogPosition, chain?: number): boolean {
    const { log } = this.durable
    if (position.index < log.startsAfter.index) return this.#isStoodFor(position, chain)
    return (
      log.termAt(position.index) === position.term && (chain === undefined || log.chainAt(position.index) === chain)
    )
  }

  /** A snapshot stands for what is committed. */
  #isStoodFor(position: LogPosition, chain: number | undefined): boolean {
    return this.#known.isCommitted(position) && (chain === undefined || this.#known.chainAt(position) === chain)
  }

  #noted(description: SnapshotDescription, startsAfter: LogPosition): LedgerSnapshot {
    return { description, startsAfter, chain: this.#known.chainAt(startsAfter) ?? 0 }
  }
}

function blank(): StoreContent {
  return { hardState: BLANK, snapshot: undefined, log: new LogDigest() }
}

function applied({ hardState, snapshot, log }: StoreContent, write: LedgerWrite): StoreContent {
  if (write.truncateAfter !== undefined) log.truncateAfter(write.truncateAfter)
  if (write.snapshot !== undefined) log.startAfter(write.snapshot.startsAfter, write.snapshot.chain)
  for (const [place, term] of write.terms.entries()) log.append(term, write.chains[place] as number)
  return { hardState: write.hardState ?? hardState, snapshot: write.snapshot?.description ?? snapshot, log }
}

function isSame(a: StoreContent, b: StoreContent): boolean {
  return (
    a.hardState.currentTerm === b.hardState.currentTerm &&
    a.hardState.votedFor === b.hardState.votedFor &&
    isOneSnapshot(a.snapshot, b.snapshot) &&
    a.log.equals(b.log)
  )
}

function isOneSnapshot(a: SnapshotDescription | undefined, b: SnapshotDescription | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSameSnapshot(a, b)
}
