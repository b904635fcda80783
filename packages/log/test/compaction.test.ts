import {
  connectLog,
  memoryNetwork,
  memoryStore,
  type LogEntry,
  type LogStateMachine,
  type QuorateNode,
  type ReplicatedLog,
  type Store,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { appliedEverywhere, closeAfterTest, leaderOf, openNodes, rejectionOf, sleep, take } from './cluster.ts'

const IDS = ['n1', 'n2', 'n3']
const utf8 = new TextEncoder()

/** Holds the texts of all commands, and what became of it. */
class Texts implements LogStateMachine {
  texts: string[] = []
  restores = 0
  /** Instead of applying, taking a snapshot or restoring one. */
  fails: Error | undefined
  applyMs = 0

  async apply(entries: readonly LogEntry[]): Promise<void> {
    if (this.applyMs > 0) await sleep(this.applyMs)
    for (const entry of entries) {
      this.texts.push(entry.text())
    }
  }

  *snapshot(): Generator<Uint8Array> {
    if (this.fails !== undefined) throw this.fails
    // A copy: entries are applied while it is read.
    const copy = this.texts.slice()
    for (const text of copy) yield utf8.encode(`${text}\n`)
  }

  async restore(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.fails !== undefined) throw this.fails
    const read: Uint8Array[] = []
    for await (const piece of pieces) read.push(piece)
    this.texts = Buffer.concat(read).toString().split('\n').slice(0, -1)
    this.restores++
  }
}

interface Server {
  readonly node: QuorateNode
  readonly log: ReplicatedLog
  readonly machine: Texts
}

class Group {
  readonly network = memoryNetwork()
  readonly stores = new Map<string, Store>(IDS.map((id) => [id, memoryStore()]))

  async born(): Promise<Server[]> {
    const nodes = await this.#nodes(IDS)
    await nodes[0]!.bootstrap('orders', IDS)
    return Promise.all(nodes.map((node) => serverOn(node)))
  }

