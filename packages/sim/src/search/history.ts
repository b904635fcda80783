import type { Index, Term } from '@quorate/core'
import type { Place } from './places.ts'

/** An entry that a leader has taken as committed. */
export interface Committed {
  /** Its name. */
  readonly entry: string
  /** The term of the leader that committed it. */
  readonly inTerm: Term
}

/** What the promises ask about the past: it may stand in no server's state any more. Never changed. */
export interface History {
  readonly leaders: ReadonlyMap<Term, Place>
  /** From index 1, without a hole. */
  readonly committed: readonly Committed[]
}

export const NO_HISTORY: History = { leaders: new Map(), committed: [] }

export function historyKey({ leaders, committed }: History): string {
  const byTerm = [...leaders].sort(([a], [b]) => a - b)
  return JSON.stringify([byTerm, committed.map(({ entry, inTerm }) => [entry, inTerm])])
}

export function withLeader(history: History, term: Term, place: Place): History {
  return { ...history, leaders: new Map(history.leaders).set(term, place) }
}

/** Entries up to `upTo` of a leader's log are committed, in its term. */
export function withCommitted(history: History, log: readonly string[], upTo: Index, inTerm: Term): History {
  const known = history.committed.length
  return {
    ...history,
    committed: [...history.committed, ...log.slice(known, upTo).map((entry) => ({ entry, inTerm }))],
  }
}
