import type { Command, Index, Term } from '@quorate/core'

/** How an attempt to append ended, seen from whoever made it. */
export type AttemptOutcome =
  | { readonly type: 'appended'; readonly firstIndex: Index; readonly term: Term }
  /** Proven not to have been appended. */
  | { readonly type: 'refused'; readonly why: string }
  /** May have been appended, or may still be. */
  | { readonly type: 'unknown'; readonly why: string }
  /** As that, and it can never be found out: the idempotency keys of its time are forgotten. */
  | { readonly type: 'forgotten' }

/** One hand-over of commands to the group. */
export interface Attempt {
  readonly number: number
  readonly commands: readonly Command[]
  outcome: AttemptOutcome | undefined
  /** The term it is meant for, once it was named. */
  term: Term | undefined
  /** The process that took it, if it was handed over within one: with it, its answer goes. */
  takenBy: { readonly isAlive: boolean } | undefined
}

/** Who is told of what becomes of attempts. */
export interface AttemptChecks {
  /** A process has taken the attempt, for the term that its server was in. */
  taken(attempt: Attempt, process: { readonly isAlive: boolean }, term: Term): void
  answered(attempt: Attempt, outcome: AttemptOutcome): void
}
