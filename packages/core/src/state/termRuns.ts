import type { Index, LogPosition, Term } from '../identifiers.ts'

/**
 * The term of every entry of a log, kept as the first position of each run of one term. Terms never fall along a log,
 * so the runs are few: memory grows with the number of elections, not of entries.
 */
export class TermRuns {
  readonly #starts: LogPosition[]

  constructor(starts: readonly LogPosition[] = []) {
    this.#starts = [...starts]
  }

  get starts(): readonly LogPosition[] {
    return this.#starts
  }

  get lastTerm(): Term {
    return this.#starts.at(-1)?.term ?? 0
  }

  /** The term at `index`, which must lie in the log; 0 before its first entry. */
  at(index: Index): Term {
    return this.#starts[this.#runOf(index)]?.term ?? 0
  }

  append({ index, term }: LogPosition): void {
    if (term !== this.lastTerm) this.#starts.push({ index, term })
  }

  truncateAfter(index: Index): void {
    while (this.#starts.length > 0 && this.#starts[this.#starts.length - 1]!.index > index) this.#starts.pop()
  }

  /** The last index at or below `upTo` whose term is at most `term`; 0 when there is none. */
  lastIndexUpToTerm(upTo: Index, term: Term): Index {
    for (let run = this.#runOf(upTo); run >= 0; run--) {
      if (this.#starts[run]!.term <= term) return Math.min(upTo, this.#endOf(run))
    }
    return 0
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
