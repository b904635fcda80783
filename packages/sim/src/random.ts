import type { Random } from '@quorate/core'

const HEX = '0123456789abcdef'

/** Chance that a seed decides, the same on every machine: xoshiro128** over a state that splitmix32 fills. */
export class SimRandom implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed any safe integer. */
  constructor(seed: number) {
    let state = (seed >>> 0) ^ Math.imul(Math.floor(seed / 0x1_0000_0000) >>> 0, 0x9e3779b1)
    const fill = (): number => {
      state = (state + 0x9e3779b9) | 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0aaad)
      mixed ^= mixed >>> 15
      mixed = Math.imul(mixed, 0x735a2d97)
      return (mixed ^ (mixed >>> 15)) >>> 0
    }
    this.#a = fill()
    this.#b = fill()
    this.#c = fill()
    this.#d = fill() | 1
  }

  /** 32 bits. */
  bits(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return scrambled
  }

  next(): number {
    return this.bits() / 0x1_0000_0000
  }

  /** A whole number, at least 0, below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** A number, at least `low`, below `high`. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** Some of the list, each with the same probability, in its order. */
  some<T>(list: readonly T[], probability: number): T[] {
    return list.filter(() => this.happens(probability))
  }

  /** In another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list]
    for (let place = result.length - 1; place > 0; place--) {
      const other = this.below(place + 1)
      ;[result[place], result[other]] = [result[other] as T, result[place] as T]
    }
    return result
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.bits() & 0xff)
  }

  uuid(): string {
    const digits = Array.from({ length: 32 }, () => HEX[this.bits() & 15])
    digits[12] = '4'
    digits[16] = HEX[8 + (this.bits() & 3)]
    const hex = digits.join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }

  /** Another source of chance: what is drawn from it changes nothing of what this one gives. */
  fork(): SimRandom {
    return new SimRandom(this.bits() * 0x20_0000 + (this.bits() >>> 11))
  }
}

function rotate(value: number, places: number): number {
  return (value << places) | (value >>> (32 - places))
}
