// @ts-check
// A copy of the packages in which faults can be planted, so that the sources themselves are never touched.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { applyEdits, editsByFile } from './mutant.mjs'

/** The workspace whose faults these would be. */
export const WORKSPACE = fileURLToPath(new URL('../..', import.meta.url))

const TSC = join(WORKSPACE, 'node_modules/typescript/bin/tsc')
const PACKAGES = ['core', 'wire', 'disk', 'sim']
const PARTS = ['src', 'test', 'package.json', 'tsconfig.json']
const ROOT_FILES = ['package.json', 'tsconfig.base.json']

/** The copy resolves packages to its sources in tests, as the workspace does. */
const VITEST_CONFIG = `import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@quorate/source'] },
  ssr: { resolve: { conditions: ['@quorate/source'] } },
  test: {
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.long.test.ts'],
    // Other copies are busy on the same machine.
    testTimeout: 60_000,
  },
})
`

/** What stands, to be gone when the process is. @type {Set<string>} */
const standing = new Set()
process.on('exit', () => {
  for (const folder of standing) rmSync(folder, { recursive: true, force: true })
})

/** How a program ended. @typedef {{ code: number | null, output: string, isTimedOut: boolean }} Ended */

/** The packages in a folder of their own, built, with at most one mutant in them. */
export class WorkspaceCopy {
  /** Where it stands. */
  folder
  /** @type {Map<string, string>} */
  #originals = new Map()

  /** @param {string} folder made by `make` */
  constructor(folder) {
    this.folder = folder
    standing.add(folder)
  }

  /** Copies the sources and builds them. @throws Error when they do not build. */
  static async make() {
    const copy = new WorkspaceCopy(await mkdtemp(join(tmpdir(), 'quorate-mutants-')))
    try {
      await copy.#fill()
      await copy.build()
    } catch (error) {
      await copy.remove()
      throw error
    }
    return copy
  }

  /**
   * Plants the mutant in place of the one before.
   * @param {import('./mutant.mjs').Mutant} mutant
   * @throws Error when the mutant does not fit the sources, or does not build.
   */
  async plant(mutant) {
    await this.#edit(mutant)
    await this.build()
  }

  /**
   * What the compiler says against the packages that the mutant changes, each by itself: nothing where they build. It is
   * taken out again.
   * @param {import('./mutant.mjs').Mutant} mutant
   * @returns {Promise<string>}
   */
  async complaints(mutant) {
    await this.#edit(mutant)
    let complaints = ''
    for (const name of new Set([...editsByFile(mutant)].map(([file]) => file.split('/')[1]))) {
      const { code, output } = await this.run(TSC, ['--noEmit', '-p', `packages/${name}`])
      if (code !== 0) complaints += output
    }
    await this.#restore()
    return complaints
  }

  /** @param {import('./mutant.mjs').Mutant} mutant */
  async #edit(mutant) {
    await this.#restore()
    for (const [file, edits] of editsByFile(mutant)) {
      const path = join(this.folder, file)
      const original = await readFile(path, 'utf8')
      this.#originals.set(path, original)
      await writeFile(path, applyEdits(original, edits))
    }
  }

  /** Takes the mutant out again. */
  async restore() {
    await this.#restore()
    await this.build()
  }

  /** Builds what has changed. @throws Error with what the compiler says. */
  async build() {
    const { code, output } = await this.run(TSC, ['-b', 'packages/sim'])
    if (code !== 0) throw new Error(`the copy in ${this.folder} does not build:\n${output}`)
  }

  /**
   * Runs a script of Node's in the copy. Standard output and error come back together.
   * @param {string} script
   * @param {readonly string[]} args
   * @param {number} [timeoutMs] the script is killed then
   * @returns {Promise<Ended>}
   */
  run(script, args, timeoutMs = 10 * 60_000) {
    return new Promise((settle, fail) => {
      const child = spawn(process.execPath, [script, ...args], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] })
      let output = ''
      let isTimedOut = false
      const timer = setTimeout(() => {
        isTimedOut = true
        child.kill('SIGKILL')
      }, timeoutMs)
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8')
        stream.on('data', (text) => (output += text))
      }
      child.on('error', fail)
      child.on('close', (code) => {
        clearTimeout(timer)
        settle({ code, output, isTimedOut })
      })
    })
  }

  /** Removes the folder. */
  async remove() {
    await rm(this.folder, { recursive: true, force: true })
    standing.delete(this.folder)
  }

  async #restore() {
    for (const [path, original] of this.#originals) await writeFile(path, original)
    this.#originals.clear()
  }

  async #fill() {
    for (const file of ROOT_FILES) await cp(join(WORKSPACE, file), join(this.folder, file))
    await writeFile(join(this.folder, 'vitest.config.ts'), VITEST_CONFIG)
    await this.#linkModules('.', 'node_modules')
    for (const name of PACKAGES) {
      const home = join('packages', name)
      for (const part of PARTS) {
        await cp(join(WORKSPACE, home, part), join(this.folder, home, part), { recursive: true })
      }
      await this.#linkModules(home, 'node_modules')
    }
  }

  /**
   * Our own packages are linked among the copies, all others where they are. Folders are made anew, so that what tools
   * leave in them stays in the copy.
   * @param {string} home
   * @param {string} folder
   */
  async #linkModules(home, folder) {
    const from = join(WORKSPACE, home, folder)
    const to = join(this.folder, home, folder)
    await mkdir(to, { recursive: true })
    for (const { name } of await readdir(from, { withFileTypes: true })) {
      if (name.startsWith('.')) continue
      if (name.startsWith('@')) await this.#linkModules(home, join(folder, name))
      else {
        const isOurs = folder.endsWith('@quorate')
        await symlink(
          isOurs ? join(this.folder, 'packages', name) : await realpath(join(from, name)),
          join(to, name),
          'junction',
        )
      }
    }
  }
}

/**
 * Runs `use` on a copy with the mutant in it.
 * @template Value
 * @param {import('./mutant.mjs').Mutant} mutant
 * @param {(copy: WorkspaceCopy) => Promise<Value>} use
 * @returns {Promise<Value>}
 */
export async function withMutant(mutant, use) {
  const copy = await WorkspaceCopy.make()
  try {
    await copy.plant(mutant)
    return await use(copy)
  } finally {
    await copy.remove()
  }
}
