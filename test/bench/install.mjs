// @ts-check
// `npm run bench:install`: a follower that was away gets a snapshot of 1 GiB over NATS, and puts it on disk. How much memory
// does it take, on the leader and on the follower, and how long?
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startNatsServer } from '../setup/nats-server.mjs'
import { Child } from './child.mjs'

const MIB = 1024 * 1024

const { values } = parseArgs({ options: { mib: { type: 'string', default: '1024' } } })
const sizeBytes = Number(values.mib) * MIB
if (!(sizeBytes > 0)) {
  console.error('bench:install takes --mib 1024, above 0')
  process.exit(2)
}

const IDS = ['n1', 'n2', 'n3']
const folder = await mkdtemp(join(tmpdir(), 'quorate-install-'))
const nats = await startNatsServer()
/** @type {Map<string, Child>} */
const children = new Map()

/** @param {string} id */
async function start(id) {
  const own = join(folder, id)
  await mkdir(own, { recursive: true })
  const file = fileURLToPath(new URL('installServer.mjs', import.meta.url))
  const child = new Child(file, [id, nats.url, own, IDS.join(','), String(sizeBytes)])
  children.set(id, child)
  await child.ready
  return child
}

/** @param {readonly Child[]} servers */
async function leaderOf(servers) {
  for (;;) {
    for (const server of servers) if (await server.call('leads')) return server
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** @param {number} bytes */
const mib = (bytes) => `${(bytes / MIB).toFixed(0)} MiB`

/** How the group came to be what is measured: two servers with a snapshot in the place of the log, and one that was away. */
async function prepare() {
  const servers = await Promise.all(IDS.map(start))
  await servers[0]?.call('bootstrap')
  await Promise.all(servers.map((server) => server.call('open')))
  const leader = await leaderOf(servers)
  const [follower, ...others] = servers.filter((server) => server !== leader)
  const id = IDS.find((name) => children.get(name) === follower) ?? ''
  await follower?.call('close')
  await leader.call('append', 100)
  for (const server of [leader, ...others]) await server.call('compact')
  return { id, present: [leader, ...others] }
}

async function measure() {
  const { id, present } = await prepare()
  const follower = await start(id)
  const leader = await leaderOf(present)
  const expected = await leader.call('expectedHash')
  const before = { leader: await leader.call('measure'), follower: await follower.call('measure') }
  const started = performance.now()
  await follower.call('open')
  let memory = await follower.call('memory')
  while (memory.restoredBytes < sizeBytes) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    memory = await follower.call('memory')
  }
  const seconds = (performance.now() - started) / 1000
  if (memory.restoredHash !== expected) throw new Error('what was restored is not what was snapshot')
  const peaks = { leader: (await leader.call('memory')).peakBytes, follower: memory.peakBytes }
  console.log(
    `${mib(sizeBytes)} installed and restored in ${seconds.toFixed(1)} s (${mib(sizeBytes / seconds)}/s), Node ${process.version}`,
  )
  for (const role of /** @type {const} */ (['leader', 'follower'])) {
    const grown = peaks[role] - before[role]
    console.log(`${role}: ${mib(before[role])} before, ${mib(peaks[role])} at the peak: ${mib(grown)} more`)
  }
}

try {
  await measure()
  await Promise.all(
    [...children.values()].filter((child) => child.process.connected).map((child) => child.call('close')),
  )
} finally {
  for (const child of children.values()) child.process.kill()
  await nats.stop()
  await rm(folder, { recursive: true, force: true })
}
