import { LogCompactedError, NotCaughtUpError, type Entry, type GroupId, type Index } from '@quorate/core'
import { assertInteger } from './integer.ts'
import { LogEntry } from './logEntry.ts'
import { whenAborted } from './whenAborted.ts'

/** Where a subscription reads. */
export interface EntrySource {
  readonly group: GroupId
  readonly lastApplied: Index
  /** The entries up to here are gone: a snapshot stands for them. */
  readonly startsAfter: Index
  /**
   * Behind this entry stands what is committed from now on; undefined while the server cannot know what is committed.
   * `hasWaited`: it could not either when it was asked first.
   */
  latest(hasWaited: boolean): Index | undefined
  /** Why there will be no more entries; undefined while there may be, null when the log was closed by its owner. */
  readonly ended: Error | null | undefined
  read(after: Index, maxBytes: number, done: (error: Error | undefined, entries: readonly Entry[]) => void): void
  /** Calls back at the next change of `lastApplied` or `ended`, unless the function that comes back is called first. */
  whenChanged(callback: () => void): () => void
}

export interface SubscriptionOptions {
  /** The first entry to deliver is at this index, or the first behind it; or the first that is still there when it is read. */
  readonly first: Index | 'earliest' | 'latest'
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
  /** The last entry that was delivered or is not to be; undefined while it is not known which are the latest. */
  #after: Index | undefined
  /** It begins with the first entry that is there, and has taken none yet. */
  #isAtFirst = false
  #isReading = false
  #stopWaiting: (() => void) | undefined
  #stopListening: (() => void) | undefined
  /** Whoever waits until the loop has taken the entries up to an index. */
  readonly #reachWaiting = new Set<{ readonly index: Index; readonly settle: () => void }>()
  /** The loop has taken the entries up to here, and has asked for more. */
  #reached: Index = 0
  #isReleased = false
  #error: unknown

  constructor(source: EntrySource, options: SubscriptionOptions) {
    this.#source = source
    this.#options = options
    this.#after = afterOf(source, options.first)
    this.#isAtFirst = options.first === 'earliest'
    // From the call on, not from the first `next`: what is committed in between is to be delivered.
    if (this.#after === undefined) this.#wait()
    if (options.signal !== undefined) this.#stopListening = whenAborted(options.signal, this.#abort)
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

  /**
   * Resolves once the loop over this subscription has taken all entries up to `index` and asks for the next: what it builds of
   * them is built. Together with `log.readIndex()` a read of that is linearizable.
   * @throws NotCaughtUpError when the subscription ends first, RangeError for what is no index; the signal's reason.
   */
  async reached(index: Index, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    assertInteger('index', index, 0)
    signal?.throwIfAborted()
    if (this.#reached < index && !this.#isReleased) await this.#whenReached(index, signal)
    if (this.#reached >= index) return
    signal?.throwIfAborted()
    throw new NotCaughtUpError(this.#source.group, index, this.#reached)
  }

  #whenReached(index: Index, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiting = {
        index,
        settle: () => {
          this.#reachWaiting.delete(waiting)
          stopListening?.()
          resolve()
        },
      }
      this.#reachWaiting.add(waiting)
      const stopListening = signal === undefined ? undefined : whenAborted(signal, waiting.settle)
    })
  }

  #noteReached(index: Index): void {
    this.#reached = Math.max(this.#reached, index)
    if (this.#reachWaiting.size === 0) return
    for (const { index: wanted, settle } of this.#reachWaiting) if (wanted <= this.#reached) settle()
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
    this.#stopListening?.()
    for (const { settle } of this.#reachWaiting) settle()
    this.#serve()
  }

  #takeNext(): LogEntry | undefined {
    if (this.#options.signal?.aborted === true) this.#abort()
    while (this.#place < this.#batch.length) {
      const entry = this.#batch[this.#place++]!
      this.#after = entry.index
      if (this.#options.all || entry.kind === 'command') {
        this.#noteReached(entry.index - 1)
        return new LogEntry(entry)
      }
    }
    return undefined
  }

  /** Answers who waits, as far as there is something to say; otherwise sees to it that there will be. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const entry = this.#takeNext()
      if (entry === undefined && this.#after !== undefined) this.#noteReached(this.#after)
      if (entry !== undefined) this.#waiting.shift()!.resolve({ done: false, value: entry })
      else if (this.#isReleased) this.#end(this.#error)
      else if (this.#isReading) return
      else if (this.#after !== undefined && this.#source.lastApplied > this.#after) this.#read(this.#after)
      else if (this.#source.ended !== undefined) this.#release(this.#source.ended ?? undefined)
      else if (this.#stopWaiting !== undefined) return
      else this.#wait()
    }
  }

  #wait(): void {
    this.#stopWaiting = this.#source.whenChanged(() => {
      this.#stopWaiting = undefined
      this.#after ??= this.#source.latest(true)
      if (this.#after === undefined && this.#source.ended === undefined) this.#wait()
      this.#serve()
    })
  }

  #read(after: Index): void {
    this.#isReading = true
    this.#source.read(after, READ_BYTES, (error, entries) => {
      this.#isReading = false
      // The log has been compacted since it was looked at.
      if (this.#isAtFirst && error instanceof LogCompactedError) this.#after = error.firstAvailable - 1
      // Whoever closed the log may have closed the store with it.
      else if (error !== undefined) this.#release(this.#source.ended === null ? undefined : error)
      else if (!this.#isReleased) {
        this.#batch = entries
        this.#place = 0
        this.#isAtFirst &&= entries.length === 0
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

function afterOf(source: EntrySource, first: SubscriptionOptions['first']): Index | undefined {
  if (first === 'latest') return source.latest(false)
  return first === 'earliest' ? source.startsAfter : first - 1
}
