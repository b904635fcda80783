import { ContractBrokenError } from './contractBrokenError.ts'
import { shown } from './difference.ts'
import type { Waiting } from './patience.ts'

/** What became of a callback. */
export interface Called<Values extends readonly unknown[] = readonly unknown[]> {
  readonly name: string
  readonly calls: number
  /** Of the first call; undefined before it. */
  readonly values: Values | undefined
}

/** A callback to hand to an implementation. */
export interface Expected<Values extends readonly unknown[]> extends Called<Values> {
  readonly callback: (...values: Values) => void
}

/** The callbacks of one case. Each must be called exactly once, in a later turn, never from within a call. */
export class Callbacks {
  /** The names of those that were called, in the order of their calls. */
  readonly order: string[] = []
  readonly #waiting: Waiting
  #expected: Called[] = []
  #depth = 0
  #fault: string | undefined

  constructor(waiting: Waiting) {
    this.#waiting = waiting
  }

  /** Whether a call into the implementation is going on: what is called now is called from within it. */
  get isWithin(): boolean {
    return this.#depth > 0
  }

  /** Makes a call into the implementation. @throws ContractBrokenError when `what` throws: no call of a port does. */
  during(what: string, call: () => void): void {
    this.#depth++
    try {
      call()
    } catch (error) {
      throw new ContractBrokenError(`${what} threw ${shown(error)}`, { cause: error })
    } finally {
      this.#depth--
    }
  }

  /** @param then runs at the first call, behind the note that it was called. */
  expect<Values extends readonly unknown[]>(
    name: string,
    then: (...values: Values) => void = () => {},
  ): Expected<Values> {
    const expected = {
      name,
      calls: 0,
      values: undefined as Values | undefined,
      callback: (...values: Values): void => {
        expected.calls++
        this.order.push(name)
        if (this.isWithin) this.fail(`${name} called back from within a call; it must do so in a later turn`)
        if (expected.calls > 1) {
          this.fail(`${name} called back ${expected.calls} times; it must do so exactly once`)
          return
        }
        expected.values = values
        try {
          then(...values)
        } catch (error) {
          this.fail(`what ${name} was followed by threw ${shown(error)}`)
        }
      },
    }
    this.#expected.push(expected)
    return expected
  }

  /** Nobody waits for it any more: the call was refused. */
  forget(refused: Called): void {
    this.#expected = this.#expected.filter((expected) => expected !== refused)
  }

  /** Something else is wrong: `finish` says so. Callbacks throw nothing into the implementation. */
  fail(fault: string): void {
    this.#fault ??= fault
  }

  /** What it was called with, once it was. */
  async valuesOf<Values extends readonly unknown[]>(expected: Called<Values>): Promise<Values> {
    await this.#waiting.until(
      () => expected.values !== undefined,
      () => `${expected.name} never called back; it must do so exactly once`,
    )
    return expected.values as Values
  }

  /** Everybody has been called, once and not from within. */
  async finish(): Promise<void> {
    for (const expected of this.#expected) await this.valuesOf(expected)
    await this.#waiting.quiet()
    if (this.#fault !== undefined) throw new ContractBrokenError(this.#fault)
  }
}
