import type { Entry, Index } from '@quorate/core'
import { LogEntry } from './logEntry.ts'

/** Where a subscription reads. */
export interface EntrySource {
  readonly lastApplied: Index
  /** Why there will be no more entries; undefined while there may be, null when the log was closed by its owner. */
  readonly ended: Error | null | undefined
  read(after: Index, maxBytes: number, done: (error: Error | undefined, entries: readonly Entry[]) => void): void
  /** Calls back at the next change of `lastApplied` or `ended`, unless the function that comes back is called first. */
  whenChanged(callback: () => void): () => void
}

export interface SubscriptionOptions {
  /** The first entry to deliver is at this index, or the first behind it. */
  readonly first: Index
  /** Also the entries that Raft itself wrote. */
  readonly all: boolean
  readonly signal: AbortSignal | undefined
}

interface Waiting {
  readonly resolve: (result: IteratorResult<LogEntry, undefined>) => void
  readonly reject: (error: unknown) => void
}

const READ_BYTES = 256 * 1024
const DONE: IteratorResult<LogEntry, undefined> = { done: true, value: undefined }

/**
 * The committed entries of a log, in order, without a gap, each once. It holds at most one batch: a slow reader reads
 * behind, from memory or disk, and holds up nobody. Written by hand: an async generator costs twice as much an entry.
 */
export class Subscription implements AsyncIterableIterator<LogEntry, undefined> {
  readonly #source: EntrySource
  readonly #options: SubscriptionOptions
  readonly #waiting: Waiting[] = []
  #batch: readonly Entry[] = []
  #place = 0
  #after: Index
  #isReading = false
  #stopWaiting: (() => void) | undefined
  #isReleased = false
  #error: unknown

  constructor(source: EntrySource, options: SubscriptionOptions) {
    this.#source = source
    this.#options = options
    this.#after = options.first - 1
    options.signal?.addEventListener('abort', this.#abort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<LogEntry, undefined>> {
    if (this.#waiting.length === 0) {
      const ready = this.#takeNext()
      if (ready !== undefined) return Promise.resolve({ done: false, value: ready })
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#serve()
    })
  }

  /** `break` out of the loop: nothing is held any more. */
  return(): Promise<IteratorResult<LogEntry, undefined>> {
    this.#release(undefined)
    return Promise.resolve(DONE)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #abort = (): void => this.#release(this.#options.signal?.reason)

  #release(error: unknown): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#error = error
    this.#batch = []
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#serve()
  }

  #takeNext(): LogEntry | undefined {
    if (this.#options.signal?.aborted === true) this.#abort()
    while (this.#place < this.#batch.length) {
      const entry = this.#batch[this.#place++]!
      this.#after = entry.index
      if (this.#options.all || entry.kind === 'command') return new LogEntry(entry)
    }
    return undefined
  }

  /** Answers who waits, as far as there is something to say; otherwise sees to it that there will be. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const entry = this.#takeNext()
      if (entry !== undefined) this.#waiting.shift()!.resolve({ done: false, value: entry })
      else if (this.#isReleased) this.#end(this.#error)
      else if (this.#isReading) return
      else if (this.#source.lastApplied > this.#after) this.#read()
      else if (this.#source.ended !== undefined) this.#release(this.#source.ended ?? undefined)
      else if (this.#stopWaiting !== undefined) return
      else {
        this.#stopWaiting = this.#source.whenChanged(() => {
          this.#stopWaiting = undefined
          this.#serve()
        })
      }
    }
  }

  #read(): void {
    this.#isReading = true
    this.#source.read(this.#after, READ_BYTES, (error, entries) => {
      this.#isReading = false
      // Whoever closed the log may have closed the store with it.
      if (error !== undefined) this.#release(this.#source.ended === null ? undefined : error)
      else if (!this.#isReleased) {
        this.#batch = entries
        this.#place = 0
      }
      this.#serve()
    })
  }

  #end(error: unknown): void {
    const { resolve, reject } = this.#waiting.shift()!
    if (error === undefined) resolve(DONE)
    else {
      // Told once; whoever asks again finds the end.
      this.#error = undefined
      reject(error)
    }
  }
}
