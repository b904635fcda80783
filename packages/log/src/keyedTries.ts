import {
  AppendOutcomeUnknownError,
  type ClientOutcome,
  type Command,
  type GroupId,
  type Index,
  type Term,
} from '@quorate/core'

export function isKeyed(commands: readonly Command[]): boolean {
  return commands.some(({ idempotency }) => idempotency !== undefined)
}

/** The tries of commands that have idempotency keys: of unknown outcome, they are tried again (thesis §6.3). */
export class KeyedTries {
  readonly #group: GroupId
  /** That of the first try whose outcome is not known. */
  #firstTerm: Term | undefined
  /** What was committed before the first try: whoever has forgotten keys behind it refuses. */
  #after: Index | undefined

  constructor(group: GroupId) {
    this.#group = group
  }

  /** The commands as they are to be handed over the next time. */
  again(commands: readonly Command[], knownCommitIndex: Index): readonly Command[] {
    const after = (this.#after ??= knownCommitIndex)
    return commands.map((command) => ({ ...command, after }))
  }

  mayTryAgain(term: Term, outcome: ClientOutcome): boolean {
    switch (outcome.type) {
      case 'keyForgotten':
        // Where no try of ours is open, what we knew to be committed was known long ago.
        this.#after = undefined
        return this.#firstTerm === undefined
      case 'noAnswer':
        if (outcome.reason === 'closed') return false
        this.#firstTerm ??= term
        return true
      case 'unknown':
        this.#firstTerm ??= term
        return true
      default:
        return false
    }
  }

  /** @throws AppendOutcomeUnknownError when there was a try whose outcome is not known. */
  throwIfOpen(why: string, options?: ErrorOptions): void {
    if (this.#firstTerm !== undefined) throw new AppendOutcomeUnknownError(this.#group, this.#firstTerm, why, options)
  }
}
