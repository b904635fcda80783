import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface NodeProcessOptions {
  readonly args?: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from standard input; nothing unless given. */
  readonly input?: string | Uint8Array
}

/** A program that plain Node runs, as a user would run it: without vitest's conditions, on what was built. */
export class NodeProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #listeners = new Set<() => void>()
  #output = ''
  #errors = ''

  constructor(file: string, { args = [], cwd, env = {}, input }: NodeProcessOptions = {}) {
    const { NODE_OPTIONS: _ours, ...outer } = process.env
    const stdio = [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] as const
    this.#child = spawn(process.execPath, [file, ...args], { cwd, env: { ...outer, ...env }, stdio: [...stdio] })
    this.#child.stdin?.end(input)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
      this.#tell()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
    this.#ended = once(this.#child, 'close').then(() => this.#tell())
  }

  /** The complete lines that it has printed. */
  get lines(): readonly string[] {
    return this.#output.split('\n').slice(0, -1)
  }

  /** How it ended, and what it had to say: `exit code 0` and no more when all is well. */
  async end(): Promise<string> {
    await this.#ended
    const how = this.#child.exitCode === null ? `${this.#child.signalCode}` : `exit code ${this.#child.exitCode}`
    return `${how}\n${this.#errors}`.trim()
  }

  /** Resolves when it has printed this many lines. Rejects when it ends before. */
  async printed(count: number): Promise<readonly string[]> {
    while (this.lines.length < count) {
      const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (hasEnded) throw new Error(`it ended after ${this.lines.length} of ${count} lines: ${await this.end()}`)
      await new Promise<void>((resolve) => this.#listeners.add(resolve))
    }
    return this.lines.slice(0, count)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }
}
