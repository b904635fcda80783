import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

/**
 * Bundles `writingChild.ts` with vitest's own vite, for plain Node runs no TypeScript and a test depends on no build.
 * The folder that it is in comes back.
 */
export async function buildChild(): Promise<string> {
  const built = mkdtempSync(join(tmpdir(), 'quorate-child-'))
  const vitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const vite = (await import(pathToFileURL(vitest.resolve('vite')).href)) as {
    build(options: object): Promise<unknown>
  }
  const resolve = { conditions: ['@quorate/source'] }
  await vite.build({
    configFile: false,
    logLevel: 'silent',
    root: import.meta.dirname,
    build: { ssr: join(import.meta.dirname, 'writingChild.ts'), outDir: built, target: 'node20' },
    resolve,
    ssr: { noExternal: true, resolve },
  })
  return built
}

/** A process that uses a store: see `writingChild.ts`. */
export class StoreProcess {
  readonly process: ChildProcess
  readonly lines: string[] = []
  readonly #ended: Promise<unknown>
  readonly #first: Promise<string>

  constructor(built: string, mode: 'hold' | 'write' | 'leave', folder: string) {
    this.process = spawn(process.execPath, [join(built, 'writingChild.js'), folder, mode], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#ended = once(this.process, 'close')
    const lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream })
    this.#first = new Promise((resolve) => lines.once('line', resolve))
    lines.on('line', (line) => this.lines.push(line))
  }

  /** `opened <last index>`, or `refused <code> <pid>`. */
  first(): Promise<string> {
    return this.#first
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.#ended
  }

  /** The exit code. */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.process.exitCode
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.process.kill(signal)
  }

  lastFlushed(): number {
    return Number(
      this.lines
        .filter((line) => line.startsWith('flushed'))
        .at(-1)
        ?.split(' ')[1] ?? 0,
    )
  }
}
