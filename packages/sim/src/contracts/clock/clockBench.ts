import type { Clock, TimerHandle } from '@quorate/core'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { Waiting, type Patience } from '../patience.ts'

/** What a contract needs to put clocks to the test. `settle` moves a clock that does not move by itself. */
export interface ClockHarness extends Patience {
  /** The clock. The same one may serve all cases. */
  clock(): Clock
  /**
   * Lets something arrive at the event loop: `callback` is called when the loop next looks at its sockets, never from
   * within this call. Unless given, what a clock promises of arrivals is not tested.
   */
  readonly arrive?: (callback: () => void) => void
}

/** Promises by their titles, and how to put each to the test. */
export type ClockTests = Readonly<Record<string, (bench: ClockBench) => Promise<void>>>

/** A clock, as the cases of a contract deal with it. */
export class ClockBench {
  readonly clock: Clock
  readonly waiting: Waiting
  /** What has happened, by name. */
  readonly events: string[] = []
  readonly #arrive: ((callback: () => void) => void) | undefined
  #isWithin = false
  #fault: string | undefined

  constructor(harness: ClockHarness) {
    this.clock = harness.clock()
    this.waiting = new Waiting(harness)
    this.#arrive = harness.arrive
  }

  setTimeout(name: string, delayMs: number, then?: () => void): TimerHandle {
    const callback = this.#named(name, then)
    return this.#during(() => this.clock.setTimeout(callback, delayMs))
  }

  /** @throws ContractBrokenError when the clock throws. */
  clearTimeout(handle: TimerHandle): void {
    try {
      this.#during(() => this.clock.clearTimeout(handle))
    } catch (error) {
      throw new ContractBrokenError(`clearTimeout threw ${String(error)}`)
    }
  }

  soon(name: string, then?: () => void): void {
    const callback = this.#named(name, then)
    this.#during(() => this.clock.soon(callback))
  }

  afterPoll(name: string, then?: () => void): void {
    const callback = this.#named(name, then)
    this.#during(() => this.clock.afterPoll(callback))
  }

  /** Where the harness lets nothing arrive, nothing does. */
  arrive(name: string, then?: () => void): void {
    this.#arrive?.(this.#named(name, then))
  }

  /** When all of these have happened. */
  async until(...names: string[]): Promise<void> {
    const missing = (): string[] => names.filter((name) => !this.events.includes(name))
    await this.waiting.until(
      () => missing().length === 0,
      () => `${missing().join(', ')} never called back`,
    )
  }

  /** @throws ContractBrokenError when `first` did not happen before `second`. Both have happened. */
  assertBefore(first: string, second: string): void {
    if (this.events.indexOf(first) < this.events.indexOf(second)) return
    throw new ContractBrokenError(`${second} came before ${first}: ${this.events.join(', ')}`)
  }

  /** Something else is wrong: `finish` says so. */
  fail(fault: string): void {
    this.#fault ??= fault
  }

  /** Everything has called back at most once, and not from within a call. */
  async finish(): Promise<void> {
    await this.waiting.quiet()
    const twice = this.events.find((name, place) => this.events.indexOf(name) !== place)
    if (twice !== undefined) this.fail(`${twice} called back more than once`)
    if (this.#fault !== undefined) throw new ContractBrokenError(this.#fault)
  }

  #named(name: string, then: () => void = () => {}): () => void {
    return () => {
      if (this.#isWithin) this.fail(`${name} called back from within a call; it must do so later`)
      this.events.push(name)
      then()
    }
  }

  #during<Result>(call: () => Result): Result {
    const wasWithin = this.#isWithin
    this.#isWithin = true
    try {
      return call()
    } finally {
      this.#isWithin = wasWithin
    }
  }
}
