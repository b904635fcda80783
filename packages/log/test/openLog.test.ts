import {
  AlreadyBootstrappedError,
  BootstrapIncompleteError,
  LogClosedError,
  memoryNetwork,
  memoryStore,
  NotBootstrappedError,
  openLog,
  openNode,
  ServerStoppedError,
  StoreReplacedError,
  WrongGroupError,
  type NodeOptions,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import {
  ALONE,
  appliedEverywhere,
  closeAfterTest,
  leaderOf,
  openCluster,
  openNodes,
  placesOf,
  rejectionOf,
  sleep,
  TOGETHER,
} from './cluster.ts'
import { areGone } from './garbage.ts'
import { storeAround } from './storeAround.ts'

describe('bootstrap', () => {
  it('answers the UUID by which all servers know the group', async () => {
    const nodes = await openNodes()

    const groupUuid = await nodes[1]!.bootstrap('orders', ['n1', 'n2', 'n3'])

    expect(groupUuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const logs = await Promise.all(nodes.map((node) => node.openLog('orders')))
    expect(logs.map(({ status }) => status.value.groupUuid)).toEqual([groupUuid, groupUuid, groupUuid])
  })

  it('is refused the second time, on whichever node and for whichever servers', async () => {
    const { nodes, leader, logs } = await openCluster()
    const { groupUuid } = leader.status.value
    await leader.append('a')

    for (const node of nodes) {
      for (const ids of [['n1', 'n2', 'n3'], [node.id]]) {
        const error = await rejectionOf(node.bootstrap('orders', ids))
        expect(error).toBeInstanceOf(AlreadyBootstrappedError)
        expect(error).toMatchObject({ code: 'ALREADY_BOOTSTRAPPED', group: 'orders', groupUuid, node: node.id })
      }
    }
    const { index } = await leader.append('b')
    await appliedEverywhere(logs, { index })
    for (const log of logs) expect((await placesOf(log, 2)).map(([, text]) => text)).toEqual(['a', 'b'])
  })

  it('that misses a node says which, and has written nothing', async () => {
    const stores = new Map(['n1', 'n2'].map((id) => [id, memoryStore()]))
    const nodes = await openNodes({ ids: ['n1', 'n2'], store: (id) => stores.get(id)! })

    const error = await rejectionOf(nodes[0]!.bootstrap('orders', ['n1', 'n2', 'n3'], { timeoutMs: 250 }))

    expect(error).toBeInstanceOf(BootstrapIncompleteError)
    expect(error).toMatchObject({ code: 'BOOTSTRAP_INCOMPLETE', missing: ['n3'] })
    expect((error as Error).message).toContain('Nothing was written')
    for (const store of stores.values()) expect(store.recover('orders')).toBeUndefined()
  })

  it('waits for a node that comes late', async () => {
    const network = memoryNetwork()
    const [n1] = await openNodes({ ids: ['n1'], network })
    const birth = n1!.bootstrap('orders', ['n1', 'n2'])
    await sleep(150)

    const [n2] = await openNodes({ ids: ['n2'], network })
    await birth

    await leaderOf(await Promise.all([n1!, n2!].map((node) => node.openLog('orders'))))
  })

  it('refuses what cannot be meant', async () => {
    const [n1] = await openNodes({ ids: ['n1'] })

    expect(await rejectionOf(n1!.bootstrap('orders', ['n2', 'n3']))).toBeInstanceOf(RangeError)
    expect(await rejectionOf(n1!.bootstrap('orders', []))).toBeInstanceOf(RangeError)
    expect(await rejectionOf(n1!.bootstrap('orders', ['n1', 'n1']))).toBeInstanceOf(RangeError)
    expect(await rejectionOf(n1!.bootstrap('no.name', ['n1']))).toBeInstanceOf(TypeError)
    expect(await rejectionOf(n1!.bootstrap('orders', ['n1', 'no name']))).toBeInstanceOf(TypeError)
  })
})

describe('node.openLog', () => {
  it('of a group that was never born ends within its timeout, and can be tried again', async () => {
    const [n1] = await openNodes({ ids: ['n1'] })
    const start = performance.now()

    const error = await rejectionOf(n1!.openLog('orders', { joinTimeoutMs: 200 }))

    expect(performance.now() - start).toBeLessThan(700)
    expect(error).toBeInstanceOf(NotBootstrappedError)
    expect(error).toMatchObject({ code: 'NOT_BOOTSTRAPPED', group: 'orders' })
    await n1!.bootstrap('orders', ['n1'])
    const log = await n1!.openLog('orders', { joinTimeoutMs: 200 })
    expect(await log.append('a')).toMatchObject({ index: 3 })
  })

  it('before the birth waits for it', async () => {
    const nodes = await openNodes()
    const opening = nodes.map((node) => node.openLog('orders'))
    await sleep(50)

    await nodes[2]!.bootstrap('orders', ['n1', 'n2', 'n3'])

    await leaderOf(await Promise.all(opening))
  })

  it('again after close goes on with what the store holds', async () => {
    const { nodes, logs, leader, followers } = await openCluster()
    const node = nodes[logs.indexOf(followers[0]!)]!
    await leader.append('a')
    await followers[0]!.close()
    await leader.append('b')

    const reopened = await node.openLog('orders')
    const { index } = await reopened.append('c')

    await appliedEverywhere([reopened], { index })
    expect((await placesOf(reopened, 3)).map(([, text]) => text)).toEqual(['a', 'b', 'c'])
  })

  it('holds no log that was closed', async () => {
    const { nodes, leader } = await openCluster({ ids: ['n1'] })
    await leader.close()
    const closed: WeakRef<object>[] = []
    for (let n = 0; n < 3; n++) {
      // In a call of its own: what a function has awaited it may go on holding.
      const open = async (): Promise<WeakRef<object>> => {
        const log = await nodes[0]!.openLog('orders')
        await log.append(`${n}`)
        await log.close()
        return new WeakRef(log)
      }
      closed.push(await open())
    }

    expect(await areGone(closed)).toBe(true)
  })

  it('again after close is safe from the log that was closed', async () => {
    const { nodes, leader: closed } = await openCluster({ ids: ['n1'] })
    await closed.close()
    const reopened = await nodes[0]!.openLog('orders')

    closed.end()
    await closed.close()

    await reopened.append('a')
    expect(reopened.ended).toBeUndefined()
  })

  it('is refused while the group is open already, and leaves the open one alone', async () => {
    const { nodes, leader } = await openCluster()

    for (const node of nodes) {
      expect(((await rejectionOf(node.openLog('orders'))) as Error).message).toContain('open on node')
    }
    await leader.append('a')
  })

  it('refuses a bad name, and a node that is closed', async () => {
    const [n1] = await openNodes({ ids: ['n1'] })
    for (const name of ['', '_', 'a.b', 'a b', 'x'.repeat(65), 'ü']) {
      expect(await rejectionOf(n1!.openLog(name))).toBeInstanceOf(TypeError)
    }

    await n1!.close()

    expect(await rejectionOf(n1!.openLog('orders'))).toBeInstanceOf(LogClosedError)
  })

  it('ends with the node, when that is closed in the meantime', async () => {
    const [n1] = await openNodes({ ids: ['n1'] })
    const opening = rejectionOf(n1!.openLog('orders'))
    await sleep(20)

    await n1!.close()

    expect(await opening).toBeInstanceOf(LogClosedError)
  })

  it('says of a store that was wiped that it is another, however often it is asked', async () => {
    const network = memoryNetwork()
    const { nodes, logs, leader, followers } = await openCluster({ network })
    const lost = nodes[logs.indexOf(followers[0]!)]!
    await lost.close()

    const wiped = closeAfterTest(await openNode({ id: lost.id, network, store: memoryStore() }))

    for (const attempt of [1, 2]) {
      const error = await rejectionOf(wiped.openLog('orders'))
      expect(error, `attempt ${attempt}`).toBeInstanceOf(StoreReplacedError)
      expect(error).toMatchObject({ code: 'STORE_REPLACED', server: lost.id })
    }
    expect(await leader.append('the others go on')).toMatchObject({ index: 3 })
  })

  it('lets three processes that all give birth to the group at once end up in the same one', async () => {
    const network = memoryNetwork()
    const ids = ['a', 'b', 'c']
    const open = (id: string) => openLog('orders', { id, network, store: memoryStore(), bootstrap: ids })
    const logs = await Promise.all(ids.map(open))
    for (const log of logs) closeAfterTest(log)

    expect(new Set(logs.map(({ status }) => status.value.groupUuid)).size).toBe(1)
    for (const [place, log] of logs.entries()) expect(await log.append(`${place}`)).toMatchObject({ index: place + 3 })
  })

  it('says of a store of another group of the same name that it is the wrong one', async () => {
    const network = memoryNetwork()
    const { nodes, logs, leader, followers } = await openCluster({ network })
    const away = nodes[logs.indexOf(followers[0]!)]!
    await away.close()
    const store = memoryStore()
    // Alone of its other group: it stands for election there for ever.
    const other = memoryNetwork()
    const rest = ['x', 'y'].map((id) => openNode({ id, network: other, store: memoryStore() }))
    const first = await openNode({ id: away.id, network: other, store })
    await first.bootstrap('orders', [away.id, 'x', 'y'])
    for (const elsewhere of [first, ...(await Promise.all(rest))]) await elsewhere.close()

    const node = closeAfterTest(await openNode({ id: away.id, network, store, settings: TOGETHER }))
    const log = await node.openLog('orders')
    await log.status.waitFor(({ failure }) => failure !== undefined)

    expect(log.ended).toBeInstanceOf(WrongGroupError)
    const error = await rejectionOf(log.append('a'))
    expect(error).toBeInstanceOf(ServerStoppedError)
    expect((error as Error).cause).toBe(log.ended)
    const reading = log.subscribe({ from: 'latest' })
    expect(await rejectionOf(reading.next())).toBe(log.ended)
    expect(await leader.append('the others go on')).toMatchObject({ index: 3 })
  })
})

describe('openNode', () => {
  const ports = (): Pick<NodeOptions, 'network' | 'store'> => ({ network: memoryNetwork(), store: memoryStore() })

  it.each([
    [{ heartbeatIntervalMs: 0 }, 'heartbeatIntervalMs is 0'],
    [{ heartbeatIntervalMs: NaN }, 'heartbeatIntervalMs is NaN'],
    [{ cacheBytes: -1 }, 'cacheBytes is -1'],
    [{ maxBatchBytes: '1' as unknown as number }, 'maxBatchBytes is 1'],
    [{ heartbeatIntervalMs: 200 }, 'electionTimeoutMinMs is 150 and heartbeatIntervalMs is 200'],
    [{ electionTimeoutMinMs: 300 }, 'electionTimeoutMaxMs is 300 and electionTimeoutMinMs is 300'],
    [{ backtracking: 'none' as 'term' }, 'backtracking is none'],
    [{ electionTimeoutMs: 100 } as object, 'electionTimeoutMs is not a setting'],
  ])('refuses the settings %j by a RangeError that names them', async (settings, told) => {
    const error = await rejectionOf(openNode({ id: 'n1', ...ports(), settings }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toContain(told)
  })

  it.each(['', '_', 'n.1', 'n 1', '*', 'x'.repeat(65)])('refuses the id %j', async (id) => {
    const error = await rejectionOf(openNode({ id, ...ports() }))

    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain(`node id ${JSON.stringify(id)}`)
  })

  it('closes once, however often it is told to, with all its logs', async () => {
    const { nodes, logs } = await openCluster()

    await Promise.all([nodes[0]!.close(), nodes[0]!.close(), nodes[0]![Symbol.asyncDispose]()])
    await nodes[0]!.close()

    expect(logs[0]!.ended).toBeNull()
    expect(await rejectionOf(logs[0]!.append('a'))).toBeInstanceOf(LogClosedError)
  })
})

describe('openLog', () => {
  it('opens a node for one group, and closes it with the log', async () => {
    const network = memoryNetwork()
    const store = memoryStore()
    const log = await openLog('orders', { id: 'n1', network, store, bootstrap: ['n1'], settings: ALONE })
    await log.append('a')
    await log.close()

    // The network takes nobody twice under one name, so the first is gone.
    const again = closeAfterTest(await openLog('orders', { id: 'n1', network, store, settings: ALONE }))
    await again.append('b')

    expect((await placesOf(again, 2)).map(([, text]) => text)).toEqual(['a', 'b'])
  })

  it('that fails leaves nothing open', async () => {
    const network = memoryNetwork()
    const store = memoryStore()

    const unborn = await rejectionOf(openLog('orders', { id: 'n1', network, store, joinTimeoutMs: 100 }))
    expect(unborn).toBeInstanceOf(NotBootstrappedError)
    const log = await openLog('orders', { id: 'n1', network, store, bootstrap: ['n1'], settings: ALONE })
    await log.append('a')
    await log.close()
    const twice = await rejectionOf(openLog('orders', { id: 'n1', network, store, bootstrap: ['n1'], settings: ALONE }))
    expect(twice).toBeInstanceOf(AlreadyBootstrappedError)

    closeAfterTest(await openLog('orders', { id: 'n1', network, store, settings: ALONE }))
  })

  it('that fails says why, also when the store then fails to close', async () => {
    const inner = memoryStore()
    const store = storeAround(inner, { close: (done) => inner.close(() => done({ error: new Error('EIO: close') })) })

    const error = await rejectionOf(openLog('orders', { id: 'n1', network: memoryNetwork(), store, joinTimeoutMs: 20 }))

    expect(error).toBeInstanceOf(NotBootstrappedError)
  })

  it('is ended by await using', async () => {
    const store = memoryStore()
    const network = memoryNetwork()
    let kept
    {
      await using log = await openLog('orders', { id: 'n1', network, store, bootstrap: ['n1'], settings: ALONE })
      await using subscription = log.subscribe()
      await log.append('a')
      expect(await subscription.next()).toMatchObject({ done: false })
      kept = { log, subscription }
    }
    expect(kept.log.ended).toBeNull()
    expect(await kept.subscription.next()).toEqual({ done: true, value: undefined })
  })
})
