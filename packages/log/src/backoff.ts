const FIRST_MS = 5
const LONGEST_MS = 200

/** Waits before one more try: longer each time, and never as long as others wait. Ends early when the signal aborts. */
export async function backoff(attempt: number, signal: AbortSignal): Promise<void> {
  const longestMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10))
  const delayMs = longestMs * (0.5 + Math.random() / 2)
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, delayMs)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
