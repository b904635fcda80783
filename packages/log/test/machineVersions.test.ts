import {
  memoryNetwork,
  memoryStore,
  openLog,
  type ApplyContext,
  type LogEntry,
  type LogStateMachine,
  type ReplicatedLog,
  type Store,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { appliedEverywhere, closeAfterTest, leaderOf, rejectionOf, TOGETHER } from './cluster.ts'

const IDS = ['n1', 'n2', 'n3']

/** Adds up the lengths of its commands: by version 1 once, from version 2 on twice. The state says of which version it is. */
class Sum implements LogStateMachine {
  readonly version: number
  readonly oldestVersion: number
  state = { version: 1, sum: 0 }
  /** What it was told of versions, in order. */
  readonly told: string[] = []

  constructor(version: number, oldestVersion = 1) {
    this.version = version
    this.oldestVersion = oldestVersion
  }

  apply(entries: readonly LogEntry[], { version }: ApplyContext): void {
    if (this.state.sum === 0) this.state.version = version
    if (version !== this.state.version)
      throw new Error(`a state of version ${this.state.version}, applied by ${version}`)
    for (const entry of entries) this.state.sum += entry.data.length * (version === 1 ? 1 : 2)
  }

  async upgrade(version: number): Promise<void> {
    this.told.push(`upgrade ${version}`)
    await Promise.resolve()
    this.state.version = version
  }

  snapshot(): Uint8Array[] {
    return [Buffer.from(JSON.stringify(this.state))]
  }

  async restore(pieces: AsyncIterable<Uint8Array>, { version }: ApplyContext): Promise<void> {
    const read: Uint8Array[] = []
    for await (const piece of pieces) read.push(piece)
    this.state = JSON.parse(Buffer.concat(read).toString())
    this.told.push(`restore ${version}`)
  }
}

interface Server {
  readonly log: ReplicatedLog
  readonly machine: Sum
}

class Group {
  readonly #network = memoryNetwork()
  readonly #stores = new Map<string, Store>(IDS.map((id) => [id, memoryStore()]))

  async born(version: number, oldestVersion?: number): Promise<Server[]> {
    const [first, ...others] = IDS as [string, ...string[]]
    return Promise.all([
      this.open(first, new Sum(version, oldestVersion), { bootstrap: IDS }),
      ...others.map((id) => this.open(id, new Sum(version, oldestVersion))),
    ])
  }

  async open(id: string, machine: Sum, birth: { bootstrap?: string[] } = {}): Promise<Server> {
    const store = this.#stores.get(id)!
    const options = { id, network: this.#network, store, settings: TOGETHER, stateMachine: machine, ...birth }
    return { machine, log: closeAfterTest(await openLog('orders', options)) }
  }

  /** Its process ends, and the next one has other code. */
  async deploy(servers: Server[], place: number, machine: Sum): Promise<void> {
    await servers[place]!.log.close()
    servers[place] = await this.open(IDS[place]!, machine)
  }
}

const logsOf = (servers: readonly Server[]): ReplicatedLog[] => servers.map(({ log }) => log)

async function inForce(servers: readonly Server[], version: number): Promise<void> {
  for (const { log } of servers) await log.status.waitFor(({ machineVersion }) => machineVersion === version)
}

async function append(servers: readonly Server[], text: string): Promise<void> {
  await appliedEverywhere(logsOf(servers), await servers[0]!.log.append(text))
}

describe('a state machine with a version', () => {
  it('a rolling upgrade: all servers apply by the new one from the same entry on', async () => {
    const group = new Group()
    const servers = await group.born(1)
    await append(servers, 'one')
    for (const place of [1, 2]) {
      await group.deploy(servers, place, new Sum(2))
      await append(servers, 'one')
    }
    expect(servers.map(({ machine }) => machine.state)).toEqual(IDS.map(() => ({ version: 1, sum: 9 })))
    await group.deploy(servers, 0, new Sum(2))
    await leaderOf(logsOf(servers))
    await inForce(servers, 2)
    await append(servers, 'two')
    expect(servers.map(({ machine }) => machine.state)).toEqual(IDS.map(() => ({ version: 2, sum: 15 })))
    expect(servers.map(({ machine }) => machine.told)).toEqual(IDS.map(() => ['upgrade 2']))
    const kinds: string[] = []
    for await (const { kind } of servers[0]!.log.subscribe({ all: true })) {
      kinds.push(kind)
      if (kinds.filter((one) => one === 'command').length === 4) break
    }
    expect(kinds.filter((kind) => kind === 'upgrade')).toHaveLength(1)
  })

  it('a snapshot is restored by the version in force when it was taken', async () => {
    const group = new Group()
    const servers = await group.born(1)
    for (const place of [0, 1, 2]) await group.deploy(servers, place, new Sum(2))
    await inForce(servers, 2)
    await append(servers, 'abc')
    for (const { log } of servers) await log.compact({ trailingEntries: 0 })
    await group.deploy(servers, 2, new Sum(2))
    await append(servers, 'd')
    const { machine } = servers[2]!
    expect(machine.told).toEqual(['restore 2'])
    expect(machine.state).toEqual({ version: 2, sum: 8 })
  })

  it('a group that is born with a newer one needs no older code, and is told of no upgrade', async () => {
    const servers = await new Group().born(4, 4)
    await append(servers, 'abc')
    expect(servers.map(({ log }) => log.status.value.machineVersion)).toEqual([4, 4, 4])
    expect(servers.map(({ machine }) => machine)).toMatchObject(IDS.map(() => ({ told: [], state: { sum: 6 } })))
  })

  it('put back to code that lacks the version in force, a server stops and says so', async () => {
    const group = new Group()
    const servers = await group.born(1)
    for (const place of [0, 1, 2]) await group.deploy(servers, place, new Sum(2))
    await inForce(servers, 2)
    await append(servers, 'abc')
    await group.deploy(servers, 2, new Sum(1))
    const { log } = servers[2]!
    await log.status.waitFor(({ failure }) => failure !== undefined)
    expect(log.ended).toMatchObject({ code: 'MACHINE_VERSION', version: 2, versions: { oldest: 1, newest: 1 } })
    expect(await rejectionOf(log.append('x'))).toMatchObject({ code: 'SERVER_STOPPED' })
    await group.deploy(servers, 2, new Sum(2))
    await append(servers, 'd')
    expect(servers[2]!.machine.state).toEqual(servers[0]!.machine.state)
  })

  it.each([
    [new Sum(0), 'the newest version of the state machine is 0; it must be a whole number from 1 to 4294967295'],
    [new Sum(1.5), 'the newest version of the state machine is 1.5'],
    [new Sum(2, 3), 'the oldest must not be above the newest'],
  ])('versions that are none are refused: %o', async (machine, message) => {
    const opening = new Group().open('n1', machine)
    await expect(opening).rejects.toThrow(RangeError)
    await expect(opening).rejects.toThrow(message)
  })

  it('a birth with a version that is none is refused', async () => {
    const opening = new Group().open('n1', new Sum(-1), { bootstrap: ['n1'] })
    await expect(opening).rejects.toThrow(
      new RangeError('machineVersion is -1; it must be a whole number from 1 to 4294967295'),
    )
  })
})
