import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface ServerStatus {
  readonly role: string
  readonly term: number
  readonly leaderId: string | undefined
  readonly lastApplied: number
  /** How often its state came from a snapshot since it was started. */
  readonly restores: number
  /** Where the packages are that it runs on. */
  readonly packages: string
}

export interface ReleaseServerOptions {
  /** `server.mjs`, where the packages are that it is to run on. */
  readonly program: string
  readonly id: string
  readonly servers: string
  readonly folder: string
}

interface Answer {
  readonly number: number
  readonly value?: unknown
  readonly error?: { readonly code: string | undefined; readonly message: string }
}

/** What a server of another version answered with: of its error, the code is what versions have in common. */
export class AnsweredError extends Error {
  readonly code: string | undefined

  constructor({ code, message }: NonNullable<Answer['error']>) {
    super(message)
    this.code = code
  }
}

/** A server of some version, in a process of its own. */
export class ReleaseServer {
  readonly id: string
  readonly program: string
  readonly #child: ChildProcess
  readonly #open = new Map<number, (answer: Answer | Error) => void>()
  readonly #started: Promise<unknown>
  #count = 0
  #errors = ''

  constructor({ program, id, servers, folder }: ReleaseServerOptions) {
    this.id = id
    this.program = program
    // Without vitest's conditions: plain Node runs no TypeScript.
    const env = { ...process.env, NODE_OPTIONS: '' }
    this.#child = fork(program, [id, servers, folder], { execArgv: [], env, silent: true })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
    this.#child.on('message', (message) => this.#settle(message as Answer))
    this.#child.once('exit', () => this.#giveUp())
    this.#started = new Promise((resolve) => this.#open.set(0, resolve))
  }

  async untilStarted(): Promise<void> {
    const outcome = await this.#started
    if (outcome instanceof Error) throw outcome
  }

  bootstrap(ids: readonly string[]): Promise<unknown> {
    return this.#ask('bootstrap', ids)
  }

  status(): Promise<ServerStatus> {
    return this.#ask('status') as Promise<ServerStatus>
  }

  append(value: string, idempotencyKey?: string): Promise<{ readonly index: number; readonly term: number }> {
    return this.#ask('append', value, idempotencyKey) as Promise<{ index: number; term: number }>
  }

  /** Hands leadership over: it leads, or this fails. */
  lead(to: string): Promise<unknown> {
    return this.#ask('lead', to)
  }

  compact(): Promise<unknown> {
    return this.#ask('compact')
  }

  /** Everything that is committed when this is called, in order. */
  values(): Promise<readonly string[]> {
    return this.#ask('values') as Promise<readonly string[]>
  }

  /** Ends the process as an operator does. */
  async close(): Promise<void> {
    await this.#ask('close')
    await this.kill()
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async #ask(name: string, ...args: readonly unknown[]): Promise<unknown> {
    const number = ++this.#count
    const answer = await new Promise<Answer | Error>((resolve) => {
      this.#open.set(number, resolve)
      this.#child.send({ number, name, args }, (error) => {
        if (error !== null) this.#giveUp()
      })
    })
    if (answer instanceof Error) throw answer
    if (answer.error !== undefined) throw new AnsweredError(answer.error)
    return answer.value
  }

  #settle(answer: Answer): void {
    this.#open.get(answer.number)?.(answer)
    this.#open.delete(answer.number)
  }

  #giveUp(): void {
    const error = new AnsweredError({ code: 'ENDED', message: `server ${this.id} has ended: ${this.#errors}` })
    for (const settle of this.#open.values()) settle(error)
    this.#open.clear()
  }
}
