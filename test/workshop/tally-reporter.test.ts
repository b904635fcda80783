import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const reporter = fileURLToPath(new URL('../setup/tally-reporter.ts', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-tally-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The last line of a run over these files. */
function tallyOf(files: Record<string, string>): string | undefined {
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code)
  const reporters = ['--reporter', 'default', '--reporter', reporter]
  const { stdout } = spawnSync(
    process.execPath,
    [vitest, 'run', '--root', folder, '--globals', '--passWithNoTests', ...reporters],
    { cwd: folder, encoding: 'utf8' },
  )
  expect(stdout.endsWith('\n')).toBe(true)
  return stdout.trimEnd().split('\n').at(-1)
}

test('counts passed and failed tests', () => {
  const code = `test('a', () => {}); test('b', () => {}); test('c', () => expect(1).toBe(2))`
  expect(tallyOf({ 'some.test.js': code })).toBe('2 passed, 1 failed')
})

test('names skipped tests only when there are some', () => {
  const code = `test('a', () => {}); test.skip('b', () => {}); test.todo('c')`
  expect(tallyOf({ 'some.test.js': code })).toBe('1 passed, 0 failed, 2 skipped')
})

test('counts a file that does not load, a hook that throws and an error outside any test as failures', () => {
  const files = {
    'loads-not.test.js': `throw new Error('on load')`,
    'hook.test.js': `describe('hook', () => { beforeAll(() => { throw new Error('in a hook') }); test('a', () => {}) })`,
    'outside.test.js': `test('b', async () => { setTimeout(() => { throw new Error('outside') }); await new Promise((r) => setTimeout(r, 20)) })`,
  }
  expect(tallyOf(files)).toBe('1 passed, 3 failed, 1 skipped')
})

test('ends a run without tests the same way', () => {
  expect(tallyOf({})).toBe('0 passed, 0 failed')
})
