import type { AppendOutcome, Command, HostedServer } from '@quorate/core'

interface Pending {
  readonly deadlineMs: number
  readonly settle: (outcome: AppendOutcome | { readonly type: 'timeout' }) => void
}

const SWEEP_MS = 50

/**
 * Appends handed to the server of this very process. One timer watches over all of them: a timer each would cost more
 * than the append.
 */
export class LocalAppends {
  readonly #hosted: HostedServer
  readonly #pending = new Set<Pending>()
  #sweeper: NodeJS.Timeout | undefined

  constructor(hosted: HostedServer) {
    this.#hosted = hosted
  }

  append(commands: readonly Command[], timeoutMs: number): Promise<AppendOutcome | { readonly type: 'timeout' }> {
    return new Promise((resolve) => {
      const pending: Pending = {
        deadlineMs: performance.now() + timeoutMs,
        settle: (outcome) => {
          if (this.#pending.delete(pending)) resolve(outcome)
        },
      }
      this.#pending.add(pending)
      this.#hosted.append(commands, pending.settle)
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS)
    })
  }

  #sweep(): void {
    const now = performance.now()
    for (const { deadlineMs, settle } of this.#pending) if (deadlineMs <= now) settle({ type: 'timeout' })
    if (this.#pending.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}
