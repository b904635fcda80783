import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import changesets from '../../.changeset/config.json' with { type: 'json' }

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license?: string
  readonly files?: readonly string[]
  readonly repository?: { readonly type: string; readonly url: string; readonly directory: string }
  readonly publishConfig?: unknown
}

const folders = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
const packages = folders.map((folder) => ({ folder, manifest: manifestOf(folder) }))
const repository = packages[0]!.manifest.repository?.url

function manifestOf(folder: string): Manifest {
  return JSON.parse(read(`${folder}/package.json`)) as Manifest
}

test.each(packages)(
  '$manifest.name is public, with provenance, and says what is in it and where it is from',
  ({ folder, manifest }) => {
    expect(manifest.private).toBeUndefined()
    expect(manifest.license).toBe('Apache-2.0')
    expect(manifest.publishConfig).toEqual({ access: 'public', provenance: true })
    expect(manifest.repository).toEqual({ type: 'git', url: repository, directory: folder })
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'src', 'README.md', '!dist/.tsbuildinfo']))
  },
)

test('all packages are of one repository, and carry one version, which changesets keep one', () => {
  expect(repository).toMatch(/^git\+https:\/\/github\.com\/[\w-]+\/[\w-]+\.git$/)
  expect(new Set(packages.map(({ manifest }) => manifest.version)).size).toBe(1)
  const [fixed = [], ...others] = changesets.fixed
  expect(others).toEqual([])
  const isFixed = (name: string): boolean =>
    fixed.some((pattern) => pattern === name || (pattern.endsWith('/*') && name.startsWith(pattern.slice(0, -1))))
  expect(packages.map(({ manifest }) => manifest.name).filter((name) => !isFixed(name))).toEqual([])
})

test('what is no package is private', () => {
  const others = [
    '',
    'test',
    'test/reference',
    ...readdirSync(join(root, 'examples')).map((name) => `examples/${name}`),
  ]
  for (const folder of others) expect(manifestOf(join('.', folder)).private, folder).toBe(true)
})

const workflows = readdirSync(join(root, '.github/workflows')).map((name) => `.github/workflows/${name}`)

test.each(workflows)('%s takes no action by a name that can come to mean another', (path) => {
  const uses = [...read(path).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, action]) => action!)
  expect(uses).not.toEqual([])
  const isPinned = (action: string): boolean => /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action)
  expect(uses.filter((action) => !action.startsWith('./.github/') && !isPinned(action))).toEqual([])
})

/** The jobs of the release, by name, as they are written. */
const jobs = new Map(
  read('.github/workflows/release.yml')
    .split(/^jobs:\n/m)[1]!
    .split(/^ {2}(?=\w+:$)/m)
    .slice(1)
    .map((job) => [/^\w+/.exec(job)![0], job] as const),
)

test("a release is published by npm's trust alone, after CI, and only there", () => {
  expect([...jobs.keys()]).toEqual(['ci', 'pack', 'publish', 'announce', 'reference'])
  expect(jobs.get('ci')).toContain('uses: ./.github/workflows/ci.yml')
  expect(read('.github/workflows/ci.yml')).toMatch(/^ {2}workflow_call:/m)
  expect(jobs.get('publish')).toContain('needs: [ci, pack]')
  for (const name of ['announce', 'reference']) expect(jobs.get(name)).toContain('needs: publish')
  // That of the reference is for Pages.
  expect([...jobs].filter(([, job]) => job.includes('id-token: write')).map(([name]) => name)).toEqual([
    'publish',
    'reference',
  ])
  expect(read('.github/workflows/release.yml')).not.toMatch(/secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN/)
  // Who may publish runs nothing that was installed.
  expect(jobs.get('publish')).not.toMatch(/npm (ci|install|run)|npx|pnpm/)
})
