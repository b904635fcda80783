import { LOG_START, type Index, type LogPosition, type Term } from '../identifiers.ts'

/**
 * The term of every entry of a log, kept as the first position of each run of one term. Terms never fall along a log,
 * so the runs are few: memory grows with the number of elections, not of entries.
 */
export class TermRuns {
  /** The entry before the first: its term is known, and no older one. */
  #before: LogPosition
  #starts: LogPosition[]

  constructor(starts: readonly LogPosition[] = [], before: LogPosition = LOG_START) {
    this.#before = before
    this.#starts = [...starts]
  }

  get starts(): readonly LogPosition[] {
    return this.#starts
  }

  get lastTerm(): Term {
    return this.#starts.at(-1)?.term ?? this.#before.term
  }

  /** The term at `index`, which must lie in the log or right before its first entry. */
  at(index: Index): Term {
    return this.#starts[this.#runOf(index)]?.term ?? this.#before.term
  }

  append({ index, term }: LogPosition): void {
    if (term !== this.#starts.at(-1)?.term) this.#starts.push({ index, term })
  }

  /** The entries up to `before` are gone, others stand. */
  dropUpTo(before: LogPosition): void {
    const run = this.#starts[this.#runOf(before.index + 1)]
    this.#before = before
    this.#starts = this.#starts.filter(({ index }) => index > before.index)
    const first = before.index + 1
    if (run !== undefined && run.index < first) this.#starts.unshift({ index: first, term: run.term })
  }

  truncateAfter(index: Index): void {
    while (this.#starts.length > 0 && this.#starts[this.#starts.length - 1]!.index > index) this.#starts.pop()
  }

  /** The last index at or below `upTo` whose term is at most `term`; 0 when none is known. */
  lastIndexUpToTerm(upTo: Index, term: Term): Index {
    for (let run = this.#runOf(upTo); run >= 0; run--) {
      if (this.#starts[run]!.term <= term) return Math.min(upTo, this.#endOf(run))
    }
    return this.#before.term <= term && this.#before.index <= upTo ? this.#before.index : 0
  }

  #endOf(run: number): Index {
    const next = this.#starts[run + 1]
    return next === undefined ? Infinity : next.index - 1
  }

  /** The run that holds `index`; -1 before the first. Almost always the last, so the search begins there. */
  #runOf(index: Index): number {
    let run = this.#starts.length - 1
    while (run >= 0 && this.#starts[run]!.index > index) run--
    return run
  }
}
