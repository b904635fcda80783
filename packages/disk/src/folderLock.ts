import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreLockedError } from './errors.ts'
import type { Done, DoneWith } from './filePort.ts'

// Node has no flock. A socket that listens lives exactly as long as its process, also after kill -9.
//
// Each contender listens on a socket of its own, gives it the name lock-<random> only then, and looks at the others
// afterwards. Of two contenders at least one therefore sees the other. A socket of such a name that refuses
// connections belongs to a process that has ended, and its name never comes back: it can be removed without a race.

/** Taking the lock, or holding it, and in which process: what a socket tells whoever connects. */
interface Claim {
  readonly pid: number | undefined
  readonly isHeld: boolean
}

const LOCK_NAME = /^lock-[0-9a-f]{12}$/
const NEW_LOCK_NAME = /^new-lock-[0-9a-f]{12}$/

/** A process that does not say within this time what it is at is taken to hold the lock: it may be paused. */
const ANSWER_WITHIN_MS = 1000
const ASK_AGAIN_AFTER_MS = 20

/** What the address of a Unix socket takes on every system. */
const LONGEST_SOCKET_PATH_BYTES = 103

/** Keeps all others out of the folder, which stands. */
export function lockFolder(folder: string, done: DoneWith<(unlocked: Done) => void>): void {
  take(folder).then(
    (release) => done(undefined, (unlocked) => void release().then(() => unlocked(undefined), unlocked)),
    (error: Error) => done(error, undefined),
  )
}

async function take(folder: string): Promise<() => Promise<void>> {
  const realPath = await fs.realpath(folder)
  return process.platform === 'win32' ? takePipe(folder, realPath) : takeSocket(folder, realPath)
}

/** Windows lets one process make a pipe of a name, and takes it away with the process. */
async function takePipe(folder: string, realPath: string): Promise<() => Promise<void>> {
  const name = createHash('sha256').update(realPath.toLowerCase()).digest('hex').slice(0, 32)
  const pipe = `\\\\.\\pipe\\quorate-${name}`
  const claimed = new ClaimServer()
  claimed.isHeld = true
  try {
    await claimed.listen(pipe)
  } catch (error) {
    if (!isError(error, 'EADDRINUSE', 'EACCES')) throw error
    throw new StoreLockedError(folder, (await ask(pipe))?.pid, { cause: error })
  }
  return () => claimed.close()
}

async function takeSocket(folder: string, realPath: string): Promise<() => Promise<void>> {
  const place = await SocketPlace.in(realPath)
  const id = randomBytes(6).toString('hex')
  const own = `lock-${id}`
  const server = new ClaimServer()
  const release = async (): Promise<void> => {
    await fs.rm(place.pathOf(own), { force: true })
    await server.close()
    await place.close()
  }
  try {
    await server.listen(place.pathOf(`new-${own}`))
    await fs.rename(place.pathOf(`new-${own}`), place.pathOf(own))
    await waitForTurn(folder, place, own)
    server.isHeld = true
    await sweep(place)
    return release
  } catch (error) {
    await release()
    // Whoever holds the lock took our socket for what a crash had left.
    if (isError(error, 'ENOENT')) throw new StoreLockedError(folder, undefined, { cause: error })
    throw error
  }
}

/** Returns once nobody else holds the lock or comes first. Of those who come at once, the first name wins. */
async function waitForTurn(folder: string, place: SocketPlace, own: string): Promise<void> {
  for (const name of await place.list(LOCK_NAME)) {
    if (name === own) continue
    for (;;) {
      const claim = await ask(place.pathOf(name))
      if (claim === undefined) break
      if (claim.isHeld || name < own) throw new StoreLockedError(folder, claim.pid)
      await sleep(ASK_AGAIN_AFTER_MS)
    }
    await fs.rm(place.pathOf(name), { force: true })
  }
}

/** Removes what contenders left that crashed before they had their name. One that still lives finds out, and gives up. */
async function sweep(place: SocketPlace): Promise<void> {
  for (const name of await place.list(NEW_LOCK_NAME)) {
    if ((await ask(place.pathOf(name))) === undefined) await fs.rm(place.pathOf(name), { force: true })
  }
}

/** The folder, by a path that is short enough for the address of a socket. */
class SocketPlace {
  readonly #folder: string
  readonly #handle: fs.FileHandle | undefined

  private constructor(folder: string, handle: fs.FileHandle | undefined) {
    this.#folder = folder
    this.#handle = handle
  }

  static async in(folder: string): Promise<SocketPlace> {
    const longest = path.join(folder, 'new-lock-000000000000')
    if (Buffer.byteLength(longest) <= LONGEST_SOCKET_PATH_BYTES) return new SocketPlace(folder, undefined)
    if (process.platform !== 'linux') {
      throw new Error(`the path of the folder is too long for a socket in it: ${LONGEST_SOCKET_PATH_BYTES - 22} bytes`)
    }
    const handle = await fs.open(folder, 'r')
    return new SocketPlace(`/proc/self/fd/${handle.fd}`, handle)
  }

  pathOf(name: string): string {
    return `${this.#folder}/${name}`
  }

  async list(pattern: RegExp): Promise<string[]> {
    return (await fs.readdir(this.#folder)).filter((name) => pattern.test(name))
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }
}

/** Says to whoever connects what this process is at. It does not keep the process alive. */
class ClaimServer {
  isHeld = false
  readonly #server: net.Server

  constructor() {
    this.#server = net.createServer((socket) => {
      // Whoever asked may be gone already.
      socket.on('error', () => socket.destroy())
      const claim: Claim = { pid: process.pid, isHeld: this.isHeld }
      socket.end(JSON.stringify(claim))
    })
  }

  listen(address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(address, () => {
        this.#server.off('error', reject)
        // A connection that cannot be accepted (too many open files) is answered by silence, which counts as held.
        this.#server.on('error', () => {})
        this.#server.unref()
        resolve()
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

/** What the process behind a socket says; undefined when there is none. */
function ask(address: string): Promise<Claim | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = net.connect(address)
    const end = (claim: Claim | undefined): void => {
      socket.destroy()
      resolve(claim)
    }
    socket.setTimeout(ANSWER_WITHIN_MS, () => end(claimIn(text)))
    socket.setEncoding('utf8')
    socket.on('data', (data: string) => (text += data))
    socket.on('end', () => end(claimIn(text)))
    socket.on('error', (error) => end(isError(error, 'ECONNREFUSED', 'ENOENT') ? undefined : claimIn(text)))
  })
}

/** Silence, and whatever else is not understood, counts as held. */
function claimIn(text: string): Claim {
  try {
    const { pid, isHeld } = JSON.parse(text) as Partial<Claim>
    if (typeof pid === 'number' && typeof isHeld === 'boolean') return { pid, isHeld }
  } catch {
    // Not all of it came.
  }
  return { pid: undefined, isHeld: true }
}

function isError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
