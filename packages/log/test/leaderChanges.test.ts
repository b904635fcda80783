import { connectLog, memoryStore, openNode, type NodeId, type QuorateNode, type ReplicatedLog } from '@quorate/log'
import { expect, it } from 'vitest'
import { appliedEverywhere, closeAfterTest, commandsSoFar, leaderOf, sleep } from './cluster.ts'
import { CuttableNetwork } from './cuttableNetwork.ts'
import { Ledger } from './ledger.ts'

const IDS: readonly NodeId[] = ['n1', 'n2', 'n3']

/** Three servers that are stopped, cut off and brought back under load, each on its own store. */
class RestlessCluster {
  readonly network = new CuttableNetwork()
  readonly #stores = new Map(IDS.map((id) => [id, memoryStore()]))
  readonly #running = new Map<NodeId, { node: QuorateNode; log: ReplicatedLog }>()

  async open(): Promise<void> {
    const nodes = await Promise.all(IDS.map((id) => this.#openNode(id)))
    await nodes[0]!.bootstrap('orders', IDS)
    await Promise.all(nodes.map((node) => this.#openLog(node)))
  }

  get logs(): ReplicatedLog[] {
    return [...this.#running.values()].map(({ log }) => log)
  }

  log(id: NodeId): ReplicatedLog | undefined {
    return this.#running.get(id)?.log
  }

  async stop(id: NodeId): Promise<void> {
    const { node } = this.#running.get(id)!
    this.#running.delete(id)
    await node.close()
  }

  async start(id: NodeId): Promise<void> {
    await this.#openLog(await this.#openNode(id))
  }

  async #openNode(id: NodeId): Promise<QuorateNode> {
    return closeAfterTest(await openNode({ id, network: this.network.for(id), store: this.#stores.get(id)! }))
  }

  async #openLog(node: QuorateNode): Promise<void> {
    this.#running.set(node.id, { node, log: await node.openLog('orders') })
  }
}

it('tells the truth of every append while leaders are stopped and cut off: once, at most once, or not at all', async () => {
  const cluster = new RestlessCluster()
  await cluster.open()
  await leaderOf(cluster.logs)
  const remote = closeAfterTest(connectLog('orders', { network: cluster.network.for('shop') }))
  const ledger = new Ledger()
  let isLoaded = true

  const load = [...IDS, 'shop'].map(async (from) => {
    for (let n = 0; isLoaded; n++) {
      const log = from === 'shop' ? remote : cluster.log(from)
      // Some give up in the middle; most wait as long as it takes.
      const options = n % 7 === 0 ? { timeoutMs: 50 } : n % 5 === 0 ? { signal: AbortSignal.timeout(300) } : {}
      if (log !== undefined) {
        const pair = [
          ledger.append(log, `${from} ${n} a`, options),
          ledger.append(log, `${from} ${n} b`, { timeoutMs: 3_000 }),
        ]
        // Cut off, an old leader must not be left with nothing new to lose.
        await Promise.race([Promise.all(pair), sleep(20)])
        pending.push(...pair)
      }
      await sleep(1)
    }
  })
  const pending: Promise<void>[] = []
  let overwritten = 0
  let stopped = 0
  for (let round = 0; round < 6; round++) {
    for (let blink = 0; blink < 4; blink++) {
      await sleep(25)
      cluster.network.cut('shop')
      await sleep(5)
      cluster.network.heal()
    }
    const old = await leaderOf(cluster.logs)
    const { id } = old.status.value
    if (round % 2 === 0) {
      await cluster.stop(id)
      stopped++
      await leaderOf(cluster.logs)
      await cluster.start(id)
    } else {
      cluster.network.cut(id)
      const others = cluster.logs.filter((log) => log !== old)
      const { term } = (await leaderOf(others)).status.value
      if (old.status.value.lastIndex > old.status.value.commitIndex) overwritten++
      cluster.network.heal()
      await old.status.waitFor((status) => status.term >= term)
    }
  }
  isLoaded = false
  await Promise.all(load)
  await Promise.all(pending)
  const leader = await leaderOf(cluster.logs)
  const last = await leader.append('last')
  await appliedEverywhere(cluster.logs, last)

  const [first, ...others] = await Promise.all(
    cluster.logs.map(async (log) =>
      (await commandsSoFar(log)).map((entry) => `${entry.index} ${entry.term} ${entry.text()}`),
    ),
  )
  for (const other of others) expect(other).toEqual(first)
  expect(ledger.faults(await commandsSoFar(leader))).toEqual([])
  // The test has tested something.
  expect(ledger.acknowledged.size).toBeGreaterThan(500)
  expect(ledger.unknown.size).toBeGreaterThan(10)
  expect([stopped, overwritten]).toEqual([3, 3])
}, 30_000)
