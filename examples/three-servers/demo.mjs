// @ts-check
// Three servers as three processes, and a client that is no member. Halfway the leader is killed; at the end the three
// logs must be equal, and hold every line exactly once. `npm run demo -- [FILE...]`
import { constants } from 'node:os'
import { Board } from './board.mjs'
import { PATIENCE_MS } from './group.mjs'
import { InputError, readInput } from './input.mjs'
import { faultsOf, reportOf } from './report.mjs'
import { count, countLines, Screen } from './screen.mjs'
import { Stage } from './stage.mjs'

/** @typedef {import('./stage.mjs').Child} Child */
/** @typedef {import('./server.mjs').Check} Check */

const USAGE = `Replicates lines over three servers, kills their leader halfway, and compares the three logs.

  npm run demo                    the source files of this repository
  npm run demo -- FILE...         the lines of these files; - is standard input
  COMMAND | npm run demo          the lines of standard input`

const SERVER_IDS = ['s1', 's2', 's3']
/** Lines under way at a time. */
const WINDOW = 32
const LINES_A_MESSAGE = 256
/** What a command takes beside its line, at the most. */
const COMMAND_OVERHEAD_BYTES = 64
const PARENT_LOOK_MS = 250

class Demo {
  #stage
  #screen
  #input
  #board
  /** @type {Map<string, Child>} */
  #servers = new Map()
  /** @type {Map<string, Check>} */
  #checks = new Map()
  /** @type {number | undefined} */
  #finalCommitIndex
  #window
  #givenLines = 0
  /** So many lines may leave before the leader is killed: at least one is left for its successor. */
  #mayGive
  #isClientIdle = false
  #toldSettled = { found: 0, appendedAgain: 0 }
  #natsUrl = ''

  /**
   * @param {Stage} stage
   * @param {Screen} screen
   * @param {import('./input.mjs').Input} input
   * @param {Board} board
   */
  constructor(stage, screen, input, board) {
    this.#stage = stage
    this.#screen = screen
    this.#input = input
    this.#board = board
    const lineCount = input.lines.length
    // With few lines a full window would be everything at once, and there would be no "halfway".
    this.#window = Math.min(WINDOW, Math.ceil(lineCount / 8))
    this.#mayGive = Math.min(lineCount - 1, Math.floor(lineCount / 2) + 16 * this.#window)
  }

