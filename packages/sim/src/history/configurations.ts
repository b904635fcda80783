import type { CallEvent } from './eventList.ts'
import type { RegisterState } from './registerOperation.ts'

const FULL = 0xffff

/**
 * Where a search stands, as far as the future depends on it: which operations it has placed, and the state they leave.
 * It remembers all configurations that it was shown.
 */
export class Configurations {
  readonly #returned: Uint16Array
  readonly #unreturned: Uint16Array
  /** Words of `#returned` below `#low` are full, those from `#high` on are empty. */
  #low = 0
  #high = 0
  readonly #seen = new Set<string>()
  readonly #stateNumbers = new Map<RegisterState, number>()

  constructor(counts: { readonly returnedCount: number; readonly unreturnedCount: number }) {
    this.#returned = new Uint16Array(Math.ceil(counts.returnedCount / 16))
    this.#unreturned = new Uint16Array(Math.ceil(counts.unreturnedCount / 16))
  }

  has(call: CallEvent): boolean {
    return ((this.#wordsOf(call)[call.number >>> 4] ?? 0) & (1 << (call.number & 15))) !== 0
  }

  add(call: CallEvent): void {
    this.#flip(call)
    if (call.returned === undefined) return
    this.#high = Math.max(this.#high, (call.number >>> 4) + 1)
    while (this.#returned[this.#low] === FULL) this.#low += 1
  }

  remove(call: CallEvent): void {
    this.#flip(call)
    if (call.returned === undefined) return
    this.#low = Math.min(this.#low, call.number >>> 4)
    while (this.#high > 0 && this.#returned[this.#high - 1] === 0) this.#high -= 1
  }

  /** Whether this set of operations with this state is seen for the first time. */
  isNew(state: RegisterState): boolean {
    const before = this.#seen.size
    this.#seen.add(this.#key(state))
    return this.#seen.size > before
  }

  /** One string for each configuration: the words of `#unreturned` are always as many. */
  #key(state: RegisterState): string {
    const low = this.#low
    const number = this.#numberOf(state)
    const window = this.#returned.subarray(low, this.#high)
    return String.fromCharCode(number & FULL, number >>> 16, low & FULL, low >>> 16, ...window, ...this.#unreturned)
  }

  #numberOf(state: RegisterState): number {
    const known = this.#stateNumbers.get(state)
    if (known !== undefined) return known
    const number = this.#stateNumbers.size
    this.#stateNumbers.set(state, number)
    return number
  }

  #flip(call: CallEvent): void {
    const words = this.#wordsOf(call)
    const place = call.number >>> 4
    words[place] = (words[place] ?? 0) ^ (1 << (call.number & 15))
  }

  #wordsOf({ returned }: CallEvent): Uint16Array {
    return returned === undefined ? this.#unreturned : this.#returned
  }
}
