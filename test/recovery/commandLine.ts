import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../packages/quorate/dist/cli.js', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** What `quorate` does, as it was built, in a process of its own. */
export class CommandLine {
  readonly #child: ChildProcess
  readonly #outcome: Promise<Outcome>

  constructor(args: readonly string[], cwd: string) {
    const { NODE_OPTIONS: _ours, ...env } = process.env
    this.#child = spawn(process.execPath, [bin, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [output, errors] = ['', '']
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text))
    this.#outcome = once(this.#child, 'close').then(() => ({ code: this.#child.exitCode, output, errors }))
  }

  get outcome(): Promise<Outcome> {
    return this.#outcome
  }

  /** As a power cut, or the impatience of whoever started it. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#outcome
  }
}

export function quorate(cwd: string, ...args: readonly string[]): Promise<Outcome> {
  return new CommandLine(args, cwd).outcome
}
