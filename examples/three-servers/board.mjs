// @ts-check
// What is known of servers and appends at this moment: the children report it, the story waits for it, the screen shows it.

const RATE_WINDOW_MS = 1_000

/**
 * @typedef {object} ServerLine
 * @property {string} id
 * @property {string} role As the server says, or `starting` or `killed`.
 * @property {number} term
 * @property {number} commitIndex
 */

/**
 * @typedef {object} Patience
 * @property {number} ms
 * @property {string} complaint
 * @property {() => number} [sign] As long as this changes, patience begins anew.
 */

export class Board {
  /** @type {Map<string, ServerLine>} */
  servers = new Map()
  /** @type {import('./client.mjs').Progress} */
  progress = { acknowledged: 0, term: 0, unsettled: 0, found: 0, appendedAgain: 0 }
  /** @type {number} */
  lineCount
  /** @type {Map<string, { atMs: number, commitIndex: number }[]>} */
  #samples = new Map()
  /** @type {Set<() => void>} */
  #lookAgain = new Set()
  /** @type {Error | undefined} */
  #failure

  /**
   * @param {readonly string[]} ids
   * @param {number} lineCount
   */
  constructor(ids, lineCount) {
    this.lineCount = lineCount
    for (const id of ids) this.servers.set(id, { id, role: 'starting', term: 0, commitIndex: 0 })
  }

  /** @param {ServerLine} line */
  noteServer(line) {
    // What it took in before it was killed is no part of its pace now.
    if (line.role === 'starting' || line.role === 'killed') this.#samples.delete(line.id)
    this.servers.set(line.id, line)
    const samples = this.#samples.get(line.id) ?? []
    this.#samples.set(line.id, [...samples, { atMs: performance.now(), commitIndex: line.commitIndex }])
    this.changed()
  }

  /** @param {import('./client.mjs').Progress} progress */
  noteProgress(progress) {
    this.progress = progress
    this.changed()
  }

  /** @returns {ServerLine | undefined} */
  get leader() {
    const leaders = [...this.servers.values()].filter(({ role }) => role === 'leader')
    return leaders.sort((a, b) => b.term - a.term)[0]
  }

  /**
   * How many entries a second a server has committed of late.
   *
   * @param {string} id
   */
  rateOf(id) {
    const nowMs = performance.now()
    const samples = (this.#samples.get(id) ?? []).filter(({ atMs }) => atMs >= nowMs - RATE_WINDOW_MS)
    this.#samples.set(id, samples)
    const [first, last] = [samples[0], samples.at(-1)]
    if (first === undefined || last === undefined || nowMs - first.atMs < RATE_WINDOW_MS / 5) return 0
    return ((last.commitIndex - first.commitIndex) / (nowMs - first.atMs)) * 1_000
  }

  /** Something that no part of the story recovers from. @param {Error} error */
  fail(error) {
    this.#failure ??= error
    this.changed()
  }

  changed() {
    for (const look of this.#lookAgain) look()
  }

  /**
   * Resolves with the first value of `find` that is neither undefined nor false.
   *
   * @template T
   * @param {() => T | undefined | false} find
   * @param {Patience} patience
   * @returns {Promise<T>}
   */
  until(find, { ms, complaint, sign }) {
    return new Promise((resolve, reject) => {
      let lastSign = sign?.()
      let isOver = () => {}
      const begin = () => setTimeout(() => leave(() => reject(new Error(complaint))), ms)
      let timer = begin()
      const leave = (/** @type {() => void} */ how) => {
        isOver()
        clearTimeout(timer)
        how()
      }
      const look = () => {
        const failure = this.#failure
        if (failure !== undefined) return leave(() => reject(failure))
        const found = find()
        if (found !== undefined && found !== false) return leave(() => resolve(found))
        if (sign === undefined || sign() === lastSign) return
        lastSign = sign()
        clearTimeout(timer)
        timer = begin()
      }
      isOver = () => this.#lookAgain.delete(look)
      this.#lookAgain.add(look)
      look()
    })
  }
}