  /** @returns {Promise<boolean>} Whether the logs are as they must be. */
  async play() {
    await this.#open()
    const leader = await this.#board.until(() => this.#board.leader, {
      ms: PATIENCE_MS,
      complaint: `no leader was elected within ${PATIENCE_MS / 1_000} s`,
    })
    this.#screen.note(`${leader.id} leads in term ${leader.term}`)

    const client = this.#startClient()
    const beganMs = performance.now()
    await this.#acknowledged(Math.floor(this.#input.lines.length / 2))
    const { killed, failoverMs } = await this.#killLeader(client)
    await this.#acknowledged(Math.floor(this.#input.lines.length * 0.75))
    await this.#bringBack(killed)
    await this.#acknowledged(this.#input.lines.length)
    const appendMs = performance.now() - beganMs

    await this.#compare(client)
    const outcome = { checks: this.#checks, input: this.#input, progress: this.#board.progress, failoverMs, appendMs }
    const faults = faultsOf(this.#checks, this.#input)
    this.#screen.end()
    this.#screen.print(() => reportOf(outcome, faults, this.#screen))
    return faults.length === 0
  }

  async #open() {
    this.#natsUrl = await this.#stage.startNats()
    this.#screen.note(`nats-server listens on ${this.#natsUrl}`)
    this.#screen.follow(this.#board)
    for (const id of SERVER_IDS) this.#startServer(id, id === SERVER_IDS[0] ? [SERVER_IDS.join(',')] : [])
    const pids = [...this.#servers.values()].map(({ name, pid }) => `${name} is process ${pid}`)
    this.#screen.note(`${pids.join(', ')}; their folders are in ${this.#stage.folder}`)
    await this.#board.until(() => [...this.#board.servers.values()].every(({ role }) => role !== 'starting'), {
      ms: PATIENCE_MS,
      complaint: `not every server came up within ${PATIENCE_MS / 1_000} s`,
    })
  }

  /**
   * @param {string} id
   * @param {string[]} founding
   */
  #startServer(id, founding) {
    const child = this.#stage.start({
      name: id,
      script: 'server.mjs',
      args: [id, this.#stage.folderFor(id), this.#natsUrl, ...founding],
      onMessage: (/** @type {import('./server.mjs').ServerMessage} */ message) => {
        if (this.#servers.get(id) === child) this.#heardServer(id, message)
      },
    })
    this.#servers.set(id, child)
  }

  /**
   * @param {string} id
   * @param {import('./server.mjs').ServerMessage} message
   */
  #heardServer(id, message) {
    switch (message.type) {
      case 'status':
        this.#board.noteServer({ id, role: message.role, term: message.term, commitIndex: message.commitIndex })
        break
      case 'checked':
        this.#checks.set(id, message)
        this.#board.changed()
        break
      case 'problem':
        this.#screen.note(`${id}: ${message.message}`)
        break
      case 'failed':
        this.#board.fail(new Error(`${id}: ${message.message}`))
    }
  }

  #startClient() {
    const client = this.#stage.start({
      name: 'client',
      script: 'client.mjs',
      args: [this.#natsUrl, String(this.#window)],
      onMessage: (/** @type {import('./client.mjs').ClientMessage} */ message) => this.#heardClient(client, message),
    })
    this.#screen.note(`the client is process ${client.pid}: it appends each line, ${this.#window} at a time`)
    return client
  }

  /**
   * @param {Child} client
   * @param {import('./client.mjs').ClientMessage} message
   */
  #heardClient(client, message) {
    switch (message.type) {
      case 'ready':
        this.#refuseLongLines(message.maxEntryBytes - COMMAND_OVERHEAD_BYTES)
        break
      case 'wanted':
        this.#isClientIdle = true
        this.#giveLines(client)
        break
      case 'progress':
        this.#noteSettled(message)
        this.#board.noteProgress(message)
        break
      case 'committed':
        this.#finalCommitIndex = message.commitIndex
        this.#board.changed()
        break
      case 'problem':
        this.#screen.note(`client: ${message.message}`)
        break
      case 'failed':
        this.#board.fail(new Error(`client: ${message.message}`))
    }
  }

  /** @param {import('./client.mjs').Progress} progress */
  #noteSettled({ found, appendedAgain, unsettled }) {
    const told = this.#toldSettled
    if (unsettled > 0 || found + appendedAgain === told.found + told.appendedAgain) return
    this.#toldSettled = { found, appendedAgain }
    const parts = [`${found - told.found} found in the log`, `${appendedAgain - told.appendedAgain} appended again`]
    const sum = found + appendedAgain - told.found - told.appendedAgain
    this.#screen.note(`${countLines(sum)} of unknown outcome settled by reading the log: ${parts.join(', ')}`)
  }

  /** @param {number} maxBytes */
  #refuseLongLines(maxBytes) {
    const long = this.#input.lines.find(({ bytes }) => bytes.length > maxBytes)
    if (long === undefined) return
    const place = this.#input.placeOf(long.number)
    const sizes = `the line has ${count(long.bytes.length)} bytes, and an entry carries ${count(maxBytes)}`
    this.#board.fail(new InputError(`${place}: ${sizes} (max_payload of nats-server)`))
  }

  /** @param {Child} client */
  #giveLines(client) {
    const upTo = Math.min(this.#mayGive, this.#givenLines + LINES_A_MESSAGE)
    const lines = this.#input.lines.slice(this.#givenLines, upTo)
    if (!this.#isClientIdle || lines.length === 0) return
    this.#isClientIdle = false
    this.#givenLines = upTo
    client.send({ type: 'lines', lines })
  }

  /** @param {number} wanted */
  async #acknowledged(wanted) {
    await this.#board.until(() => this.#board.progress.acknowledged >= wanted, {
      ms: PATIENCE_MS,
      complaint: `no append was acknowledged for ${PATIENCE_MS / 1_000} s`,
      sign: () => this.#board.progress.acknowledged,
    })
  }

  /** @param {Child} client */
  async #killLeader(client) {
    const { id, term } = await this.#board.until(() => this.#board.leader, {
      ms: PATIENCE_MS,
      complaint: `no server led for ${PATIENCE_MS / 1_000} s`,
    })
    const killedMs = performance.now()
    const gone = this.#servers.get(id)?.kill()
    this.#servers.delete(id)
    const last = this.#board.servers.get(id)
    this.#board.noteServer({ id, term: 0, commitIndex: last?.commitIndex ?? 0, role: 'killed' })
    this.#screen.note(`killed ${id}, the leader, with SIGKILL`)
    await gone
    // Not before: where few lines are left, the last one would leave for a server that is no more.
    this.#mayGive = this.#input.lines.length
    this.#giveLines(client)
    // An answer of the leader that is no more may still be on its way; one of a later term is its successor's.
    await this.#board.until(() => this.#board.progress.term > term, {
      ms: PATIENCE_MS,
      complaint: `no append was acknowledged within ${PATIENCE_MS / 1_000} s of the leader's end`,
    })
    const failoverMs = performance.now() - killedMs
    const newLeader = await this.#board.until(() => this.#board.leader, { ms: PATIENCE_MS, complaint: 'no leader' })
    this.#screen.note(
      `${newLeader.id} leads in term ${newLeader.term}: appends go on ${count(Math.round(failoverMs))} ms after the SIGKILL`,
    )
    return { killed: id, failoverMs }
  }

  /** @param {string} id */
  async #bringBack(id) {
    const startedMs = performance.now()
    const had = this.#board.servers.get(id)?.commitIndex ?? 0
    const goal = this.#board.leader?.commitIndex ?? 0
    this.#startServer(id, [])
    this.#board.noteServer({ id, term: 0, commitIndex: had, role: 'starting' })
    this.#screen.note(`started ${id} again, ${count(goal - had)} entries behind`)
    const isBack = () => {
      const { role, commitIndex } = this.#board.servers.get(id) ?? { role: 'starting', commitIndex: 0 }
      return role !== 'starting' && commitIndex >= goal
    }
    await this.#board.until(isBack, {
      ms: PATIENCE_MS,
      complaint: `${id} did not catch up within ${PATIENCE_MS / 1_000} s`,
      sign: () => this.#board.servers.get(id)?.commitIndex ?? 0,
    })
    this.#screen.note(`${id} has caught up, ${((performance.now() - startedMs) / 1_000).toFixed(1)} s after its start`)
  }

  /** Every server reads its own log, up to the same index. @param {Child} client */
  async #compare(client) {
    client.send({ type: 'commitIndex' })
    const upTo = await this.#board.until(() => this.#finalCommitIndex, {
      ms: PATIENCE_MS,
      complaint: 'the leader did not tell its commit index',
    })
    this.#screen.note(`all lines are acknowledged: each server reads its log up to index ${count(upTo)}`)
    for (const server of this.#servers.values()) {
      server.send({ type: 'check', upTo, lineCount: this.#input.lines.length })
    }
    await this.#board.until(() => this.#checks.size === SERVER_IDS.length, {
      ms: PATIENCE_MS,
      complaint: `not every server has read its log up to index ${upTo} within ${PATIENCE_MS / 1_000} s`,
    })
    this.#checks = new Map([...this.#checks].sort(([a], [b]) => a.localeCompare(b)))
  }
}

