// @ts-check
// What is shown while the demo runs. On a terminal: what has happened scrolls by above a block that is redrawn in place.
// Elsewhere: the same, and now and then a plain line of where things stand.
import { paintFor, widthOf } from './paint.mjs'

/** @typedef {import('./board.mjs').Board} Board */

const FRAME_MS = 100
const PLAIN_LINE_MS = 1_000
const MIN_COLUMNS = 54
const MIN_ROWS = 14
const MAX_COLUMNS = 100

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
/** Between these a terminal that knows them shows nothing half drawn; others ignore them. */
const BEGIN_FRAME = '\u001b[?2026h'
const END_FRAME = '\u001b[?2026l'
const CLEAR_BELOW = '\u001b[J'
const CLEAR_ALL = '\u001b[H\u001b[2J'

export class Screen {
  /** @type {import('./paint.mjs').Paint} */
  paint
  #out
  #isLive
  #startMs = performance.now()
  /** @type {Board | undefined} */
  #board
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  /** @type {string[]} The lines of the block as they stand on the terminal. */
  #drawn = []
  /** @type {(() => string)[]} All that was printed above the block, to be wrapped anew when the width changes. */
  #printed = []

  /** @param {NodeJS.WriteStream} out */
  constructor(out) {
    this.#out = out
    const isTerminal = out.isTTY === true && process.env['TERM'] !== 'dumb'
    this.#isLive = isTerminal && out.columns >= MIN_COLUMNS && out.rows >= MIN_ROWS
    this.paint = paintFor(isTerminal && !process.env['NO_COLOR'])
  }

  get columns() {
    return this.#out.isTTY ? Math.min(this.#out.columns, MAX_COLUMNS) : MAX_COLUMNS
  }

  /** @param {Board} board */
  follow(board) {
    this.#board = board
    if (this.#isLive) {
      this.#out.write(HIDE_CURSOR)
      this.#out.on('resize', this.#repaint)
      this.#timer = setInterval(this.#draw, FRAME_MS)
      this.#draw()
    } else this.#timer = setInterval(() => this.#out.write(`${this.#plainLines(board)}\n`), PLAIN_LINE_MS)
  }

  /** Something has happened. @param {string} text */
  note(text) {
    const time = this.paint.dim(secondsSince(this.#startMs).padStart(8))
    this.print(() => `${time}  ${hang(text, 10, this.columns)}`)
  }

  /** @param {() => string} text Made anew for each width of the terminal. */
  print(text) {
    this.#printed.push(text)
    if (this.#drawn.length === 0) this.#out.write(`${text()}\n`)
    else {
      const head = BEGIN_FRAME + this.#toTop() + CLEAR_BELOW
      this.#out.write(`${head}${text()}\n${this.#drawn.join('\n')}\n${END_FRAME}`)
    }
  }

  /** Takes the block away; what has happened stays. */
  end() {
    clearInterval(this.#timer)
    if (!this.#isLive || this.#board === undefined) return
    this.#out.off('resize', this.#repaint)
    this.#out.write(this.#toTop() + CLEAR_BELOW + SHOW_CURSOR)
    this.#board = undefined
    this.#drawn = []
  }

  #draw = () => {
    if (this.#board === undefined) return
    const head = BEGIN_FRAME + this.#toTop()
    this.#drawn = this.#block(this.#board)
    // Each line is cleared behind its end rather than before its start: nothing flickers.
    this.#out.write(`${head}${this.#drawn.map((line) => `${line}\u001b[K`).join('\n')}\n${CLEAR_BELOW}${END_FRAME}`)
  }

  /** Terminals differ in how they break lines anew, so nothing that stands is relied upon. */
  #repaint = () => {
    this.#drawn = []
    this.#out.write(`${CLEAR_ALL}${this.#printed.map((text) => `${text()}\n`).join('')}`)
    this.#draw()
  }

  /** Back to the first line of the block, which takes more rows than it has lines where the terminal became narrower. */
  #toTop() {
    if (this.#drawn.length === 0) return ''
    const columns = Math.max(1, this.#out.columns)
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0)
    return `\u001b[${rows}A\r`
  }

  /** @param {Board} board */
  #block(board) {
    const { paint } = this
    const row = (/** @type {string[]} */ [id = '', role = '', term = '', index = '', rate = '']) =>
      `  ${id.padEnd(8)}${role.padEnd(11)}${term.padStart(6)}${index.padStart(14)}${rate.padStart(11)}`
    const servers = [...board.servers.values()].map(({ id, role, term, commitIndex }) => {
      const isUp = role !== 'killed' && role !== 'starting'
      const rate = isUp ? count(Math.round(board.rateOf(id))) : ''
      return brushFor(role, paint)(row([id, role, isUp ? `${term}` : '', count(commitIndex), rate]))
    })
    return [
      '',
      paint.dim(row(['server', 'role', 'term', 'commit index', 'appends/s'])),
      ...servers,
      '',
      ...this.#bar(board),
    ]
  }

  /** @param {Board} board */
  #bar({ progress: { acknowledged, unsettled }, lineCount }) {
    const { paint } = this
    const share = acknowledged / lineCount
    const length = this.columns - 12
    const done = Math.floor(share * length)
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    const doubt = unsettled === 0 ? '' : paint.yellow(`, ${count(unsettled)} of unknown outcome`)
    return [
      `  ${paint.green('█'.repeat(done))}${paint.dim('░'.repeat(length - done))} ${percent}`,
      `  ${count(acknowledged)} of ${countLines(lineCount)} acknowledged${doubt}`,
    ]
  }

  /** @param {Board} board */
  #plainLines(board) {
    const { acknowledged } = board.progress
    const percent = `${Math.floor((acknowledged / board.lineCount) * 100)} %`.padStart(5)
    const servers = [...board.servers.values()].map(({ id, role, term, commitIndex }) => {
      if (term === 0) return `  ${id}  ${role}`
      const rate = count(Math.round(board.rateOf(id)))
      return `  ${id}  ${role.padEnd(10)}term ${term}, commit index ${count(commitIndex)}, ${rate} appends/s`
    })
    const head = `${secondsSince(this.#startMs).padStart(8)}  ${percent} ${count(acknowledged)} of ${countLines(board.lineCount)} acknowledged`
    return [head, ...servers.map((line) => `${' '.repeat(14)}${line}`)].join('\n')
  }
}

/** @param {number} number */
export function count(number) {
  return number.toLocaleString('en-US')
}

/**
 * @param {string} role
 * @param {import('./paint.mjs').Paint} paint
 */
function brushFor(role, paint) {
  if (role === 'leader') return paint.bold
  if (role === 'killed') return paint.red
  if (role === 'candidate') return paint.yellow
  return role === 'starting' ? paint.dim : (/** @type {string} */ text) => text
}

/** @param {number} number */
export function countLines(number) {
  return `${count(number)} ${number === 1 ? 'line' : 'lines'}`
}

/** @param {number} startMs */
function secondsSince(startMs) {
  return `${((performance.now() - startMs) / 1_000).toFixed(1)} s`
}

/**
 * The text in as many lines as it needs, all but the first indented.
 *
 * @param {string} text
 * @param {number} indent The first line has as much before it.
 * @param {number} columns
 */
export function hang(text, indent, columns) {
  /** @type {string[]} */
  const lines = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`
      if (line === '' || indent + widthOf(longer) < columns) line = longer
      else {
        lines.push(line)
        line = word
      }
    }
    lines.push(line)
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}
