// Makes a checkout ready: installs the workspace, builds it, finds a nats-server. Plain Node, for it runs before
// anything is installed. Run again, it does only what has changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNatsServer } from './nats-server.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isWindows = process.platform === 'win32'

requireNode()
installWorkspace()
build()
requireNatsServer()

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  stop(`Node 20.19 or newer is needed; this is ${process.versions.node}.`)
}

function installWorkspace() {
  const stamp = join(root, 'node_modules/.quorate-setup')
  if (read(stamp) === fingerprint()) return
  rmSync(stamp, { force: true })

  const { packageManager } = JSON.parse(read(join(root, 'package.json')) ?? '{}')
  // Outside CI a complete lockfile is taken as it stands, and one that lacks a new dependency is completed.
  const lockfile = process.env['CI'] ? '--frozen-lockfile' : '--prefer-frozen-lockfile'
  say(`installing the workspace with ${packageManager}`)
  const before = read(join(root, 'pnpm-lock.yaml'))
  const { status, output } = run('npx', ['--yes', packageManager, 'install', '--reporter=append-only', lockfile])
  if (status !== 0) stop(`The installation failed.\n${output}`)
  if (read(join(root, 'pnpm-lock.yaml')) !== before) say('pnpm-lock.yaml has changed: commit it with its package.json')
  writeFileSync(stamp, fingerprint())
}

/** One hash of everything that decides what an installation gives. */
function fingerprint() {
  const hash = createHash('sha256').update(process.platform + process.arch)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', 'test/package.json', ...manifests()]) {
    hash.update(`${file}\n${read(join(root, file)) ?? ''}\n`)
  }
  return hash.digest('hex')
}

function manifests() {
  return ['packages', 'examples', 'test'].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder))
          .map((name) => `${folder}/${name}/package.json`)
          .filter((file) => existsSync(join(root, file)))
          .sort()
      : [],
  )
}

function build() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status, output } = run(process.execPath, [tsc, '-b', 'tsconfig.build.json'])
  if (status !== 0) stop(`The build failed.\n${output}`)
}

function requireNatsServer() {
  if (findNatsServer() !== undefined) return
  const named = process.env['NATS_SERVER_BIN']
  if (named) stop(`NATS_SERVER_BIN names ${named}, which is not an executable file.`)

  if (isDebian() && process.getuid?.() === 0) {
    say('installing nats-server with apt-get')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'nats-server']]) {
      const { status, output } = run('apt-get', args, env)
      if (status !== 0) stop(`apt-get ${args.join(' ')} failed.\n${output}`)
    }
    if (findNatsServer() !== undefined) return
  }
  stop(`A nats-server is needed on PATH, or its path in NATS_SERVER_BIN. To install one:\n\n  ${installCommand()}\n`)
}

function installCommand() {
  if (process.platform === 'darwin') return 'brew install nats-server'
  if (isWindows) return 'scoop install nats-server'
  if (isDebian()) return 'sudo apt-get update && sudo apt-get install --yes nats-server'
  return 'go install github.com/nats-io/nats-server/v2@latest'
}

function isDebian() {
  return existsSync('/etc/debian_version')
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function run(command, args, env = process.env) {
  // On Windows npx is a script, which only a shell can start.
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: isWindows && command === 'npx',
  })
  return { status, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** @param {string} text */
function say(text) {
  console.log(`setup: ${text}`)
}

/**
 * @param {string} text
 * @returns {never}
 */
function stop(text) {
  console.error(`setup: ${text}`)
  process.exit(1)
}
