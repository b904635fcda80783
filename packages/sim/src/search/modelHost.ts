import type { ServerHost } from '@quorate/core'

/** Longer than any election timeout. */
const SILENCE_MS = 1_000_000

/** The surroundings of a server: time stands still but for the timeouts that are to elapse. */
export class ModelHost implements ServerHost {
  readonly surroundings = { now: (): number => this.#nowMs, wallTime: (): number => 0, chance: (): number => 0 }
  readonly clock = {
    setTimeout: (callback: () => void): (() => void) => (this.#timeout = callback),
    clearTimeout: (handle: unknown): void => {
      if (handle === this.#timeout) this.#timeout = undefined
    },
  }
  readonly onElapsed = (): void => {}
  #nowMs = 0
  #timeout: (() => void) | undefined

  /** So long after everything before that nobody was heard in time. */
  elapse(): void {
    const timeout = this.#timeout
    if (timeout === undefined) throw new Error('no timeout runs on this server')
    this.#timeout = undefined
    this.#nowMs += SILENCE_MS
    timeout()
  }
}
