import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MarkdownPage } from './markdownPage.ts'
import { packPackages } from './packedPackages.ts'
import { pinned } from './pinned.ts'
import { npmInstall, run, succeed, type Run } from './program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
const attw = join(dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist/index.js')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly type: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

interface Tarball {
  readonly path: string
  readonly manifest: Manifest
  /** The text of each file, by its path inside the package. */
  readonly files: ReadonlyMap<string, string>
}

async function unpack(path: string, into: string): Promise<Tarball> {
  await mkdir(into)
  await succeed('tar', ['-xzf', path, '-C', into], into)
  const packed = join(into, 'package')
  const found = await readdir(packed, { recursive: true, withFileTypes: true })
  const paths = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const files = new Map<string, string>()
  for (const file of paths) {
    files.set(file.slice(packed.length + 1).replaceAll('\\', '/'), await readFile(file, 'utf8'))
  }
  return { path, files, manifest: JSON.parse(files.get('package.json')!) as Manifest }
}

let folder: string
let consumer: string
const tarballs = new Map<string, Tarball>()
/** Under way while npm installs. */
const attwRuns = new Map<string, Promise<Run>>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-packaging-'))
  const packed = join(folder, 'packed')
  consumer = join(folder, 'consumer')
  for (const each of [packed, consumer]) await mkdir(each)
  await packPackages(join(folder, 'stage'), packed)
  for (const name of (await readdir(packed)).filter((file) => file.endsWith('.tgz'))) {
    const tarball = await unpack(join(packed, name), join(packed, name.replace('.tgz', '')))
    tarballs.set(tarball.manifest.name, tarball)
  }
  for (const { manifest, path } of libraries()) {
    attwRuns.set(manifest.name, run(process.execPath, [attw, '--profile', 'esm-only', path], folder))
  }
  const others = ['nats', '@types/node'].map((name) => pinned(name))
  await npmInstall(consumer, [...[...tarballs.values()].map(({ path }) => path), ...others])
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** The folder of each package, by its name. */
const folders = new Map<string, string>()
for (const entry of await readdir(join(root, 'packages'), { withFileTypes: true })) {
  if (!entry.isDirectory()) continue
  const manifest = await readFile(join(root, 'packages', entry.name, 'package.json'), 'utf8')
  folders.set((JSON.parse(manifest) as Manifest).name, entry.name)
}
const names = [...folders.keys()]

/** Those that are imported; a command line is not. */
function libraries(): Tarball[] {
  return [...tarballs.values()].filter(({ manifest }) => manifest.exports?.['.'] !== undefined)
}

test('every package is packed', () => {
  expect([...tarballs.keys()].sort()).toEqual([...names].sort())
})

test('all packages carry one version, and ask for each other in just that one', () => {
  const versions = new Set([...tarballs.values()].map(({ manifest }) => manifest.version))
  expect([...versions]).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+/)])
  for (const { manifest } of tarballs.values()) {
    for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
      if (tarballs.has(name)) expect([...versions], `${manifest.name} asks for ${name}`).toEqual([range])
    }
  }
})

