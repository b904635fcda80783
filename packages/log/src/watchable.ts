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

  /** Tells `listener` of each change, until the function that comes back is called. What it throws is its own affair. */
  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
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
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const unsubscribe = this.subscribe(done)
      this.#ends.add(done)
      signal?.addEventListener('abort', done)
    })
  }
}
