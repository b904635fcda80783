import {
  memoryNetwork,
  memoryStore,
  openNode,
  type Appended,
  type LogEntry,
  type Network,
  type NodeId,
  type QuorateNode,
  type RaftSettings,
  type ReplicatedLog,
  type Store,
  type SubscribeOptions,
} from '@quorate/log'
import { afterEach, expect } from 'vitest'

/** What ends after the test, last opened first. */
const toClose: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const opened of toClose.splice(0).reverse()) await opened.close()
})

export function closeAfterTest<T extends { close(): Promise<void> }>(opened: T): T {
  toClose.push(opened)
  return opened
}

export interface ClusterOptions {
  readonly ids?: readonly NodeId[]
  /** One for all, or each node's own view of one. */
  readonly network?: Network | ((id: NodeId) => Network)
  readonly store?: (id: NodeId) => Store
  readonly settings?: Partial<RaftSettings>
}

/** In a group of one nobody is waited for. */
export const ALONE = { heartbeatIntervalMs: 5, electionTimeoutMinMs: 10, electionTimeoutMaxMs: 20 }
/** Within one process nobody is far away. */
export const TOGETHER = { heartbeatIntervalMs: 30, electionTimeoutMinMs: 80, electionTimeoutMaxMs: 160 }

/** Nodes of this process, closed after the test. */
export async function openNodes({
  ids = ['n1', 'n2', 'n3'],
  network,
  store,
  settings = {},
}: ClusterOptions = {}): Promise<QuorateNode[]> {
  const shared = network ?? memoryNetwork()
  const quick = ids.length === 1 ? ALONE : TOGETHER
  return Promise.all(
    ids.map(async (id) =>
      closeAfterTest(
        await openNode({
          id,
          network: typeof shared === 'function' ? shared(id) : shared,
          store: store === undefined ? memoryStore() : store(id),
          settings: { ...quick, ...settings },
        }),
      ),
    ),
  )
}

export interface Cluster {
  readonly nodes: readonly QuorateNode[]
  readonly logs: readonly ReplicatedLog[]
  readonly leader: ReplicatedLog
  readonly followers: readonly ReplicatedLog[]
}

/** Nodes with one group, `orders`, that has a leader whom all of them know. */
export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const nodes = await openNodes(options)
  await nodes[0]!.bootstrap(
    'orders',
    nodes.map(({ id }) => id),
  )
  const logs = await Promise.all(nodes.map((node) => node.openLog('orders')))
  const leader = await leaderOf(logs)
  return { nodes, logs, leader, followers: logs.filter((log) => log !== leader) }
}

/** The log that leads, once all of them name it and have applied its no-op. */
export async function leaderOf(logs: readonly ReplicatedLog[], patienceMs = 10_000): Promise<ReplicatedLog> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const leader = logs.find(({ status }) => status.value.role === 'leader')
    const { term, id } = leader?.status.value ?? {}
    const isSettled = logs.every(
      ({ status: { value } }) => value.term === term && value.leaderId === id && value.lastApplied >= 2,
    )
    if (leader !== undefined && isSettled) return leader
    if (performance.now() > deadlineMs) {
      throw new Error(`no leader: ${JSON.stringify(logs.map(({ status }) => status.value))}`)
    }
    await sleep(5)
  }
}

/** The first `count` entries that a subscription delivers. */
export async function take(log: ReplicatedLog, count: number, options: SubscribeOptions = {}): Promise<LogEntry[]> {
  const taken: LogEntry[] = []
  if (count === 0) return taken
  for await (const entry of log.subscribe(options)) {
    taken.push(entry)
    if (taken.length === count) break
  }
  return taken
}

/** As `take`, in the form that tests compare: where each text stands. */
export async function placesOf(log: ReplicatedLog, count: number): Promise<[number, string][]> {
  return (await take(log, count)).map((entry) => [entry.index, entry.text()])
}

/** Every command up to what `log` has applied by now. */
export async function commandsSoFar(log: ReplicatedLog): Promise<LogEntry[]> {
  const { lastApplied } = log
  const entries = await take(log, lastApplied, { all: true })
  return entries.filter(({ kind }) => kind === 'command')
}

/** Resolves when every log has applied what stands at `appended`. */
export async function appliedEverywhere(
  logs: readonly ReplicatedLog[],
  { index }: Pick<Appended, 'index'>,
): Promise<void> {
  await Promise.all(logs.map(({ status }) => status.waitFor(({ lastApplied }) => lastApplied >= index)))
}

/** What a promise was rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
