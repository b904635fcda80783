// @ts-check
// The client: a process that is no member of the group. `node client.mjs <nats url> <window>`
import { setTimeout as sleep } from 'node:timers/promises'
import { AppendOutcomeUnknownError, connectLog, NotLeaderError } from '@quorate/log'
import { connectNats, natsNetwork } from '@quorate/nats'
import { failConductor, obeyConductor, tellConductor } from './conductor.mjs'
import { GROUP, PATIENCE_MS } from './group.mjs'
import { toCommand } from './lineCommand.mjs'
import { Settlement } from './settlement.mjs'

/**
 * @typedef {{ type: 'ready', maxEntryBytes: number }} Ready
 * @typedef {{ type: 'wanted' }} Wanted More lines, please.
 * @typedef {{ type: 'progress' } & Progress} ProgressMade
 * @typedef {{ type: 'committed', commitIndex: number }} Committed
 * @typedef {{ type: 'problem', message: string }} Problem
 * @typedef {{ type: 'failed', message: string }} Failed
 * @typedef {Ready | Wanted | ProgressMade | Committed | Problem | Failed} ClientMessage
 */

/** @typedef {{ type: 'lines', lines: Line[] } | { type: 'commitIndex' }} ClientOrder */

/**
 * How many lines.
 *
 * @typedef {object} Progress
 * @property {number} acknowledged Answered by a leader, or found in the log.
 * @property {number} term The latest in which a leader has answered.
 * @property {number} unsettled Of unknown outcome, now.
 * @property {number} found Of unknown outcome, then found in the log.
 * @property {number} appendedAgain Of unknown outcome, then proven not to be in the log.
 */

/** @typedef {import('./lineCommand.mjs').Line} Line */
/** @typedef {import('./settlement.mjs').Doubtful} Doubtful */

/** A leader that was killed answers no more, so there is no use in waiting long. */
const APPEND_TIMEOUT_MS = 1_000
/** Lines that wait longer than this do not keep others from being sent. */
const OVERDUE_MS = 100
/** Time for the appends that were lost together to be found out together. */
const GATHER_MS = 100
const LOOK_AGAIN_MS = 20

class Client {
  /** @type {Line[]} Not sent yet, or proven not to be in the log. */
  #waiting = []
  /** @type {Map<Line, number>} Sent and not answered, with the time of sending, the oldest first. */
  #underWay = new Map()
  /** @type {Doubtful[]} */
  #doubtful = []
  /** @type {Progress} */
  #progress = { acknowledged: 0, term: 0, unsettled: 0, found: 0, appendedAgain: 0 }
  #lastAcknowledgedIndex = 0
  #isAskingForLines = false
  #isSettling = false
  #isReporting = false
  #log
  #window

  /**
   * @param {import('@quorate/log').RemoteLog} log
   * @param {number} window As many lines are under way at a time.
   */
  constructor(log, window) {
    this.#log = log
    this.#window = window
    setInterval(() => this.#sendMore(), OVERDUE_MS / 2)
    this.#sendMore()
  }

  /** @param {readonly Line[]} lines */
  give(lines) {
    this.#isAskingForLines = false
    this.#waiting.push(...lines)
    this.#sendMore()
  }

  #sendMore() {
    while (this.#waiting.length > 0 && this.#underWay.size < this.#window + this.#overdue()) {
      void this.#append(/** @type {Line} */ (this.#waiting.shift()))
    }
    if (this.#waiting.length > this.#window || this.#isAskingForLines) return
    this.#isAskingForLines = true
    tellConductor({ type: 'wanted' })
  }

  /** How many lines wait for an answer that is long in coming: a window of them at the most. */
  #overdue() {
    const longAgo = performance.now() - OVERDUE_MS
    let count = 0
    for (const sentAt of this.#underWay.values()) {
      if (sentAt > longAgo || count === this.#window) break
      count++
    }
    return count
  }

  /** @param {Line} line */
  async #append(line) {
    const after = this.#lastAcknowledgedIndex
    this.#underWay.set(line, performance.now())
    try {
      const { index, term } = await this.#log.append(toCommand(line), { timeoutMs: APPEND_TIMEOUT_MS })
      this.#lastAcknowledgedIndex = Math.max(this.#lastAcknowledgedIndex, index)
      this.#progress.term = Math.max(this.#progress.term, term)
      this.#progress.acknowledged++
    } catch (error) {
      if (error instanceof AppendOutcomeUnknownError) this.#doubt({ line, term: error.term, after })
      // Proven: nothing was appended.
      else if (error instanceof NotLeaderError) this.#waiting.unshift(line)
      else failConductor(error)
    }
    this.#underWay.delete(line)
    this.#report()
    this.#sendMore()
  }

  /** @param {Doubtful} doubtful */
  #doubt(doubtful) {
    this.#doubtful.push(doubtful)
    if (this.#isSettling) return
    this.#isSettling = true
    this.#settleAll().catch(failConductor)
  }

  async #settleAll() {
    while (this.#doubtful.length > 0) {
      await sleep(GATHER_MS)
      const settlement = new Settlement(this.#doubtful.splice(0))
      while (settlement.openCount > 0) {
        const entries = await this.#read(settlement.after)
        for (const entry of entries) settlement.take(entry)
        this.#noteSettled(settlement)
        if (entries.length === 0) await sleep(LOOK_AGAIN_MS)
      }
    }
    this.#isSettling = false
  }

  /** @param {Settlement} settlement */
  #noteSettled(settlement) {
    const found = settlement.found.splice(0)
    const absent = settlement.absent.splice(0)
    this.#waiting.unshift(...absent)
    this.#progress.found += found.length
    this.#progress.acknowledged += found.length
    this.#progress.appendedAgain += absent.length
    this.#progress.unsettled = settlement.openCount + this.#doubtful.length
    this.#report()
    this.#sendMore()
  }

  /** @param {number} after */
  async #read(after) {
    try {
      const { entries } = await this.#log.read({ after }, { timeoutMs: PATIENCE_MS })
      return entries
    } catch (error) {
      if (error instanceof NotLeaderError) return []
      throw error
    }
  }

  /** What a turn of the event loop has brought, together. */
  #report() {
    if (this.#isReporting) return
    this.#isReporting = true
    setImmediate(() => {
      this.#isReporting = false
      tellConductor({ type: 'progress', ...this.#progress })
    })
  }
}

const [servers = '', window = ''] = process.argv.slice(2)

obeyConductor(async () => {
  const connection = await connectNats({ servers, name: 'client' })
  const network = natsNetwork({ connection, onProblem: ({ message }) => tellConductor({ type: 'problem', message }) })
  const log = connectLog(GROUP, { network })
  tellConductor({ type: 'ready', maxEntryBytes: log.maxEntryBytes })
  const client = new Client(log, Number(window))
  process.on('message', (/** @type {ClientOrder} */ order) => {
    if (order.type === 'lines') client.give(order.lines)
    else {
      log
        .leader({ timeoutMs: PATIENCE_MS })
        .then(({ commitIndex }) => tellConductor({ type: 'committed', commitIndex }), failConductor)
    }
  })
})