describe.each(names)('the tarball of %s', (name) => {
  const tarball = (): Tarball => tarballs.get(name)!

  test('holds the licence, a README whose links lead somewhere, and nothing of the workshop', async () => {
    const { files } = tarball()
    expect(files.get('LICENSE')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'))
    const isExpected = (path: string): boolean =>
      /^(package\.json|README\.md|LICENSE)$|^(src|dist|docs|bin)\/.+\.(ts|js|mjs|map|md|html|css|svg)$|^scenarios\/[^/]+\.(scenario|md)$/.test(
        path,
      )
    expect([...files.keys()].filter((path) => !isExpected(path))).toEqual([])
    expect([...files.keys()].filter((path) => /(^|\/)(test|bench)\/|\.test\./.test(path))).toEqual([])

    // Packages stand side by side in the repository, where npm's page of a package looks for what a link names.
    const place = folders.get(name)!
    const links = [...files].flatMap(([path, text]) =>
      path.endsWith('.md')
        ? new MarkdownPage(text).relativeLinks.map((link) => posix.join(place, posix.dirname(path), link))
        : [],
    )
    const isPacked = (link: string): boolean => {
      const [, target = '', path = ''] = /^([^/]+)\/([^#]*)/.exec(link) ?? []
      const owner = [...tarballs.values()].find(({ manifest }) => folders.get(manifest.name) === target)
      return [...(owner?.files.keys() ?? [])].some((file) => `${file}/`.startsWith(path.replace(/\/?$/, '/')))
    }
    expect(links.filter((link) => !isPacked(link))).toEqual([])
  })

  test('holds what was built of each source, with maps that lead to it', () => {
    const { files } = tarball()
    const sources = [...files.keys()].filter((path) => /^src\/.*\.ts$/.test(path))
    const built = sources.flatMap((path) =>
      ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((end) => path.replace(/^src/, 'dist').replace(/\.ts$/, end)),
    )
    expect(sources).not.toEqual([])
    expect([...files.keys()].filter((path) => /^dist\/.*(\.js|\.ts|\.map)$/.test(path)).sort()).toEqual(built.sort())
    for (const path of built.filter((each) => each.endsWith('.map'))) {
      const map = JSON.parse(files.get(path)!) as { sources: string[] }
      const found = map.sources.map((source) => posix.join(posix.dirname(path), source))
      expect(found, path).toEqual([path.replace(/^dist/, 'src').replace(/(\.js|\.d\.ts)\.map$/, '.ts')])
    }
  })

  test('names no place on the machine that built it, and nothing of the workspace', () => {
    const { files } = tarball()
    for (const [path, text] of files) {
      expect(text.includes(folder) || text.includes(root), path).toBe(false)
    }
    expect(files.get('package.json')).not.toMatch(/"(workspace|catalog|link|file):/)
  })

  test('declares what it imports', () => {
    const { files, manifest } = tarball()
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    const imported = [...files]
      .filter(([path]) => /^dist\/.*\.(js|d\.ts)$/.test(path))
      .flatMap(([, text]) => [...text.matchAll(/(?:\bfrom |\bimport |\bimport\()'([^'.][^']*)'/g)])
      .map(([, specifier]) => /^(@[^/]+\/)?[^/]+/.exec(specifier!)![0])
      .filter((specifier) => !specifier.startsWith('node:'))
    expect([...new Set(imported)].filter((specifier) => !declared.includes(specifier))).toEqual([])
  })

  test('passes publint, strictly', async () => {
    const bytes = await readFile(tarball().path)
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    const { messages } = await publint({ pack: { tarball: data }, strict: true })
    expect(messages).toEqual([])
  })

  test('passes attw, as a package of ES modules alone', { timeout: 60_000 }, async () => {
    const { code, output } = (await attwRuns.get(name)) ?? { code: 0, output: 'a command line has no types' }
    expect(code, output).toBe(0)
  })
})

describe('an application that npm installed the tarballs into', () => {
  /** Runs a file of the application with plain Node. */
  async function runFile(name: string, code: string): Promise<Run> {
    await writeFile(join(consumer, name), code)
    return run(process.execPath, [name], consumer)
  }

  test('has each package once', async () => {
    const found = await readdir(join(consumer, 'node_modules'), { recursive: true })
    const copies = found.map((path) => path.replaceAll('\\', '/')).filter((path) => /@quorate\/\w+$/.test(path))
    const scoped = names.filter((name) => name.startsWith('@quorate/'))
    expect(copies.sort()).toEqual([...scoped].sort())
    expect(found.filter((path) => /(^|[\\/])xstate$/.test(path))).toHaveLength(1)
  })

  test('imports each package, and commits a command', async () => {
    const imports = libraries().map(({ manifest }, place) => `import * as package${place} from '${manifest.name}'`)
    const modules = imports.map((_, place) => `package${place}`).join(', ')
    const program = `
      ${imports.join('\n')}
      import { memoryNetwork, memoryStore, openLog } from '@quorate/log'
      const empty = [${modules}].filter((each) => Object.keys(each).length === 0)
      const log = await openLog('g', { id: 'a', network: memoryNetwork(), store: memoryStore(), bootstrap: ['a'] })
      await log.append('committed')
      for await (const entry of log.subscribe()) {
        console.log(entry.text(), empty.length)
        break
      }
      await log.close()
    `
    expect(await runFile('imports.mjs', program)).toEqual({ code: 0, output: 'committed 0\n' })
  })

  test('requires each package from CommonJS, without a warning', async () => {
    const program = `
      for (const name of ${JSON.stringify(libraries().map(({ manifest }) => manifest.name))}) {
        if (Object.keys(require(name)).length === 0) throw new Error(name + ' exports nothing')
        if (require(name + '/package.json').name !== name) throw new Error(name + ' hides its package.json')
      }
      console.log(typeof require('@quorate/log').openLog)
    `
    expect(await runFile('requires.cjs', program)).toEqual({ code: 0, output: 'function\n' })
  })

  /** What the compiler has to say of the application, in a file that it takes for a module of this kind. */
  async function compile(file: string, options: readonly string[]): Promise<string[]> {
    const always = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node']
    const { output } = await run(process.execPath, [tsc, ...always, ...options, file], consumer)
    return output.split('\n').filter((line) => line.includes('error TS'))
  }
  const nodenext = ['--module', 'nodenext', '--moduleResolution', 'nodenext']
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler']

  test.each([
    ['nodenext', nodenext],
    ['bundler', bundler],
  ])('has its types checked under strict, libraries included: %s', { timeout: 60_000 }, async (_name, options) => {
    await cp(join(root, 'test/packaging/consumer.ts'), join(consumer, 'application.ts'))
    expect(await compile('application.ts', [...options, '--skipLibCheck', 'false'])).toEqual([])
  })

  test('has its types checked in a CommonJS module', { timeout: 60_000 }, async () => {
    await writeFile(
      join(consumer, 'common.cts'),
      `import log = require('@quorate/log')\nexport const { openLog } = log\n`,
    )
    expect(await compile('common.cts', nodenext)).toEqual([])
  })

  // The declarations of nats 2.29 and xstate 5.33 do not pass this option; ours do.
  test('may ask for exactOptionalPropertyTypes', { timeout: 60_000 }, async () => {
    await cp(join(root, 'test/packaging/consumer.ts'), join(consumer, 'exact.ts'))
    const exact = [...nodenext, '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess']
    expect(await compile('exact.ts', [...exact, '--skipLibCheck'])).toEqual([])
    const all = await compile('exact.ts', [...exact, '--skipLibCheck', 'false'])
    expect(all.filter((line) => !/^node_modules\/(nats|xstate)\//.test(line))).toEqual([])
  })
})
