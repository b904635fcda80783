import {
  AppendOutcomeUnknownError,
  connectLog,
  EntryTooLargeError,
  IdempotencyKeyReusedError,
  memoryNetwork,
  memoryStore,
  openNode,
  type Appended,
  type NodeId,
  type QuorateNode,
  type ReplicatedLog,
} from '@quorate/log'
import { expect, it } from 'vitest'
import {
  appliedEverywhere,
  closeAfterTest,
  commandsSoFar,
  leaderOf,
  openCluster,
  rejectionOf,
  sleep,
} from './cluster.ts'
import { CuttableNetwork } from './cuttableNetwork.ts'
import { smallMessages } from './smallMessages.ts'

it('the same key gets the same answer, whoever appends, and stands in the log once', async () => {
  const network = memoryNetwork()
  const { leader, followers, logs } = await openCluster({ network })
  const remote = closeAfterTest(connectLog('orders', { network }))
  const first = await leader.append('pay 17', { idempotencyKey: 'payment 17' })
  for (const log of [leader, ...followers, remote]) {
    expect(await log.append('pay 17', { idempotencyKey: 'payment 17' })).toEqual(first)
  }
  await appliedEverywhere(logs, first)
  const commands = await commandsSoFar(followers[0]!)
  expect(commands.map((entry) => [entry.index, entry.text(), entry.idempotencyKey])).toEqual([
    [first.index, 'pay 17', 'payment 17'],
  ])
})

it('several values get a key each, by their places', async () => {
  const { leader, followers } = await openCluster()
  const places = await leader.append(['a', 'b'], { idempotencyKey: 'k' })
  expect(await followers[0]!.append(['a', 'b', 'c'], { idempotencyKey: 'k' })).toEqual([
    ...places,
    { index: places[1]!.index + 1, term: places[1]!.term },
  ])
  expect(await leader.append('b', { idempotencyKey: 'k/1' })).toEqual(places[1])
  expect((await commandsSoFar(leader)).map((entry) => entry.idempotencyKey)).toEqual(['k/0', 'k/1', 'k/2'])
})

it('a key of another command is refused, and nothing is appended', async () => {
  const { leader, followers } = await openCluster()
  await leader.append('a', { idempotencyKey: 'k' })
  for (const log of [leader, followers[0]!]) {
    const error = await rejectionOf(log.append('b', { idempotencyKey: 'k' }))
    expect(error).toBeInstanceOf(IdempotencyKeyReusedError)
    expect(error).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', group: 'orders', key: 'k' })
  }
  expect(await commandsSoFar(leader)).toHaveLength(1)
})

it.each([
  [{ idempotencyKey: '' }, TypeError, 'idempotencyKey is ""; it must be a text that is not empty'],
  [{ idempotencyKey: 7 as never }, TypeError, 'idempotencyKey is 7'],
  [{ idempotencyKey: 'k'.repeat(129) }, RangeError, 'has 129 UTF-16 units'],
  [{ exactlyOnce: 'yes' as never }, TypeError, 'exactlyOnce is "yes"; it must be true or false'],
  [{ idempotencyKey: 'k', retainKeyMs: 0.5 }, RangeError, 'retainKeyMs'],
  [{ retainKeyMs: 5 }, TypeError, 'retainKeyMs is given without an idempotencyKey'],
])('options that cannot be meant are refused, with name and value: %j', async (options, kind, message) => {
  const { leader } = await openCluster({ ids: ['n1'] })
  const error = await rejectionOf(leader.append('a', options))
  expect(error).toBeInstanceOf(kind)
  expect(String(error)).toContain(message)
})

it('a key counts for the size of its command', async () => {
  const { leader } = await openCluster({ ids: ['n1'], network: smallMessages(1_000) })
  const largest = new Uint8Array(900)
  await leader.append(largest)
  expect(await rejectionOf(leader.append(largest, { idempotencyKey: 'k'.repeat(40) }))).toBeInstanceOf(
    EntryTooLargeError,
  )
})

