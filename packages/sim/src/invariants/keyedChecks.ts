import type { Command, Entry, Index, Term } from '@quorate/core'
import type { Attempt, AttemptChecks, AttemptOutcome } from './attempt.ts'
import { hold } from './invariant.ts'

/** What is to be appended once, however often it is tried (thesis §6.3): its subject is its idempotency key. */
export interface KeyedOperation {
  readonly subject: string
  readonly data: Uint8Array
  readonly retainMs: number
  readonly attempts: Attempt[]
  /** What its client knew to be committed before it tried. */
  after: Index | undefined
  /** Where it stands, once it was applied. */
  index: Index | undefined
}

const PREFIX = 'key'

/** Appends with idempotency keys, held against what stands in the log. */
export class KeyedChecks implements AttemptChecks {
  readonly #operations = new Map<string, KeyedOperation>()
  readonly #operationOf = new Map<Attempt, KeyedOperation>()
  #attemptCount = 0

  static owns(subject: string): boolean {
    return subject.startsWith(PREFIX)
  }

  begin(data: Uint8Array, retainMs: number): KeyedOperation {
    const subject = `${PREFIX}${this.#operations.size + 1}`
    const operation = { subject, data, retainMs, attempts: [], after: undefined, index: undefined }
    this.#operations.set(subject, operation)
    return operation
  }

  /** One more try, by a client that knows so much to be committed. */
  attempt(operation: KeyedOperation, committed: Index): Attempt {
    const { subject, data, retainMs } = operation
    const after = (operation.after ??= committed)
    const idempotency = { key: subject, retainMs }
    const command: Command = { subject, idempotency, after, data }
    const number = ++this.#attemptCount
    const attempt: Attempt = { number, commands: [command], outcome: undefined, term: undefined, takenBy: undefined }
    operation.attempts.push(attempt)
    this.#operationOf.set(attempt, operation)
    return attempt
  }

  taken(attempt: Attempt, process: { readonly isAlive: boolean }, term: Term): void {
    attempt.takenBy = process
    attempt.term = term
  }

  answered(attempt: Attempt, outcome: AttemptOutcome): void {
    const operation = this.#operationOf.get(attempt)
    if (operation === undefined) return
    const { subject, index } = operation
    hold(attempt.outcome === undefined, 'answeredOnce', () => {
      return `an attempt of ${subject} was answered ${attempt.outcome?.type}, and then ${outcome.type}`
    })
    attempt.outcome = outcome
    if (outcome.type !== 'appended') return
    hold(index === outcome.firstIndex, 'sameKeySameAnswer', () => {
      return `${subject} is said to stand at ${outcome.firstIndex}, and stands at ${index}`
    })
  }

  /** An entry is applied for the first time in the world. */
  applied({ index, term }: Entry, subject: string): void {
    const operation = this.#operations.get(subject)
    hold(operation !== undefined, 'appendedOnce', () => `${subject} stands at ${index}, and nobody has sent it`)
    hold(
      operation.index === undefined,
      'keyStandsOnce',
      () => `${subject} stands at ${operation.index} and at ${index}`,
    )
    const meant = operation.attempts.some((attempt) => {
      return (attempt.term === undefined || attempt.term === term) && attempt.outcome?.type !== 'refused'
    })
    hold(meant, 'appendedInItsTerm', () => `${subject} stands at ${index} in term ${term}, for which no try was meant`)
    operation.index = index
  }
}
