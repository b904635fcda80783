// @ts-check
// Everything of a run that must be gone when it ends: its processes and its folder.
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNatsServer } from '../../test/setup/nats-server.mjs'

const NATS_LOOK_MS = 200

/**
 * @typedef {object} Child
 * @property {string} name
 * @property {number} pid
 * @property {(message: unknown) => void} send
 * @property {() => Promise<void>} kill SIGKILL; resolves once the process is gone.
 */

/**
 * @typedef {object} ChildOptions
 * @property {string} name
 * @property {string} script Of this folder.
 * @property {string[]} args
 * @property {(message: any) => void} onMessage
 */

export class Stage {
  /** @type {string} */
  folder
  /** Told when a process ended that nobody ended. */
  #onLoss
  /** @type {Map<import('node:child_process').ChildProcess, Promise<void>>} */
  #children = new Map()
  /** @type {import('node:child_process').ChildProcess} */
  #janitor
  /** @type {import('../../test/setup/nats-server.mjs').NatsServer | undefined} */
  #nats
  /** @type {NodeJS.Timeout | undefined} */
  #natsWatch
  /** @type {Promise<void> | undefined} */
  #clearing

  /** @param {(error: Error) => void} onLoss */
  constructor(onLoss) {
    this.#onLoss = onLoss
    this.folder = mkdtempSync(join(tmpdir(), 'quorate-demo-'))
    this.#janitor = fork(scriptPath('janitor.mjs'), [this.folder], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: true,
    })
    this.#janitor.on('error', () => {})
  }

  /** @returns {Promise<string>} Its URL. */
  async startNats() {
    const nats = await startNatsServer()
    this.#tellJanitor({ started: nats.pid })
    this.#tellJanitor({ folder: nats.folder })
    if (this.#clearing !== undefined) await nats.stop('SIGKILL')
    this.#throwIfOver()
    this.#nats = nats
    this.#natsWatch = setInterval(() => {
      if (isAlive(nats.pid)) return
      clearInterval(this.#natsWatch)
      this.#onLoss(new Error(`nats-server has ended by itself. The last of its log:\n${tail(nats.output())}`))
    }, NATS_LOOK_MS)
    return nats.url
  }

  /** @param {string} name */
  folderFor(name) {
    this.#throwIfOver()
    const folder = join(this.folder, name)
    mkdirSync(folder, { recursive: true })
    return folder
  }

  /**
   * @param {ChildOptions} options
   * @returns {Child}
   */
  start({ name, script, args, onMessage }) {
    this.#throwIfOver()
    const child = fork(scriptPath(script), args, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let complaints = ''
    child.stderr?.setEncoding('utf8').on('data', (text) => (complaints = tail(complaints + text)))
    child.on('message', onMessage)
    const { pid = 0 } = child
    this.#tellJanitor({ started: pid })
    let isWanted = true
    const ended = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      child.once('error', (error) => {
        if (child.pid === undefined) resolve()
        this.#onLoss(new Error(`${name}: ${error.message}`))
      })
      // "close" and not "exit": what it wrote last has arrived then.
      child.once('close', (code, signal) => {
        this.#children.delete(child)
        this.#tellJanitor({ ended: pid })
        resolve()
        if (!isWanted || this.#clearing !== undefined) return
        const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
        this.#onLoss(new Error(`${name}, process ${pid}, ${how}.${complaints === '' ? '' : `\n${complaints}`}`))
      })
    })
    this.#children.set(child, ended)
    return {
      name,
      pid,
      send: (message) => {
        // The callback takes what goes wrong when the process has just ended.
        if (child.connected) child.send(/** @type {import('node:child_process').Serializable} */ (message), () => {})
      },
      kill: () => {
        isWanted = false
        child.kill('SIGKILL')
        return ended
      },
    }
  }

  /** Leaves no process and no folder behind. */
  clear() {
    this.#clearing ??= this.#clear()
    return this.#clearing
  }

  /** What comes to be behind the clearing would stay. */
  #throwIfOver() {
    if (this.#clearing !== undefined) throw new Error('the run is over')
  }

  async #clear() {
    clearInterval(this.#natsWatch)
    const endings = [...this.#children.values()]
    for (const child of this.#children.keys()) child.kill('SIGKILL')
    await Promise.all(endings)
    await this.#nats?.stop('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    if (this.#nats !== undefined) this.#tellJanitor({ ended: this.#nats.pid })
    await this.#dismissJanitor()
  }

  /** @param {import('./janitor.mjs').JanitorOrder} order */
  #tellJanitor(order) {
    if (this.#janitor.connected) this.#janitor.send(order, () => {})
  }

  async #dismissJanitor() {
    if (this.#janitor.exitCode !== null || this.#janitor.pid === undefined) return
    const gone = new Promise((resolve) => this.#janitor.once('exit', resolve))
    if (this.#janitor.connected) this.#janitor.disconnect()
    await gone
  }
}

/** @param {string} script */
function scriptPath(script) {
  return fileURLToPath(new URL(script, import.meta.url))
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** @param {string} text */
function tail(text) {
  return text.split('\n').slice(-20).join('\n')
}
