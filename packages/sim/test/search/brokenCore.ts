import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SearchResult } from '../../src/search/search.ts'
import type { SearchBounds } from '../../src/search/searchBounds.ts'

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url))
const COMPILER = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url))

/** A place of the core's source, and what is to stand there instead. */
export interface Break {
  /** Below packages/core/src. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/**
 * Searches a copy of the core that is broken on purpose.
 * @throws Error when the text to be replaced does not stand in the file exactly once.
 */
export function searchBroken({ file, from, to }: Break, bounds: SearchBounds): SearchResult {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'quorate-broken-core-'))
  try {
    cpSync(join(PACKAGES, 'core/src'), join(folder, 'core'), { recursive: true })
    cpSync(join(PACKAGES, 'sim/src/search'), join(folder, 'search'), { recursive: true })
    const path = join(folder, 'core', file)
    const parts = readFileSync(path, 'utf8').split(from)
    if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times, not once: ${from}`)
    writeFileSync(path, parts.join(to))
    compile(folder)
    return runSearch(folder, bounds)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Types are left alone: what is broken may well not fit. */
function compile(folder: string): void {
  const core = join(folder, 'node_modules/@quorate/core')
  mkdirSync(core, { recursive: true })
  symlinkSync(realpathSync(join(PACKAGES, 'core/node_modules/xstate')), join(folder, 'node_modules/xstate'))
  symlinkSync(join(folder, 'built/core'), join(core, 'built'))
  writeJson(join(core, 'package.json'), { name: '@quorate/core', type: 'module', exports: './built/index.js' })
  writeJson(join(folder, 'package.json'), { type: 'module' })
  writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: {
      target: 'ES2022',
      module: 'nodenext',
      rootDir: '.',
      outDir: 'built',
      types: [],
      noCheck: true,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
    include: ['core', 'search'],
  })
  execFileSync(process.execPath, [COMPILER, '-p', folder], { stdio: 'inherit' })
}

function runSearch(folder: string, bounds: SearchBounds): SearchResult {
  const program = `
    import { search } from './built/search/search.js'
    const [bounds] = process.argv.slice(-1)
    process.stdout.write(JSON.stringify(search({ depth: Infinity, ...JSON.parse(bounds) })))`
  writeFileSync(join(folder, 'program.js'), program)
  // JSON has no Infinity.
  const { depth, ...others } = bounds
  const given = JSON.stringify(Number.isFinite(depth) ? bounds : others)
  return JSON.parse(
    execFileSync(process.execPath, ['program.js', given], { cwd: folder, encoding: 'utf8' }),
  ) as SearchResult
}

function writeJson(path: string, content: unknown): void {
  writeFileSync(path, JSON.stringify(content))
}
