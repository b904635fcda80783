/** Gives every distinct value a number, counted from 0, so that a world is a few numbers. */
export class Catalogue<Value> {
  readonly #keyOf: (value: Value) => string
  readonly #numbers = new Map<string, number>()
  readonly #values: Value[] = []

  /** Values of the same key are the same value. */
  constructor(keyOf: (value: Value) => string) {
    this.#keyOf = keyOf
  }

  get size(): number {
    return this.#values.length
  }

  numberOf(value: Value): number {
    const key = this.#keyOf(value)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#values.length)
    return this.#values.push(value) - 1
  }

  at(number: number): Value {
    return this.#values[number]!
  }
}
