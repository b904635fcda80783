import { whenAborted } from './whenAborted.ts'

/** When to try no longer. */
export interface GiveUp {
  /** Aborts at the deadline, or with the caller's signal. */
  readonly signal: AbortSignal
  /** Lets go of the timer and of the caller's signal, which may live on for long. */
  release(): void
}

export function giveUpAfter(timeoutMs: number, signal: AbortSignal | undefined): GiveUp {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), timeoutMs).unref()
  const stopListening = signal === undefined ? undefined : whenAborted(signal, () => controller.abort(signal.reason))
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer)
      stopListening?.()
    },
  }
}
