// A real nats-server for tests. Plain Node: setup.mjs imports this file before anything is installed.
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The path of a nats-server: `NATS_SERVER_BIN` if it is set, else the first one on `PATH`, else `undefined`.
 *
 * @returns {string | undefined}
 */
export function findNatsServer() {
  const named = process.env['NATS_SERVER_BIN']
  if (named) return isExecutable(named) ? named : undefined
  const name = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server'
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * @typedef {object} NatsServerOptions
 * @property {string} [config] The text of a configuration file; its port is overruled.
 * @property {string[]} [args] Further arguments of the command line.
 * @property {number} [port] A port of your choice instead of a free one.
 */

/**
 * @typedef {object} NatsServer
 * @property {string} url
 * @property {number} port The same after every restart.
 * @property {number} pid Of the process that runs now, or ran last.
 * @property {string} folder A folder of its own, removed by `stop`: a place for `store_dir` and the like.
 * @property {() => string} output What the server has written to its log so far.
 * @property {(signal?: NodeJS.Signals) => Promise<void>} stop Ends the process, by SIGTERM unless told otherwise, and removes the folder.
 * @property {() => Promise<void>} kill Ends the process at once and keeps the folder: a crash, to be followed by `restart`.
 * @property {() => Promise<void>} restart Ends the process if it runs, then starts it again on the same port.
 */

/** @type {Set<{ kill(): void, folder: string }>} */
const running = new Set()
let hooked = false

function killAll() {
  for (const server of running) {
    server.kill()
    rmSync(server.folder, { recursive: true, force: true })
  }
  running.clear()
}

function hookExit() {
  if (hooked) return
  hooked = true
  process.on('exit', killAll)
  // A signal that nobody handles ends the process without an exit event.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => {
      killAll()
      process.kill(process.pid, signal)
    })
  }
}

/**
 * Starts a nats-server on 127.0.0.1 and waits until it accepts clients.
 *
 * @param {NatsServerOptions} [options]
 * @returns {Promise<NatsServer>}
 */
export async function startNatsServer({ config, args = [], port: wanted } = {}) {
  const path = findNatsServer()
  if (path === undefined) throw new Error('No nats-server found: run `npm run setup`, or set NATS_SERVER_BIN.')
  hookExit()

  const folder = mkdtempSync(join(tmpdir(), 'quorate-nats-'))
  let port = wanted
  let output = ''
  /** @type {import('node:child_process').ChildProcess} */
  let child
  /** @type {Promise<void>} */
  let ended

  const server = {
    folder,
    kill: () => void child.kill('SIGKILL'),
  }

  async function start() {
    mkdirSync(folder, { recursive: true })
    if (config !== undefined) writeFileSync(join(folder, 'nats-server.conf'), config)
    // The server itself picks a free port and writes it down: no other process can take it in between.
    child = spawn(
      /** @type {string} */ (path),
      [
        ...(config === undefined ? [] : ['-c', join(folder, 'nats-server.conf')]),
        ...args,
        '-a',
        '127.0.0.1',
        '-p',
        String(port ?? -1),
        '--ports_file_dir',
        folder,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], windowsHide: true },
    )
    running.add(server)
    let isRunning = true
    ended = new Promise((resolve) => {
      const onEnd = () => {
        isRunning = false
        running.delete(server)
        resolve()
      }
      child.once('exit', onEnd)
      child.once('error', (error) => {
        output += error.message
        onEnd()
      })
    })
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text))

    const deadline = Date.now() + 10_000
    while (isRunning && Date.now() < deadline) {
      // The file names the process, so a stranger that listens on the wanted port is not taken for ours.
      const written = writtenPort(join(folder, `nats-server_${child.pid}.ports`))
      if (written !== undefined && (await greets(written))) {
        port = written
        return
      }
      await sleep(10)
    }
    server.kill()
    await ended
    throw new Error(`nats-server did not start:\n${output}`)
  }

  /** @param {NodeJS.Signals} signal */
  async function end(signal) {
    child.kill(signal)
    const patience = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(patience)
  }

  try {
    await start()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }

  return {
    get url() {
      return `nats://127.0.0.1:${port}`
    },
    get port() {
      return /** @type {number} */ (port)
    },
    get pid() {
      return /** @type {number} */ (child.pid)
    },
    folder,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      await end(signal)
      rmSync(folder, { recursive: true, force: true })
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM')
      await start()
    },
  }
}

/** @param {string} file */
function writtenPort(file) {
  try {
    const [url] = JSON.parse(readFileSync(file, 'utf8')).nats
    return Number(new URL(url).port)
  } catch {
    return undefined // not there yet, or half written
  }
}

/**
 * Whether a nats-server greets on this port.
 *
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function greets(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    const answer = (/** @type {boolean} */ is) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('data', (data) => answer(data.toString('latin1').startsWith('INFO ')))
    socket.once('error', () => answer(false))
    socket.once('close', () => answer(false))
    socket.setTimeout(1_000, () => answer(false))
  })
}
