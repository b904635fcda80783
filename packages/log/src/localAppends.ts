import type { AppendOutcome, Command, HostedServer } from '@quorate/core'

/** How an append on this very process's server ended, or that it did not end in time. */
export type LocalOutcome = AppendOutcome | { readonly type: 'timeout' }

interface Pending {
  readonly deadlineMs: number
  readonly settle: (outcome: LocalOutcome) => void
  isSettled: boolean
}

const SWEEP_MS = 50

/**
 * Appends handed to the server of this very process. One timer watches over all of them, and looks at the clock for all
 * of them: a timer each would cost more than the append.
 */
export class LocalAppends {
  readonly #hosted: HostedServer
  #pending: Pending[] = []
  #sweeper: NodeJS.Timeout | undefined
  #sweptMs = 0

  constructor(hosted: HostedServer) {
    this.#hosted = hosted
  }

  /** `settled` is called once, never from within this call. */
  append(commands: readonly Command[], timeoutMs: number, settled: (outcome: LocalOutcome) => void): void {
    if (this.#sweeper === undefined) this.#startSweeping()
    const pending: Pending = {
      deadlineMs: this.#sweptMs + timeoutMs,
      isSettled: false,
      settle: (outcome) => {
        if (pending.isSettled) return
        pending.isSettled = true
        settled(outcome)
      },
    }
    this.#pending.push(pending)
    this.#hosted.append(commands, pending.settle)
  }

  #startSweeping(): void {
    this.#sweptMs = performance.now()
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
  }

  #sweep(): void {
    this.#sweptMs = performance.now()
    this.#pending = this.#pending.filter(({ isSettled }) => !isSettled)
    for (const { deadlineMs, settle } of this.#pending) if (deadlineMs <= this.#sweptMs) settle({ type: 'timeout' })
    if (this.#pending.length > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}
