import type { Index, Term } from '@quorate/core'

export interface ReadIndexOptions {
  /**
   * What proves that the leader still leads. `'linearizable'`, the default: a majority that answers a heartbeat (thesis §6.4).
   * `'lease'`: that it did so a moment ago, if the leader has `leaseReads` and a lease that runs, which trusts the clocks of all
   * servers (§6.4.1); a heartbeat otherwise.
   */
  readonly consistency?: 'linearizable' | 'lease'
  /** Gives up. */
  readonly signal?: AbortSignal
  /** Gives up after this many milliseconds, 10,000 by default. */
  readonly timeoutMs?: number
}

/** Who has seen the log up to `index` has seen all that was committed when the question was asked. */
export interface ReadIndex {
  readonly index: Index
  /** The term of the leader that said so. */
  readonly term: Term
}

/** @throws RangeError for what is none of the two. */
export function allowsLease({ consistency = 'linearizable' }: ReadIndexOptions): boolean {
  if (consistency === 'linearizable' || consistency === 'lease') return consistency === 'lease'
  throw new RangeError(`consistency is ${String(consistency)}; it must be 'linearizable' or 'lease'`)
}
