import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { NodeId, Role } from '@quorate/log'
import { vi } from 'vitest'

/** What a server is told to do. */
export type Order =
  | { readonly type: 'bootstrap'; readonly ids: readonly NodeId[] }
  | { readonly type: 'append'; readonly values: readonly string[] }
  | { readonly type: 'load' }
  | { readonly type: 'rest' }
  | { readonly type: 'dump' }

export interface Status {
  readonly role: Role
  readonly term: number
  readonly leaderId: NodeId | undefined
  readonly lastApplied: number
}

export interface FoundCommand {
  readonly index: number
  readonly term: number
  readonly text: string
}

/** What a server tells. */
export type Told =
  | { readonly type: 'started' }
  | ({ readonly type: 'status' } & Status)
  | { readonly type: 'acknowledged'; readonly value: string; readonly index: number; readonly term: number }
  | { readonly type: 'unknown'; readonly value: string; readonly term: number }
  | { readonly type: 'refused'; readonly value: string }
  | { readonly type: 'rested' }
  | { readonly type: 'commands'; readonly commands: readonly FoundCommand[] }

export interface ServerProcessOptions {
  readonly id: NodeId
  readonly servers: string
  readonly folder: string
  /** Hears everything that the server tells of its appends. */
  readonly onTold: (told: Told) => void
}

/** `server.mjs`, running on what was built. */
export class ServerProcess {
  readonly id: NodeId
  status: Status | undefined
  readonly #child: ChildProcess
  #isStarted = false
  #isLoaded = false
  #commands: readonly FoundCommand[] | undefined
  #errors = ''

  constructor({ id, servers, folder, onTold }: ServerProcessOptions) {
    this.id = id
    const file = fileURLToPath(new URL('./server.mjs', import.meta.url))
    // Without vitest's conditions: plain Node runs no TypeScript.
    this.#child = fork(file, [id, servers, folder], {
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      silent: true,
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
    this.#child.on('message', (message) => {
      const told = message as Told
      if (told.type === 'started') this.#isStarted = true
      else if (told.type === 'status') this.status = told
      else if (told.type === 'rested') this.#isLoaded = false
      else if (told.type === 'commands') this.#commands = told.commands
      else onTold(told)
    })
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async untilStarted(): Promise<void> {
    await this.#until(() => this.#isStarted)
  }

  order(order: Order): void {
    this.#child.send(order)
  }

  /** It appends from now on, in four lanes. */
  load(): void {
    this.#isLoaded = true
    this.order({ type: 'load' })
  }

  /** It appends no more, and what it appended is settled. */
  async rest(): Promise<void> {
    this.order({ type: 'rest' })
    await this.#until(() => !this.#isLoaded)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    if (!this.isRunning) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  /** Every command that its log holds. */
  async commands(): Promise<readonly FoundCommand[]> {
    this.#commands = undefined
    this.order({ type: 'dump' })
    await this.#until(() => this.#commands !== undefined)
    return this.#commands!
  }

  async #until(holds: () => boolean): Promise<void> {
    await vi.waitUntil(
      () => {
        if (!this.isRunning) throw new Error(`server ${this.id} has ended: ${this.#errors}`)
        return holds()
      },
      { timeout: 15_000, interval: 5 },
    )
  }
}