  async open(...ids: string[]): Promise<Server[]> {
    return Promise.all((await this.#nodes(ids)).map((node) => serverOn(node)))
  }

  #nodes(ids: readonly string[]): Promise<QuorateNode[]> {
    return openNodes({ ids, network: this.network, store: (id) => this.stores.get(id)! })
  }
}

async function serverOn(node: QuorateNode): Promise<Server> {
  const machine = new Texts()
  return { node, machine, log: await node.openLog('orders', { stateMachine: machine }) }
}

async function texts(log: ReplicatedLog, count: number): Promise<string[]> {
  const appended = Array.from({ length: count }, (_, place) => `text ${place}`)
  await log.append(appended)
  return appended
}

describe('a state machine', () => {
  it('takes the committed commands in order, and no other entries', async () => {
    const group = new Group()
    const servers = await group.born()
    const appended = await texts(servers[1]!.log, 20)
    await servers[2]!.log.append('the last')
    await appliedEverywhere(
      servers.map(({ log }) => log),
      await servers[0]!.log.append('more'),
    )
    for (const { machine } of servers) expect(machine.texts).toEqual([...appended, 'the last', 'more'])
  })

  it('stops its own server alone when it throws, with what it threw', async () => {
    const group = new Group()
    const servers = await group.born()
    const leader = await leaderOf(servers.map(({ log }) => log))
    const broken = servers.find(({ log }) => log !== leader)!
    broken.machine.apply = async () => {
      throw new Error('the machine broke')
    }
    await leader.append('x')
    await broken.log.status.waitFor(({ failure }) => failure !== undefined)
    expect(broken.log.status.value.failure).toMatchObject({ message: 'the machine broke' })
    expect(await rejectionOf(broken.log.append('y'))).toMatchObject({ code: 'SERVER_STOPPED' })
    await leader.append('goes on')
  })
})

describe('a log that is compacted', () => {
  it('brings a server that was away up to date by the snapshot, and by what was appended since', async () => {
    const group = new Group()
    const servers = await group.born()
    await servers[2]!.node.close()
    const present = servers.slice(0, 2)
    const leader = await leaderOf(present.map(({ log }) => log))
    const appended = await texts(leader, 50)
    for (const { log } of present) {
      await appliedEverywhere([log], { index: leader.status.value.lastIndex })
      expect(await log.compact({ trailingEntries: 0 })).toMatchObject({ logStartsAfter: log.status.value.lastApplied })
    }
    await leader.append('since')

    const [back] = await group.open('n3')
    await appliedEverywhere([back!.log], { index: leader.status.value.lastIndex })
    expect(back!.machine.texts).toEqual([...appended, 'since'])
    expect(back!.machine.restores).toBe(1)
    expect(back!.log.status.value.logStartsAfter).toBeGreaterThan(50)
  })

  it('starts from its snapshot, and goes on with the entries behind it', async () => {
    const group = new Group()
    const servers = await group.born()
    const { log } = servers[0]!
    const appended = await texts(log, 30)
    await appliedEverywhere([log], { index: log.status.value.lastIndex })
    await log.compact({ trailingEntries: 5 })
    await log.append('since')
    for (const { node } of servers) await node.close()

    const again = await group.open(...IDS)
    await leaderOf(again.map((server) => server.log))
    await appliedEverywhere(
      again.map((server) => server.log),
      await again[0]!.log.append('after'),
    )
    for (const { machine } of again) expect(machine.texts).toEqual([...appended, 'since', 'after'])
    expect(again[0]!.machine.restores).toBe(1)
  })

  it('by itself, as the policy has it', async () => {
    const [node] = await openNodes({ ids: ['n1'] })
    await node!.bootstrap('orders', ['n1'])
    const compaction = { afterEntries: 10, trailingEntries: 3 }
    const log = await node!.openLog('orders', { stateMachine: new Texts(), compaction })
    for (let count = 0; count < 4; count++) {
      await texts(log, 10)
      await log.status.waitFor(({ snapshotIndex }) => snapshotIndex >= 10 * (count + 1))
    }
    expect(log.status.value.logStartsAfter).toBeGreaterThanOrEqual(37)
  })

  it('has of the state what it was at that entry, whatever is applied in the same moment', async () => {
    const store = memoryStore()
    const network = memoryNetwork()
    const open = async (): Promise<Server> => {
      const [node] = await openNodes({ ids: ['n1'], network, store: () => store })
      await node!.bootstrap('orders', ['n1']).catch(() => {})
      const machine = new Texts()
      machine.apply = (entries) => {
        for (const entry of entries) machine.texts.push(entry.text())
        return undefined as never
      }
      const compaction = { afterEntries: 10, trailingEntries: 0 }
      return { node: node!, machine, log: await node!.openLog('orders', { stateMachine: machine, compaction }) }
    }
    const first = await open()
    const appended = await texts(first.log, 25)
    await first.log.status.waitFor(({ snapshotIndex }) => snapshotIndex >= 10)
    await first.node.close()
    const again = await open()
    await again.log.append('after')
    expect(again.machine.texts).toEqual([...appended, 'after'])
    expect(again.machine.restores).toBe(1)
  })

  it('keeps on when the state machine gives no snapshot, and says why', async () => {
    const [node] = await openNodes({ ids: ['n1'] })
    await node!.bootstrap('orders', ['n1'])
    const machine = new Texts()
    const log = await node!.openLog('orders', { stateMachine: machine })
    await texts(log, 5)
    machine.fails = new Error('not now')
    expect(await rejectionOf(log.compact())).toMatchObject({ message: 'not now' })
    expect(log.status.value).toMatchObject({ role: 'leader', snapshotFailure: { message: 'not now' } })
    machine.snapshot = function* () {
      yield 'text' as unknown as Uint8Array
    }
    expect(await rejectionOf(log.compact())).toMatchObject({
      message: expect.stringContaining('must yield Uint8Array'),
    })
    await log.append('goes on')
    expect(machine.texts).toHaveLength(6)
  })

  it('does not compact what it could not give back', async () => {
    const [node] = await openNodes({ ids: ['n1'] })
    await node!.bootstrap('orders', ['n1'])
    const stateMachine = { apply: () => {} }
    const opening = node!.openLog('orders', { stateMachine, compaction: { afterEntries: 10 } })
    expect(await rejectionOf(opening)).toBeInstanceOf(TypeError)
    const log = await node!.openLog('orders', { stateMachine })
    await log.append('x')
    expect(await rejectionOf(log.compact())).toMatchObject({ message: expect.stringContaining('no snapshot to give') })
    expect(await rejectionOf(log.compact({ trailingEntries: -1 }))).toBeInstanceOf(RangeError)
    await log.close()
    expect(await rejectionOf(log.compact())).toMatchObject({ code: 'LOG_CLOSED' })
  })

  it('without a state machine says that the entries are gone, and gives a state machine no state that it has not', async () => {
    const network = memoryNetwork()
    const store = memoryStore()
    const [node] = await openNodes({ ids: ['n1'], network, store: () => store })
    await node!.bootstrap('orders', ['n1'])
    const log = await node!.openLog('orders')
    await texts(log, 5)
    await log.compact({ trailingEntries: 1 })
    await log.close()
    const plain = await node!.openLog('orders')
    await plain.append('after')
    expect((await take(plain, 2, { from: 'earliest' })).map((entry) => entry.text())).toEqual(['text 4', 'after'])
    await plain.close()
    const opened = await node!.openLog('orders', { stateMachine: new Texts() })
    await opened.status.waitFor(({ failure }) => failure !== undefined)
    expect(opened.status.value.failure?.message).toContain('opened without a state machine')
  })
})

describe('a subscription to a log that is compacted', () => {
  async function compacted(): Promise<ReplicatedLog> {
    const [node] = await openNodes({ ids: ['n1'] })
    await node!.bootstrap('orders', ['n1'])
    const log = await node!.openLog('orders', { stateMachine: new Texts() })
    await texts(log, 10)
    await log.compact({ trailingEntries: 4 })
    return log
  }

  it('throws where it was to begin with what is gone, and says where the log begins', async () => {
    const log = await compacted()
    for (const from of [undefined, { index: 5 }]) {
      const error = await rejectionOf(take(log, 1, from === undefined ? {} : { from }))
      expect(error).toMatchObject({ code: 'LOG_COMPACTED', requested: from?.index ?? 1, firstAvailable: 9 })
    }
    expect((await take(log, 1, { from: { index: 9 } }))[0]?.text()).toBe('text 6')
  })

  it('begins with the earliest that is there, also when the log is compacted before it is read', async () => {
    const log = await compacted()
    expect((await take(log, 4, { from: 'earliest' })).map((entry) => entry.text())).toEqual([
      'text 6',
      'text 7',
      'text 8',
      'text 9',
    ])
    const waiting = log.subscribe({ from: 'earliest' })
    await log.append('another')
    await log.compact({ trailingEntries: 0 })
    await log.append('the last')
    expect((await waiting.next()).value?.text()).toBe('the last')
  })

  it('throws when it falls behind a compaction in the middle: nothing is passed over in silence', async () => {
    const log = await compacted()
    const subscription = log.subscribe({ from: 'earliest' })
    expect((await subscription.next()).value?.text()).toBe('text 6')
    const large = 'x'.repeat(200_000)
    for (let count = 0; count < 5; count++) await log.append(large)
    await log.compact({ trailingEntries: 0 })
    const seen: string[] = []
    const error = await rejectionOf(
      (async () => {
        for await (const entry of subscription) seen.push(entry.text())
      })(),
    )
    expect(error).toMatchObject({ code: 'LOG_COMPACTED' })
    expect(seen.slice(0, 3)).toEqual(['text 7', 'text 8', 'text 9'])
  })

  it('from another process is told the same', async () => {
    const group = new Group()
    const servers = await group.born()
    const leader = await leaderOf(servers.map(({ log }) => log))
    await texts(leader, 10)
    await leader.compact({ trailingEntries: 2 })
    const remote = closeAfterTest(connectLog('orders', { network: group.network }))
    const begins = leader.status.value.logStartsAfter + 1
    expect(await rejectionOf(remote.read({ after: 0 }))).toMatchObject({
      code: 'LOG_COMPACTED',
      requested: 1,
      firstAvailable: begins,
    })
    expect((await remote.read({ after: begins - 1 })).entries.map((entry) => entry.text())).toEqual([
      'text 8',
      'text 9',
    ])
  })

  it('goes on over an installed snapshot as an error, and a read index still waits for what is applied', async () => {
    const group = new Group()
    const servers = await group.born()
    await servers[2]!.node.close()
    const present = servers.slice(0, 2)
    const leader = await leaderOf(present.map(({ log }) => log))
    await texts(leader, 20)
    for (const { log } of present) {
      await appliedEverywhere([log], { index: leader.status.value.lastIndex })
      await log.compact({ trailingEntries: 0 })
    }
    const [back] = await group.open('n3')
    back!.machine.applyMs = 20
    const fromTheStart = back!.log.subscribe()
    const { index } = await back!.log.readIndex()
    expect(back!.log.lastApplied).toBeGreaterThanOrEqual(index)
    expect(back!.machine.texts).toHaveLength(20)
    expect(await rejectionOf(fromTheStart.next())).toMatchObject({ code: 'LOG_COMPACTED', requested: 1 })
  })
})
