// @ts-check
// Finds out what became of lines whose outcome is unknown, by reading the log behind the index that was known before they
// were sent.
import { fromCommand } from './lineCommand.mjs'

/** @typedef {import('./lineCommand.mjs').Line} Line */

/**
 * A line whose outcome is unknown.
 *
 * @typedef {object} Doubtful
 * @property {Line} line
 * @property {number} term If it stands in the log, then as an entry of this term ...
 * @property {number} after ... behind this index.
 */

/** One reading settles any number of lines. */
export class Settlement {
  /** Read on behind this. */
  after
  /** @type {Line[]} In the log. */
  found = []
  /** @type {Line[]} Not in the log, now or ever. */
  absent = []
  /** @type {Map<number, Doubtful>} */
  #open

  /** @param {readonly Doubtful[]} doubtful */
  constructor(doubtful) {
    this.after = Math.min(...doubtful.map(({ after }) => after))
    this.#open = new Map(doubtful.map((each) => [each.line.number, each]))
  }

  get openCount() {
    return this.#open.size
  }

  /**
   * Takes the next committed entry. Terms never fall along the log, so behind an entry of a later term a line cannot
   * stand; an entry of its own term says nothing of it.
   *
   * @param {{ index: number, term: number, kind: string, data: Uint8Array }} entry
   */
  take({ index, term, kind, data }) {
    this.after = index
    for (const { line, term: ownTerm } of this.#open.values()) {
      if (ownTerm >= term) continue
      this.#open.delete(line.number)
      this.absent.push(line)
    }
    if (kind !== 'command') return
    const { number } = fromCommand(data)
    const doubtful = this.#open.get(number)
    if (doubtful === undefined) return
    this.#open.delete(number)
    this.found.push(doubtful.line)
  }
}
