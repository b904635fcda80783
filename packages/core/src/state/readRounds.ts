import type { Index, ServerId, Term } from '../identifiers.ts'

/** A caller wants to know how far it must have applied to see all that is committed now, and the name it is answered by. */
export interface ReadOrder {
  readonly token: unknown
  /** A lease may answer for the round (thesis §6.4.1). */
  readonly mayLease: boolean
}

/** How such a question ended on the server that was asked. */
export type ReadOutcome =
  /** Who has applied this far sees all that was committed when the question was asked. */
  | { readonly type: 'readIndex'; readonly index: Index; readonly term: Term }
  /** Nobody knows: it does not lead, or could not prove that it still does. */
  | { readonly type: 'notLeader'; readonly leaderId: ServerId | undefined; readonly term: Term }

/** A round that a majority has not acknowledged, or the last that one has. */
export interface RoundStart {
  readonly round: number
  /** When its first message was handed over: monotonic milliseconds. */
  readonly atMs: number
}

/** The questions that are answered together: all that had come when their round began. */
export interface AskedReads {
  readonly round: number
  /** What was committed when the round began. */
  readonly index: Index
  readonly orders: readonly ReadOrder[]
}

/** As a leader: the rounds in which it asks whether it still leads, and who waits for them (thesis §6.4). */
export interface ReadRounds {
  /** The last that was begun. Counted anew in each term. */
  last: number
  /** Came since the last round began, and wait for the next. */
  waiting: ReadOrder[]
  /** Wait for the round that is under way. */
  asked: AskedReads | undefined
  /** With leases: when the rounds began, from the last that a majority has acknowledged. */
  starts: RoundStart[]
}

export function startReadRounds(): ReadRounds {
  return { last: 0, waiting: [], asked: undefined, starts: [] }
}

export function copyReadRounds({ last, waiting, asked, starts }: ReadRounds): ReadRounds {
  return { last, waiting: [...waiting], asked, starts: [...starts] }
}
