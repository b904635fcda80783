import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run, type Run } from '../packaging/program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const CHANGELOG = '# Changelog\n\n## [Unreleased]\n\n- The first.\n'

/** A copy of everything that a release looks at. */
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-prepare-'))
  const manifests = ['packages', 'examples', 'test'].flatMap((top) =>
    readdirSync(join(root, top)).map((name) => `${top}/${name}/package.json`),
  )
  const programs = ['changelog.mjs', 'prepare.mjs', 'releases.json'].map((name) => `test/releases/${name}`)
  const others = [
    'package.json',
    'pnpm-workspace.yaml',
    'pnpm-lock.yaml',
    'test/package.json',
    '.changeset/config.json',
  ]
  for (const file of [...manifests, ...programs, ...others]) if (existsSync(join(root, file))) copy(file)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  write('CHANGELOG.md', CHANGELOG)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function copy(file: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  cpSync(join(root, file), join(folder, file))
}

const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
const prepare = (): Promise<Run> => run(process.execPath, ['test/releases/prepare.mjs'], folder)

function versions(): string[] {
  const all = readdirSync(join(root, 'packages')).map((name) => read(`packages/${name}/package.json`))
  return [...new Set(all.map((text) => (JSON.parse(text) as { version: string }).version))]
}

function changeset(step: string): void {
  write(`.changeset/${step}.md`, `---\n'@quorate/log': ${step}\n---\n`)
}

test('the first release has the number that stands, the next one that of its changesets, in all packages', async () => {
  for (const name of readdirSync(join(root, 'packages'))) {
    const file = `packages/${name}/package.json`
    write(file, read(file).replace(/"version": ".*"/, '"version": "0.1.0"'))
  }
  write('test/releases/releases.json', '[]')
  const first = await prepare()
  expect(first.code, first.output).toBe(0)
  expect(versions()).toEqual(['0.1.0'])
  expect(read('CHANGELOG.md')).toMatch(/\n## \[Unreleased\]\n\n## \[0\.1\.0\] - \d{4}-\d\d-\d\d\n\n- The first\.\n$/)
  expect(JSON.parse(read('test/releases/releases.json'))).toEqual([])

  write('CHANGELOG.md', read('CHANGELOG.md').replace('[Unreleased]\n', '[Unreleased]\n\n- More.\n'))
  changeset('patch')
  changeset('minor')
  const second = await prepare()
  expect(second.code, second.output).toBe(0)
  expect(versions()).toEqual(['0.2.0'])
  expect(read('CHANGELOG.md')).toMatch(/\n## \[0\.2\.0\] - \S+\n\n- More\.\n\n## \[0\.1\.0\] - \S+\n\n- The first\.\n$/)
  expect(JSON.parse(read('test/releases/releases.json'))).toEqual(['0.1.0'])
  expect(readdirSync(join(folder, '.changeset'))).toEqual(['config.json'])
})

test('a release says something, and knows by changesets which number it has', async () => {
  const [version = ''] = versions()
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n')
  expect(await prepare()).toEqual({ code: 1, output: expect.stringContaining('nothing to release') as string })
  write('CHANGELOG.md', `${CHANGELOG}\n## [${version}] - 2026-01-01\n`)
  expect(await prepare()).toEqual({ code: 1, output: expect.stringContaining('no changesets') as string })
  write('CHANGELOG.md', CHANGELOG)
  changeset('minor')
  expect(await prepare()).toEqual({ code: 1, output: expect.stringContaining('was never released') as string })
  expect(versions()).toEqual([version])
})
