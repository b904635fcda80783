import type { Entry, Index, LogPosition, NodeId, Term } from '@quorate/core'

/** A committed entry: `chain` is a digest of it and of all before it. */
export interface CommittedEntry {
  readonly term: Term
  readonly chain: number
  /** The term in which it was committed. */
  readonly inTerm: Term
}

/** What has happened in a world, over all processes and for all time. */
export class WorldRecord {
  readonly leaders = new Map<Term, NodeId>()
  /** At the place of its index; the first is no entry. */
  readonly committed: CommittedEntry[] = [{ term: 0, chain: 0, inTerm: 0 }]
  /** What the state machines made of the entries, by index. */
  readonly results: unknown[] = []
  readonly #chains = new Map<number, number>()
  readonly #times = new Map<number, number>()
  /** The highest term that anybody has led. */
  lastLedTerm: Term = 0

  get commitIndex(): Index {
    return this.committed.length - 1
  }

  /** The chain of the entry of this place, the first time it was seen; undefined when it never was. */
  chainAt({ index, term }: LogPosition): number | undefined {
    return this.#chains.get(keyOf(index, term))
  }

  /** The time of the entry of this place; 0 before the first. */
  timeAt({ index, term }: LogPosition): number {
    return this.#times.get(keyOf(index, term)) ?? 0
  }

  /** An entry that was not there before. */
  noteEntry({ index, term, time }: Entry, chain: number): void {
    this.#chains.set(keyOf(index, term), chain)
    this.#times.set(keyOf(index, term), time)
  }

  isCommitted({ index, term }: LogPosition): boolean {
    return this.committed[index]?.term === term
  }
}

/** Index and term as one number: terms of a world stay below 2^20. */
function keyOf(index: Index, term: Term): number {
  return index * 0x10_0000 + term
}
