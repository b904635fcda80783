import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startNatsServer, type NatsServer } from '../setup/nats-server.mjs'
import { AnsweredError, ReleaseServer } from './releaseServer.ts'
import { PRESENT, versions } from './version.ts'

const IDS = ['a', 'b', 'c']
const PATIENCE = { timeout: 30_000, interval: 20 }
/** Appended in a loop, while servers come and go. */
const LANES = 6

/** What became of everything that was appended. */
class Appends {
  readonly acknowledged = new Set<string>()
  readonly unknown = new Set<string>()
  readonly refused = new Set<string>()
  #isOver = false
  #count = 0
  readonly #lanes: Promise<void>[]

  constructor(servers: () => readonly ReleaseServer[]) {
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#append(lane, servers))
    // What they threw is thrown at the end.
    for (const lane of this.#lanes) lane.catch(() => {})
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lanes)
  }

  async #append(lane: number, servers: () => readonly ReleaseServer[]): Promise<void> {
    while (!this.#isOver) {
      const value = `value ${this.#count++}`
      const server = servers()[lane % IDS.length]!
      try {
        await server.append(value, lane % 2 === 0 ? undefined : `key of ${value}`)
        this.acknowledged.add(value)
      } catch (error) {
        if (!(error instanceof AnsweredError)) throw error
        if (['NOT_LEADER', 'LOG_CLOSED'].includes(error.code ?? '')) this.refused.add(value)
        else if (['APPEND_OUTCOME_UNKNOWN', 'ENDED'].includes(error.code ?? '')) this.unknown.add(value)
        else throw error
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
}

let folder: string
let nats: NatsServer
let servers: ReleaseServer[]
let appends: Appends | undefined

beforeEach(async () => {
  nats = await startNatsServer()
  servers = []
  appends = undefined
})

afterEach(async () => {
  const isOver = appends?.end()
  isOver?.catch(() => {})
  await Promise.all(servers.map((server) => server.kill()))
  await nats.stop('SIGKILL')
  await isOver
})

async function start(id: string, program: string): Promise<ReleaseServer> {
  const server = new ReleaseServer({ program, id, servers: nats.url, folder: join(folder, 'data', nats.folder, id) })
  servers = [...servers.filter((other) => other.id !== id), server]
  servers.sort((one, other) => (one.id < other.id ? -1 : 1))
  await server.untilStarted()
  return server
}

async function group(programs: readonly string[]): Promise<void> {
  await Promise.all(IDS.map((id, place) => start(id, programs[place]!)))
  await serverOf('a').bootstrap(IDS)
  await leader()
}

function serverOf(id: string): ReleaseServer {
  return servers.find((server) => server.id === id)!
}

function leader(): Promise<ReleaseServer> {
  return vi.waitUntil(async () => {
    const found = await Promise.all(servers.map((server) => server.status()))
    const term = Math.max(...found.map((status) => status.term))
    return servers.find((_, place) => found[place]!.role === 'leader' && found[place]!.term === term)
  }, PATIENCE) as Promise<ReleaseServer>
}

async function lead(id: string): Promise<void> {
  const leading = await leader()
  if (leading.id !== id) await leading.lead(id)
  await vi.waitUntil(async () => (await leader()).id === id, PATIENCE)
}

/** The same on all servers, where everything that was acknowledged stands, once. */
async function expectTheTruth({ acknowledged, unknown, refused }: Appends): Promise<void> {
  const [first, ...others] = await Promise.all(servers.map((server) => server.values()))
  for (const other of others) expect(other).toEqual(first)
  const held = new Set(first)
  expect(held.size).toBe(first!.length)
  expect([...acknowledged].filter((value) => !held.has(value))).toEqual([])
  expect([...held].filter((value) => !acknowledged.has(value) && !unknown.has(value))).toEqual([])
  expect([...refused].filter((value) => held.has(value))).toEqual([])
}

describe.skipIf(process.platform === 'win32').each(versions)('beside servers of $name', (version) => {
  let release: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-releases-'))
    await mkdir(join(folder, 'data'))
    release = await version.install(folder)
  }, 180_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('servers form a group, whichever of them leads: each appends, and each reads all of it', async () => {
    await group([release, release, PRESENT])
    const [inRelease, , present] = await Promise.all(servers.map((server) => server.status()))
    expect(inRelease!.packages).toContain('/application/node_modules/@quorate/log/')
    expect(present!.packages).toContain('/packages/log/')
    const expected: string[] = []
    for (const leading of ['c', 'a', 'c']) {
      await lead(leading)
      for (const server of servers) {
        const value = `${server.id} under ${leading}, ${expected.length}`
        await server.append(value)
        // The second time it is known by its key, whoever is asked.
        const key = `key of ${value}`
        const { index } = await server.append(`once: ${value}`, key)
        for (const other of servers) expect((await other.append(`once: ${value}`, key)).index).toBe(index)
        expected.push(value, `once: ${value}`)
      }
      for (const server of servers) expect(await server.values()).toEqual(expected)
    }
  })

  test('a group goes over to the present version, one server at a time and under load, and nothing acknowledged is lost', async () => {
    await group([release, release, release])
    const load = new Appends(() => servers)
    appends = load
    for (const id of ['b', 'c', 'a']) {
      const before = load.acknowledged.size
      await vi.waitUntil(() => load.acknowledged.size > before + 100, PATIENCE)
      // As an operator does it, and as it also happens.
      if (id === 'c') await serverOf(id).kill()
      else await serverOf(id).close()
      await start(id, PRESENT)
      await leader()
      if (id === 'c') await serverOf(id).values()
      if (id === 'c') await (await leader()).compact()
    }
    const before = load.acknowledged.size
    await vi.waitUntil(() => load.acknowledged.size > before + 100, PATIENCE)
    await load.end()
    await expectTheTruth(load)
    // From what the former version and this one have left on the disks together.
    for (const id of IDS) await serverOf(id).kill()
    for (const id of IDS) await start(id, PRESENT)
    await leader()
    await expectTheTruth(load)
  })

  test.each([
    ['a server of the release gets the snapshot of a present one', true],
    ['a present server gets the snapshot of one of the release', false],
  ])('%s', async (_, isPresentLeader) => {
    const [leading, following] = isPresentLeader ? [PRESENT, release] : [release, PRESENT]
    await group([leading, leading, following])
    await lead('a')
    await serverOf('c').append('before')
    await serverOf('c').kill()
    const values = ['before', ...Array.from({ length: 50 }, (_, place) => `away ${place}`)]
    for (const value of values.slice(1)) await serverOf('b').append(value)
    await serverOf('a').compact()
    const behind = await start('c', following)
    expect(await behind.values()).toEqual(values)
    expect((await behind.status()).restores).toBe(1)
    await behind.append('behind it')
    expect(await serverOf('a').values()).toEqual([...values, 'behind it'])
  })
})
