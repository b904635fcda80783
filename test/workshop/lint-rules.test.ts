import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const oxlint = join(dirname(createRequire(join(root, 'package.json')).resolve('oxlint/package.json')), 'bin/oxlint')

interface Snippet {
  title: string
  file: string
  code: string
  /** The rule that must refuse the snippet, or `undefined` where it must pass. */
  rule: string | undefined
}

const imports = 'eslint(no-restricted-imports)'
const globals = 'eslint(no-restricted-globals)'

const snippets: Snippet[] = []

function refuses(rule: string, file: string, code: string, title = code): void {
  snippets.push({ title: `${file} refuses ${title}`, file, code, rule })
}

function accepts(file: string, code: string): void {
  snippets.push({ title: `${file} accepts ${code}`, file, code, rule: undefined })
}

const importOf = (specifier: string): string => `export * from '${specifier}'`

for (const place of ['core/src', 'core/src/driver', 'core/src/statecharts', 'core/src/rules', 'core/src/memory']) {
  const file = `packages/${place}/bad`
  refuses(globals, file, 'export const now = Date.now()')
  refuses(globals, file, 'export const now = new Date()')
  refuses(globals, file, 'export const now = performance.now()')
  refuses(globals, file, 'setTimeout(() => {}, 1)')
  refuses(globals, file, 'setInterval(() => {}, 1)')
  refuses(globals, file, 'setImmediate(() => {})')
  refuses(globals, file, 'queueMicrotask(() => {})')
  refuses(globals, file, 'export const done = Promise.resolve()')
  refuses(globals, file, 'export const now = globalThis.Date')
  refuses('eslint(no-restricted-properties)', file, 'export const chance = Math.random()')
  refuses('eslint(no-restricted-properties)', file, 'export const { random } = Math')
  refuses('typescript(no-restricted-types)', file, 'export type Done = Promise<void>')
  refuses('typescript(no-restricted-types)', file, 'export type Done = PromiseLike<void>')
  refuses('oxc(no-async-await)', file, 'export async function write() {}')
  refuses('oxc(no-async-await)', file, 'export const write = async () => {}')
  refuses('oxc(no-async-await)', file, 'export const store = { async write() {} }')
  refuses('oxc(no-async-await)', file, 'export class Store { async write() {} }')
  refuses('oxc(no-async-await)', file, 'export async function* read() {}')
  refuses('import(no-nodejs-modules)', file, importOf('node:fs'))
  refuses('import(no-nodejs-modules)', file, importOf('fs'))
  refuses(imports, file, importOf('@quorate/wire'))
  refuses(imports, file, importOf('../../../wire/src/index.ts'))
}

for (const place of ['rules', 'state']) {
  const file = `packages/core/src/${place}/bad`
  refuses(imports, file, importOf('xstate'))
  refuses(imports, file, importOf('xstate/actors'))
  refuses(imports, file, `export type { AnyActorRef } from 'xstate'`)
  refuses(imports, file, importOf('../statecharts/server.ts'))
  refuses(imports, file, importOf('../driver/driver.ts'))
  refuses(imports, file, importOf('../memory/transport.ts'))
  accepts(`packages/core/src/${place}/good`, importOf('../messages.ts'))
}
accepts('packages/core/src/rules/good', importOf('../quorum/majority.ts'))

refuses(imports, 'packages/core/src/statecharts/bad', importOf('../driver/driver.ts'))
accepts('packages/core/src/statecharts/good', importOf('xstate'))
accepts('packages/core/src/statecharts/good', importOf('../rules/voting.ts'))
accepts('packages/core/src/driver/good', importOf('../statecharts/server.ts'))

for (const specifier of ['xstate', 'node:fs', '@quorate/wire', '../rules/voting.ts', '../messages.ts', '..']) {
  refuses(imports, 'packages/core/src/quorum/bad', importOf(specifier))
}
accepts('packages/core/src/quorum/good', importOf('./majority.ts'))

const mayImport: Record<string, string[]> = {
  core: [],
  wire: ['core'],
  disk: ['core', 'wire'],
  nats: ['core', 'wire'],
  log: ['core', 'wire'],
  sim: ['core', 'wire', 'disk'],
  quorate: ['core', 'wire', 'disk'],
}
for (const [from, allowed] of Object.entries(mayImport)) {
  for (const to of Object.keys(mayImport)) {
    if (to === from) continue
    const specifier = to === 'quorate' ? to : `@quorate/${to}`
    if (allowed.includes(to)) accepts(`packages/${from}/src/good`, importOf(specifier))
    else refuses(imports, `packages/${from}/src/bad`, importOf(specifier))
  }
  refuses(imports, `packages/${from}/src/bad`, importOf('../../core/src/index.ts'))
}

for (const place of ['packages/log/src', 'packages/wire/test', 'test/nats', 'examples/key-value']) {
  refuses(
    'typescript(no-floating-promises)',
    `${place}/bad`,
    'export async function send(): Promise<void> {}\nsend()',
    'a promise that nobody awaits',
  )
}

interface Diagnostic {
  code: string
  filename: string
}

describe('the lint rules', () => {
  let folder: string
  const found = new Map<string, string[]>()
  const path = (index: number): string => `${snippets[index]!.file}${index}.ts`

  // All snippets in one run, in a copy of the workspace's outline: the linter is started once.
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'quorate-lint-')))
    for (const file of ['.oxlintrc.json', 'tsconfig.base.json']) await cp(join(root, file), join(folder, file))
    await writeFile(join(folder, 'tsconfig.json'), '{ "extends": "./tsconfig.base.json" }')
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    for (const [index, { code }] of snippets.entries()) {
      await mkdir(dirname(join(folder, path(index))), { recursive: true })
      await writeFile(join(folder, path(index)), `${code}\n`)
    }
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, [oxlint, '--format', 'json'], { cwd: folder, maxBuffer: 64 << 20 }, (_error, stdout) =>
        resolve(stdout),
      )
    })
    for (const { filename, code } of (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics) {
      const file = filename.replaceAll('\\', '/')
      found.set(file, [...(found.get(file) ?? []), code])
    }
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  test.each(snippets.map((snippet, index) => ({ ...snippet, index })))('$title', ({ index, rule }) => {
    const codes = found.get(path(index)) ?? []
    if (rule === undefined) expect(codes).toEqual([])
    else expect(codes).toContain(rule)
  })
})
