import type { Entry } from '../entry.ts'
import { InvariantViolation } from '../errors.ts'
import type { Index } from '../identifiers.ts'
import type { StateMachine } from '../ports.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'

export type EntriesDone = (error: Error | undefined, entries: readonly Entry[]) => void

export interface ApplierOptions {
  readonly server: RaftServer
  readonly stateMachine: StateMachine
  readonly readStore: (after: Index, upTo: Index, maxBytes: number, done: EntriesDone) => void
  readonly fail: (error: Error) => void
  /** A range was applied outside `applyNext`: its callers are to be answered. */
  readonly onApplied: () => void
}

/** Feeds one state machine: committed entries in order, a batch at a time, from memory or from the store. */
export class Applier {
  readonly #options: ApplierOptions
  #isWithin = false

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  /** Hands over what may be applied now, as far as the state machine takes it at once. */
  applyNext(): void {
    this.#isWithin = true
    try {
      const range = this.#options.server.startApplying()
      if (range !== undefined) this.#apply(range.after, range.upTo)
    } finally {
      this.#isWithin = false
    }
  }

  #apply(after: Index, upTo: Index): void {
    const { server, readStore } = this.#options
    if (server.role === 'stopped') return
    if (after === upTo) {
      this.#complete()
      return
    }
    const { log, settings } = server.state
    const cached = log.cached(after, upTo, settings.maxBatchBytes)
    if (cached !== undefined) {
      this.#handOver(cached, upTo)
      return
    }
    readStore(after, Math.min(upTo, log.cachedAfter), settings.maxBatchBytes, (error, entries) => {
      if (error === undefined) this.#handOver(entries, upTo)
    })
  }

  #complete(): void {
    const { server, onApplied } = this.#options
    server.applied()
    if (!this.#isWithin) {
      onApplied()
      return
    }
    const next = server.startApplying()
    if (next !== undefined) this.#apply(next.after, next.upTo)
  }

  /** What the state machine throws stops this group, and no other of the node. */
  #handOver(entries: readonly Entry[], upTo: Index): void {
    const { server, stateMachine, fail } = this.#options
    const last = entries.at(-1)?.index
    if (server.role === 'stopped') return
    if (last === undefined) {
      fail(new InvariantViolation('the store holds what it was told to be durable'))
      return
    }
    let isDone = false
    try {
      stateMachine.apply(entries, () => {
        if (isDone) return
        isDone = true
        this.#apply(last, upTo)
      })
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
