import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { MarkdownPage } from './markdownPage.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Everything that is under version control or about to be, by its path from the top. */
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const folders = new Set(files.flatMap((path) => parents(path)))
const packages = [...folders].filter((folder) => /^packages\/[^/]+$/.test(folder))

function parents(path: string): string[] {
  const parent = posix.dirname(path)
  return parent === '.' ? [] : [parent, ...parents(parent)]
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

test('the top level holds only what the house allows', () => {
  const allowed = [
    /^(packages|examples|test)$/,
    /^(package\.json|pnpm-workspace\.yaml|pnpm-lock\.yaml|tsconfig(\.\w+)?\.json)$/,
    /^(README|CHANGELOG|CONTRIBUTING)\.md$|^LICENSE$/,
    /^(knip\.jsonc|vitest(\.\w+)?\.config\.ts)$/,
    /^\./,
  ]
  const top = new Set(files.map((path) => path.split('/')[0]!))
  expect(top.size).toBeGreaterThan(0)
  expect([...top].filter((name) => !allowed.some((pattern) => pattern.test(name)))).toEqual([])
})

test.each(packages)('%s has a README under its own name', (folder) => {
  const { name } = JSON.parse(read(`${folder}/package.json`)) as { name: string }
  expect(files).toContain(`${folder}/README.md`)
  expect(read(`${folder}/README.md`)).toMatch(RegExp(`^# ${name}\n`))
})

test.each(files.filter((path) => path.endsWith('.md')))('the links of %s lead somewhere', (path) => {
  const broken = new MarkdownPage(read(path)).relativeLinks.filter((link) => {
    const [file = '', anchor] = decodeURI(link).split('#')
    const target = file === '' ? path : posix.join(posix.dirname(path), file).replace(/\/$/, '')
    const isThere = target === '.' || files.includes(target) || folders.has(target)
    const isLost = anchor !== undefined && target.endsWith('.md') && !new MarkdownPage(read(target)).anchors.has(anchor)
    return !isThere || isLost
  })
  expect(broken).toEqual([])
})

test('every file is named after what it is', () => {
  const says = /^(utils?|utilities|helpers?|common|misc|shared)(\.|$)/i
  expect([...files, ...folders].filter((path) => says.test(basename(path)))).toEqual([])
})
