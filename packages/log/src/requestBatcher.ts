import {
  commandBytes,
  type ClientOutcome,
  type ClientTransport,
  type Command,
  type GroupId,
  type Term,
} from '@quorate/core'
import { isKeyed } from './keyedTries.ts'

interface Waiting {
  readonly commands: readonly Command[]
  readonly bytes: number
  readonly timeoutMs: number
  readonly settled: (outcome: ClientOutcome) => void
}

/** Deadlines that are as close as this are one: a timer each would cost more than the append. */
const SAME_MOMENT_MS = 10

/** So long a leader that has been followed by another may take to say what became of an append. */
export const SUCCESSION_GRACE_MS = 500

/** A request on its way. */
interface Open {
  readonly term: Term
  readonly settle: (outcome: ClientOutcome) => void
}

/**
 * Puts the appends of one turn of the event loop that name the same term into one request: a request costs as much as
 * a hundred commands. What the answer says of the request it says of each.
 */
export class RequestBatcher {
  readonly #client: ClientTransport
  readonly #group: GroupId
  #waiting = new Map<Term, Waiting[]>()
  readonly #open = new Set<Open>()

  constructor(client: ClientTransport, group: GroupId) {
    this.#client = client
    this.#group = group
  }

  append(term: Term, commands: readonly Command[], timeoutMs: number): Promise<ClientOutcome> {
    const bytes = commands.reduce((sum, command) => sum + commandBytes(command), 0)
    return new Promise((settled) => {
      if (this.#waiting.size === 0) setImmediate(() => this.#sendAll())
      const one = { commands, bytes, timeoutMs, settled }
      const waiting = this.#waiting.get(term)
      if (waiting === undefined) this.#waiting.set(term, [one])
      else waiting.push(one)
    })
  }

  /** The oldest term that an answer is awaited of; undefined when none is. */
  get oldestTerm(): Term | undefined {
    let oldest: Term | undefined
    for (const { term } of this.#open) oldest = Math.min(term, oldest ?? term)
    return oldest
  }

  /** Waits no longer for leaders of terms before `term`: they may have fallen before they answered. */
  giveUpBefore(term: Term): void {
    for (const open of this.#open) if (open.term < term) open.settle({ type: 'unknown', term: open.term })
  }

  #sendAll(): void {
    const all = this.#waiting
    this.#waiting = new Map()
    for (const [term, waiting] of all) {
      for (const batch of this.#split(waiting)) this.#send(term, batch)
    }
  }

  #split(waiting: readonly Waiting[]): Waiting[][] {
    const batches: Waiting[][] = []
    let room = 0
    for (const one of waiting) {
      // The answer to commands with keys says of each of them where it stands, and is nobody else's.
      if (one.bytes > room || isKeyed(one.commands)) {
        batches.push([])
        room = isKeyed(one.commands) ? 0 : this.#client.maxEntryBytes
      }
      batches.at(-1)!.push(one)
      room -= one.bytes
    }
    return batches
  }

  #send(term: Term, batch: readonly Waiting[]): void {
    const commands = batch.flatMap((one) => one.commands)
    const longestMs = batch.reduce((longest, { timeoutMs }) => Math.max(longest, timeoutMs), 0)
    const timers = batch
      .filter(({ timeoutMs }) => timeoutMs < longestMs - SAME_MOMENT_MS)
      .map(({ timeoutMs, settled }) => setTimeout(settled, timeoutMs, { type: 'noAnswer', reason: 'timeout' }))
    const settle = (outcome: ClientOutcome): void => {
      if (!this.#open.delete(open)) return
      for (const timer of timers) clearTimeout(timer)
      let offset = 0
      for (const one of batch) {
        one.settled(outcome.type === 'appended' ? { ...outcome, firstIndex: outcome.firstIndex + offset } : outcome)
        offset += one.commands.length
      }
    }
    const open: Open = { term, settle }
    this.#open.add(open)
    this.#client.request(this.#group, { type: 'append', term, commands }, longestMs, settle)
  }
}
