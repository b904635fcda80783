/** Worlds that were met, each by 64 bits of hash: of ten million, two are confused once in 370,000 searches. */
export class VisitedWorlds {
  #mask = (1 << 16) - 1
  #high = new Uint32Array(1 << 16)
  #low = new Uint32Array(1 << 16)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Returns whether the first `length` numbers of `world` were not met before. */
  add(world: Uint32Array, length: number): boolean {
    const high = hash(world, length, 0x9e3779b9, 0xcc9e2d51, 0x1b873593)
    // Zero says that a place is free.
    const low = hash(world, length, 0x7f4a7c15, 0x85ebca6b, 0xc2b2ae35) || 1
    const place = this.#placeOf(high, low)
    if (this.#low[place] !== 0) return false
    this.#high[place] = high
    this.#low[place] = low
    if (2 * ++this.#size > this.#mask) this.#grow()
    return true
  }

  #placeOf(high: number, low: number): number {
    let place = (high ^ low) & this.#mask
    while (this.#low[place] !== 0 && (this.#low[place] !== low || this.#high[place] !== high)) {
      place = (place + 1) & this.#mask
    }
    return place
  }

  #grow(): void {
    const [highs, lows] = [this.#high, this.#low]
    const capacity = 2 * lows.length
    this.#mask = capacity - 1
    this.#high = new Uint32Array(capacity)
    this.#low = new Uint32Array(capacity)
    for (let old = 0; old < lows.length; old++) {
      if (lows[old] === 0) continue
      const place = this.#placeOf(highs[old]!, lows[old]!)
      this.#high[place] = highs[old]!
      this.#low[place] = lows[old]!
    }
  }
}

/** 32 bits, each of which depends on all of the numbers and on their order. */
function hash(numbers: Uint32Array, length: number, seed: number, first: number, second: number): number {
  let bits = seed ^ length
  for (let place = 0; place < length; place++) {
    let number = Math.imul(numbers[place]!, first)
    number = (number << 15) | (number >>> 17)
    bits ^= Math.imul(number, second)
    bits = (bits << 13) | (bits >>> 19)
    bits = (Math.imul(bits, 5) + 0xe6546b64) | 0
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
