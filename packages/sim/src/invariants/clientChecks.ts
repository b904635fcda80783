import type { Entry, Index, NodeId, Term } from '@quorate/core'
import type { Attempt, AttemptChecks, AttemptOutcome } from './attempt.ts'
import { hold } from './invariant.ts'
import { KeyedChecks } from './keyedChecks.ts'
import type { WorldRecord } from './worldRecord.ts'

/** What clients were told, held against what stands in the log. */
export class ClientChecks implements AttemptChecks {
  /** How many questions for a read index were answered, and how many nobody could answer. */
  readonly reads = { answered: 0, refused: 0 }
  /** Of appends that have idempotency keys. */
  readonly keyed = new KeyedChecks()
  readonly #record: WorldRecord
  readonly #attempts = new Map<string, Attempt>()
  readonly #indexes = new Map<string, Index>()
  readonly #subjects: (string | undefined)[] = []
  /** Handed over within a process, and not answered. */
  readonly #waiting = new Set<Attempt>()
  #attemptCount = 0

  constructor(record: WorldRecord) {
    this.#record = record
  }

  /** A new attempt: each of its commands gets a subject that no other has. */
  begin(datas: readonly Uint8Array[]): Attempt {
    const number = ++this.#attemptCount
    const commands = datas.map((data, place) => ({ subject: `a${number}.${place}`, data }))
    const attempt: Attempt = { number, commands, outcome: undefined, term: undefined, takenBy: undefined }
    for (const { subject } of commands) this.#attempts.set(subject, attempt)
    return attempt
  }

  /** A process has taken the attempt, for the term that its server was in. */
  taken(attempt: Attempt, process: { readonly isAlive: boolean }, term: Term): void {
    attempt.takenBy = process
    attempt.term = term
    this.#waiting.add(attempt)
  }

  /** Whether all have their answers that can still get one. */
  get isQuiet(): boolean {
    for (const { takenBy } of this.#waiting) if (takenBy?.isAlive === true) return false
    return true
  }

  answered(attempt: Attempt, outcome: AttemptOutcome): void {
    this.#waiting.delete(attempt)
    const { number, commands } = attempt
    hold(attempt.outcome === undefined, 'answeredOnce', () => {
      return `attempt ${number} was answered ${attempt.outcome?.type}, and then ${outcome.type}`
    })
    attempt.outcome = outcome
    for (const [place, { subject }] of commands.entries()) {
      const index = this.#indexes.get(subject as string)
      if (outcome.type === 'refused') {
        hold(
          index === undefined,
          'refusedIsAbsent',
          () => `${subject} was refused (${outcome.why}), and stands at ${index}`,
        )
      } else if (outcome.type === 'appended') {
        const said = outcome.firstIndex + place
        hold(this.#subjects[said] === subject, 'answeredIsCommitted', () => {
          return `${subject} is said to stand at ${said}, where ${this.#subjects[said] ?? 'nothing'} does`
        })
      }
    }
  }

  /** An entry is applied for the first time in the world. */
  applied({ index, ...entry }: Entry): void {
    if (entry.kind !== 'command' || entry.subject === undefined) return
    const { subject } = entry
    if (KeyedChecks.owns(subject)) {
      this.keyed.applied({ index, ...entry }, subject)
      return
    }
    const attempt = this.#attempts.get(subject)
    hold(attempt !== undefined, 'appendedOnce', () => `${subject} stands at ${index}, and nobody has sent it`)
    const former = this.#indexes.get(subject)
    hold(
      former === undefined,
      'appendedOnce',
      () => `${subject} was sent once, and stands at ${former} and at ${index}`,
    )
    hold(attempt.outcome?.type !== 'refused', 'refusedIsAbsent', () => `${subject} was refused, and stands at ${index}`)
    hold(attempt.term === undefined || attempt.term === entry.term, 'appendedInItsTerm', () => {
      return `${subject} was meant for term ${attempt.term}, and stands at ${index} in term ${entry.term}`
    })
    this.#indexes.set(subject, index)
    this.#subjects[index] = subject
  }

  /** A server is asked how far must be applied to see all that is committed; what comes back is to be told the answer. */
  readAsked(id: NodeId): (index: Index | undefined) => void {
    const { commitIndex } = this.#record
    return (index) => {
      this.reads[index === undefined ? 'refused' : 'answered']++
      hold(index === undefined || index >= commitIndex, 'readsAreCurrent', () => {
        return `who reads at ${id} is told that all up to ${index} is enough, and ${commitIndex} was committed before`
      })
    }
  }

  indexOf(subject: string): Index | undefined {
    return this.#indexes.get(subject)
  }

  /** How many attempts have ended so. */
  outcomes(type: AttemptOutcome['type']): number {
    return new Set([...this.#attempts.values()].filter(({ outcome }) => outcome?.type === type)).size
  }

  /** In the end everything that was answered as appended must be there. */
  checkAllThere(): void {
    for (const [subject, { outcome, takenBy }] of this.#attempts) {
      hold(outcome !== undefined || takenBy?.isAlive !== true, 'answeredOnce', () => `${subject} was never answered`)
      if (outcome?.type !== 'appended') continue
      hold(this.#indexes.has(subject), 'answeredIsCommitted', () => `${subject} was appended, and is lost`)
    }
  }
}