/** @param {readonly string[]} args */
async function main(args) {
  const screen = new Screen(process.stdout)
  /** @type {Stage | undefined} */
  let stage
  let isLeaving = false
  /** Ends the run, from wherever it is. @param {number} exitCode @param {string} [text] */
  const leave = async (exitCode, text) => {
    if (isLeaving) return
    isLeaving = true
    screen.end()
    if (text !== undefined) console.error(text)
    try {
      await stage?.clear()
    } catch (error) {
      console.error(error)
    }
    // What was written may still be on its way.
    process.stdout.write('', () => process.exit(exitCode))
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => void leave(128 + constants.signals[signal], `demo: ended by ${signal}`))
  }
  process.on('uncaughtException', (error) => void leave(1, `demo: ${error.stack}`))
  // Whoever reads our output has gone.
  process.stdout.on('error', () => void leave(1))
  endWithNpm(() => void leave(1))

  try {
    const input = await readInput(args, (text) => screen.note(text))
    screen.print(() => `\n  ${screen.paint.bold('Quorate')}: three servers, one log\n`)
    screen.note(`${countLines(input.lines.length)}: ${input.description}`)
    const board = new Board(SERVER_IDS, input.lines.length)
    stage = new Stage((error) => board.fail(error))
    const isWell = await new Demo(stage, screen, input, board).play()
    await leave(isWell ? 0 : 1)
  } catch (error) {
    await leave(1, `demo: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** When npm is ended, the shell between it and this process goes, and says nothing. @param {() => void} end */
function endWithNpm(end) {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) end()
  }, PARENT_LOOK_MS).unref()
}

const args = process.argv.slice(2)
const unknown = args.find((arg) => arg.startsWith('-') && arg !== '-')
if (args.includes('--help') || args.includes('-h')) console.log(USAGE)
else if (unknown === undefined) await main(args)
else {
  console.error(`demo: ${unknown} is no option\n\n${USAGE}`)
  process.exitCode = 1
}
