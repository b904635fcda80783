// @ts-check
// The lines to replicate: of the files named, of standard input, or of this repository's own source files.
import { createHash } from 'node:crypto'
import { fstatSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {import('./lineCommand.mjs').Line} Line */

/**
 * @typedef {object} Input
 * @property {readonly Line[]} lines Glued together they are the input, byte for byte.
 * @property {string} sha256 Of the lines, glued together.
 * @property {string} description
 * @property {(number: number) => string} placeOf Where a line stands, for messages: `notes.txt:12`.
 */

/** @typedef {{ name: string, bytes: Buffer }} Source */

/** What the user can put right: told without a stack. */
export class InputError extends Error {}

const LINE_FEED = 10
const MAX_BYTES = 256 * 1024 * 1024
const MAX_LINES = 1_000_000
/** Some programs start others with a pipe that they never write to, and never close. */
const STDIN_PATIENCE_MS = 3_000
const STDIN = '-'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * @param {readonly string[]} names Of files; `-` is standard input.
 * @param {(text: string) => void} say
 * @returns {Promise<Input>}
 * @throws {InputError} Naming each file that cannot be read.
 */
export async function readInput(names, say) {
  if (names.length > 0) return inputOf(await readNamed(names), describe(names))
  if (isStdinFed()) {
    const bytes = await readStdin({ patienceMs: STDIN_PATIENCE_MS })
    if (bytes !== undefined && bytes.length > 0) return inputOf([{ name: 'stdin', bytes }], 'standard input')
    const why =
      bytes === undefined ? 'nothing comes from standard input (name `-` to wait for it)' : 'standard input is empty'
    say(`${why}: taking the source files of this repository`)
  }
  return inputOf(ownSources(), 'the source files of this repository')
}

/**
 * @param {readonly Source[]} sources
 * @param {string} description
 * @returns {Input}
 */
function inputOf(sources, description) {
  /** @type {Line[]} */
  const lines = []
  /** @type {{ name: string, before: number }[]} */
  const starts = []
  const hash = createHash('sha256')
  for (const { name, bytes } of sources) {
    starts.push({ name, before: lines.length })
    hash.update(bytes)
    for (let start = 0; start < bytes.length;) {
      const feed = bytes.indexOf(LINE_FEED, start)
      const end = feed < 0 ? bytes.length : feed + 1
      if (lines.length === MAX_LINES) throw new InputError(`${description}: more than ${MAX_LINES} lines; name less`)
      lines.push({ number: lines.length + 1, bytes: bytes.subarray(start, end) })
      start = end
    }
  }
  if (lines.length === 0) throw new InputError(`${description}: not a single line, so there is nothing to replicate`)
  const placeOf = (/** @type {number} */ number) => {
    const start = starts.filter(({ before }) => before < number).at(-1)
    return `${start?.name}:${number - (start?.before ?? 0)}`
  }
  return { lines, sha256: hash.digest('hex'), description, placeOf }
}

/** @param {readonly string[]} names */
function describe(names) {
  const [first = ''] = names
  if (names.length > 1) return `${names.length} files`
  return first === STDIN ? 'standard input' : basename(first)
}

/**
 * @param {readonly string[]} names
 * @returns {Promise<Source[]>}
 */
async function readNamed(names) {
  // npm runs scripts in the folder of package.json; the names are meant where the user stands.
  const folder = process.env['npm_lifecycle_event'] === 'demo' ? process.env['INIT_CWD'] : undefined
  /** @type {Source[]} */
  const sources = []
  /** @type {string[]} */
  const faults = []
  let room = MAX_BYTES
  for (const name of names) {
    try {
      const path = resolve(folder ?? '.', name)
      const bytes = name === STDIN ? ((await readStdin({})) ?? Buffer.alloc(0)) : readFileSync(path)
      if (bytes.length > room) throw tooMuch()
      room -= bytes.length
      sources.push({ name: name === STDIN ? 'stdin' : name, bytes })
    } catch (error) {
      faults.push(`${name}: ${reasonOf(error)}`)
    }
  }
  if (faults.length > 0) throw new InputError(faults.join('\n      '))
  return sources
}

/** @param {unknown} error */
function reasonOf(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'this is a folder; name files'
  if (code === 'EACCES') return 'not permitted to read it'
  return message
}

/** A pipe, a socket or a file, and not a terminal or /dev/null. */
function isStdinFed() {
  if (process.stdin.isTTY) return false
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isSocket() || stat.isFile()
  } catch {
    return false
  }
}

/**
 * @param {{ patienceMs?: number }} options
 * @returns {Promise<Buffer | undefined>} Undefined when nothing came, not even an end, as long as patience lasted.
 */
async function readStdin({ patienceMs }) {
  /** @type {Buffer[]} */
  const chunks = []
  let size = 0
  return new Promise((resolve, reject) => {
    const impatience = patienceMs === undefined ? undefined : setTimeout(() => leave(resolve, undefined), patienceMs)
    /**
     * @template T
     * @param {(value: T) => void} how
     * @param {T} value
     */
    const leave = (how, value) => {
      clearTimeout(impatience)
      process.stdin.removeAllListeners().destroy()
      how(value)
    }
    process.stdin
      .on('data', (/** @type {Buffer} */ chunk) => {
        clearTimeout(impatience)
        chunks.push(chunk)
        size += chunk.length
        if (size > MAX_BYTES) leave(reject, new InputError(`standard input: ${tooMuch().message}`))
      })
      .once('end', () => leave(resolve, Buffer.concat(chunks)))
      .once('error', (error) => leave(reject, error))
  })
}

function tooMuch() {
  return new InputError(`more than ${MAX_BYTES / 1024 / 1024} MiB in all; name less`)
}

/** @returns {Source[]} */
function ownSources() {
  return ['packages', 'examples', 'test']
    .flatMap((folder) => filesBelow(join(root, folder)))
    .filter((file) => /\.(?:ts|mjs)$/.test(file))
    .sort()
    .map((file) => ({ name: relative(root, file), bytes: readFileSync(file) }))
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name)
    if (item.isDirectory()) return ['node_modules', 'dist'].includes(item.name) ? [] : filesBelow(path)
    return item.isFile() ? [path] : []
  })
}