it('what has no answer until the deadline is of unknown outcome, and the same key settles it later', async () => {
  const network = new CuttableNetwork()
  const { leader, logs } = await openCluster({ network: (id) => network.for(id) })
  const others = logs.filter((log) => log !== leader)
  network.cut(...others.map((log) => log.status.value.id))
  const error = await rejectionOf(leader.append('a', { idempotencyKey: 'k', timeoutMs: 50 }))
  expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
  network.heal()
  await leaderOf(logs)
  const settled = await logs[0]!.append('a', { idempotencyKey: 'k' })
  await appliedEverywhere(logs, settled)
  expect((await commandsSoFar(logs[1]!)).map((entry) => entry.index)).toEqual([settled.index])
})

it('who knew long ago what was committed is not refused for ever', async () => {
  const network = memoryNetwork()
  const { leader } = await openCluster({ ids: ['n1'], network })
  const remote = closeAfterTest(connectLog('orders', { network }))
  await remote.append('a', { idempotencyKey: 'short', retainKeyMs: 1 })
  await sleep(20)
  await leader.append('time passes')
  const late = await remote.append('b', { idempotencyKey: 'another' })
  expect(late.index).toBe(leader.lastApplied)
})

/** Three servers whose leader is stopped, or cut off, again and again. */
class RestlessGroup {
  readonly network = new CuttableNetwork()
  readonly ids: readonly NodeId[] = ['n1', 'n2', 'n3']
  readonly running = new Map<NodeId, ReplicatedLog>()
  readonly #nodes = new Map<NodeId, QuorateNode>()
  readonly #stores = new Map(this.ids.map((id) => [id, memoryStore()]))

  async open(): Promise<void> {
    const nodes = await Promise.all(this.ids.map((id) => this.#openNode(id)))
    await nodes[0]!.bootstrap('orders', this.ids)
    await Promise.all(nodes.map(async (node) => this.running.set(node.id, await node.openLog('orders'))))
  }

  async disturb(isStopped: boolean): Promise<void> {
    const leader = await leaderOf([...this.running.values()])
    const { id } = leader.status.value
    if (isStopped) {
      this.running.delete(id)
      await this.#nodes.get(id)!.close()
      await sleep(150)
      this.running.set(id, await (await this.#openNode(id)).openLog('orders'))
      return
    }
    this.network.cut(id)
    await sleep(250)
    this.network.heal()
  }

  async #openNode(id: NodeId): Promise<QuorateNode> {
    const settings = { heartbeatIntervalMs: 20, electionTimeoutMinMs: 60, electionTimeoutMaxMs: 120 }
    const node = await openNode({ id, network: this.network.for(id), store: this.#stores.get(id)!, settings })
    this.#nodes.set(id, closeAfterTest(node))
    return node
  }
}

it('under leaders that come and go, every append that is to happen once has happened once', async () => {
  const group = new RestlessGroup()
  await group.open()
  const remote = closeAfterTest(connectLog('orders', { network: group.network.for('shop') }))
  const told = new Map<string, Appended>()
  let isLoaded = true
  const load = [...group.ids, 'shop'].map(async (from) => {
    for (let n = 0; isLoaded; n++) {
      const text = `${from} ${n}`
      for (let isOpen = true; isOpen;) {
        const log = from === 'shop' ? remote : group.running.get(from)
        const options = from === 'shop' && n % 2 === 0 ? { exactlyOnce: true } : { idempotencyKey: text }
        try {
          if (log !== undefined) {
            told.set(text, await log.append(text, { ...options, timeoutMs: 'exactlyOnce' in options ? 10_000 : 400 }))
            isOpen = false
          }
        } catch {
          // Whatever became of it: the same key settles it.
        }
        await sleep(1)
      }
    }
  })
  for (let round = 0; round < 6; round++) await group.disturb(round % 2 === 0)
  isLoaded = false
  await Promise.all(load)
  const logs = [...group.running.values()]
  const last = await (await leaderOf(logs)).append('the end')
  await appliedEverywhere(logs, last)
  const commands = await commandsSoFar(logs[0]!)
  const stands = commands.map((entry): [string, number] => [entry.text(), entry.index])
  expect(new Map(stands).size).toBe(stands.length)
  const expected = [...told].map(([text, { index }]): [string, number] => [text, index])
  expect(new Map(stands.filter(([text]) => text !== 'the end'))).toEqual(new Map(expected))
  expect(told.size).toBeGreaterThan(50)
})
