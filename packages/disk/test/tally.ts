/** How often what happened. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(what: string): void {
    this.#counts.set(what, this.of(what) + 1)
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  toString(): string {
    const parts = [...this.#counts].map(([what, count]) => `${what} ${count}`)
    return `${parts.join(', ')}; together ${this.total}`
  }
}
