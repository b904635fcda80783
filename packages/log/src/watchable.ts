import { whenAborted } from './whenAborted.ts'

/**
 * A value that changes. Look at it, be told of each change, or wait for changes with `for await`, which passes over
 * those that came and went while the loop was busy.
 */
export class Watchable<T> implements AsyncIterable<T> {
  #value: T
  #isEnded = false
  readonly #listeners = new Set<(value: T) => void>()
  readonly #ends = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  /**
   * Tells `listener` of each change, until the function that comes back is called. What it throws stops neither the server
   * nor the other listeners: it is thrown again in a microtask, as an `uncaughtException`, which ends a Node process that
   * does not handle it.
   */
  subscribe(listener: (value: T) => void): () => void {
    // A function that is given twice is two subscriptions.
    const own = (value: T): void => listener(value)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** The first value, the present one included, that satisfies `isWanted`. Rejects when the signal aborts. */
  async waitFor(isWanted: (value: T) => boolean, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
    for await (const value of this.changes(signal === undefined ? {} : { signal })) if (isWanted(value)) return value
    throw new Error('the value changes no more, and never was as it was waited for')
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return this.changes()[Symbol.asyncIterator]()
  }

  /** The present value and then each change; ends when the value can change no more. */
  async *changes({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<T, undefined> {
    let seen: T | undefined
    let isFirst = true
    for (;;) {
      signal?.throwIfAborted()
      if (isFirst || this.#value !== seen) {
        isFirst = false
        seen = this.#value
        yield seen
      } else if (this.#isEnded) return undefined
      else await this.#nextChange(signal)
    }
  }

  /** @internal */
  set(value: T): void {
    if (this.#isEnded) return
    this.#value = value
    for (const listener of this.#listeners) {
      try {
        listener(value)
      } catch (error) {
        // A listener's fault must not stop the server it listens to.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** @internal */
  end(): void {
    this.#isEnded = true
    for (const tell of this.#ends) tell()
    this.#listeners.clear()
  }

  async #nextChange(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        unsubscribe()
        this.#ends.delete(done)
        stopListening?.()
        resolve()
      }
      const unsubscribe = this.subscribe(done)
      this.#ends.add(done)
      const stopListening = signal === undefined ? undefined : whenAborted(signal, done)
    })
  }
}
