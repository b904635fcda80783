/** Numbers below 2^32, one behind the other, in four bytes each. */
export class GrowingNumbers {
  #numbers = new Uint32Array(1 << 12)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(number: number): void {
    this.reserve(1)
    this.#numbers[this.#length++] = number
  }

  /** Copies the first `length` numbers of `source`. */
  pushAll(source: Uint32Array, length: number): void {
    this.reserve(length)
    for (let place = 0; place < length; place++) this.#numbers[this.#length++] = source[place]!
  }

  at(place: number): number {
    return this.#numbers[place]!
  }

  /** Copies `length` numbers from `start` on into `target`. */
  copyTo(target: Uint32Array, start: number, length: number): void {
    for (let place = 0; place < length; place++) target[place] = this.#numbers[start + place]!
  }

  clear(): void {
    this.#length = 0
  }

  reserve(more: number): void {
    if (this.#length + more <= this.#numbers.length) return
    const larger = new Uint32Array(2 * Math.max(this.#numbers.length, this.#length + more))
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}
