/** What can go wrong at a transport without anybody being at fault in this process. */
export type ProblemKind =
  /** Bytes that are not ours arrived on one of our subjects. */
  | 'foreign'
  /** A JetStream stream stores our subjects, and answers requests itself. */
  | 'stream'
  /** A newer version of Quorate speaks. */
  | 'newer'
  /** Ours, but it cannot be read. */
  | 'malformed'
  /** It can be read, but its subject says something else. */
  | 'misaddressed'
  /** The server denied a publish or a subscription. */
  | 'denied'
  /** The server reported another error. */
  | 'server'
  /** What was to be sent does not fit a message. */
  | 'tooLarge'
  /** The client refused to publish or subscribe. */
  | 'refused'
  /** Code that we called back threw. */
  | 'callback'
  /** The connection has ended for good. */
  | 'closed'

export interface Problem {
  readonly kind: ProblemKind
  /** What happened, to whom, what to try. */
  readonly message: string
  /** How many of this kind there were so far. */
  readonly count: number
  readonly subject: string | undefined
  readonly error: unknown
}

export type ProblemHandler = (problem: Problem) => void
export type ProblemCounts = Readonly<Record<ProblemKind, number>>

/** After the first of a kind, every so many: a stranger can send more than a log can take. */
const EVERY = 1000

/** So many subjects have a "first" of their own when they are denied. */
const MAX_SUBJECTS = 64

/** Counts every problem, and tells of some. */
export class Problems {
  readonly #counts: Record<ProblemKind, number> = {
    foreign: 0,
    stream: 0,
    newer: 0,
    malformed: 0,
    misaddressed: 0,
    denied: 0,
    server: 0,
    tooLarge: 0,
    refused: 0,
    callback: 0,
    closed: 0,
  }
  readonly #denied = new Set<string>()
  readonly #onProblem: ProblemHandler | undefined

  constructor(onProblem: ProblemHandler | undefined) {
    this.#onProblem = onProblem
  }

  get counts(): ProblemCounts {
    return this.#counts
  }

  report(kind: ProblemKind, message: string, about: { subject?: string; error?: unknown } = {}): void {
    const count = ++this.#counts[kind]
    const { subject, error } = about
    if (this.#onProblem === undefined || !this.#isWorthTelling(kind, count, subject)) return
    try {
      this.#onProblem({ kind, message, count, subject, error })
    } catch {
      this.#counts.callback++
    }
  }

  #isWorthTelling(kind: ProblemKind, count: number, subject: string | undefined): boolean {
    return this.#isNewlyDenied(kind, subject) || count === 1 || count % EVERY === 0
  }

  // Permissions are put right one subject after the other, so each is named.
  #isNewlyDenied(kind: ProblemKind, subject: string | undefined): boolean {
    if (kind !== 'denied' || subject === undefined) return false
    if (this.#denied.has(subject) || this.#denied.size >= MAX_SUBJECTS) return false
    this.#denied.add(subject)
    return true
  }
}
