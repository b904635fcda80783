import { getEventListeners } from 'node:events'
import {
  memoryNetwork,
  memoryStore,
  type LogEntry,
  type ReplicatedLog,
  type Store,
  type SubscribeOptions,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { appliedEverywhere, openCluster, openNodes, rejectionOf, sleep, take } from './cluster.ts'
import { storeAround } from './storeAround.ts'

const texts = (entries: readonly LogEntry[]): string[] => entries.map((entry) => entry.text())

/** Of a node that finds its group at work: it stands for no election before it has heard the leader. */
const PATIENT = { heartbeatIntervalMs: 30, electionTimeoutMinMs: 1_000, electionTimeoutMaxMs: 2_000 }

async function oneNode(): Promise<ReplicatedLog> {
  return (await openCluster({ ids: ['n1'] })).leader
}

describe('where a subscription begins', () => {
  it('is the first entry, unless said otherwise', async () => {
    const log = await oneNode()
    await log.append(['a', 'b', 'c'])

    expect(texts(await take(log, 3))).toEqual(['a', 'b', 'c'])
    expect(texts(await take(log, 3, { from: 'earliest' }))).toEqual(['a', 'b', 'c'])
  })

  it('is an index, whatever stands there', async () => {
    const log = await oneNode()
    const places = await log.append(['a', 'b', 'c'])

    expect(texts(await take(log, 2, { from: { index: places[1]!.index } }))).toEqual(['b', 'c'])
    // A no-op stands there.
    expect(texts(await take(log, 3, { from: { index: 2 } }))).toEqual(['a', 'b', 'c'])
    // Nothing stands there yet.
    const next = take(log, 1, { from: { index: places[2]!.index + 2 } })
    await log.append(['d', 'e'])
    expect(texts(await next)).toEqual(['e'])
  })

  it('is what comes next, from the moment of the call', async () => {
    const log = await oneNode()
    await log.append(['a', 'b'])

    const subscription = log.subscribe({ from: 'latest' })
    await log.append('c')

    expect(await subscription.next()).toMatchObject({ done: false, value: { index: 5 } })
  })

  it('is what comes next also when the caller has not asked for it yet', async () => {
    const log = await oneNode()
    const subscription = log.subscribe({ from: 'latest' })

    for (const text of ['a', 'b', 'c']) await log.append(text)

    const seen = [await subscription.next(), await subscription.next(), await subscription.next()]
    expect(seen.map(({ value }) => value?.text())).toEqual(['a', 'b', 'c'])
  })

  it('is what comes next after a restart too, not all that the store holds', async () => {
    const network = memoryNetwork()
    const store = memoryStore()
    const { leader, nodes } = await openCluster({ ids: ['n1'], network, store: () => store })
    await leader.append(['a', 'b', 'c'])
    await nodes[0]!.close()
    const [restarted] = await openNodes({ ids: ['n1'], network, store: () => store })

    const log = await restarted!.openLog('orders')
    expect(log.lastApplied).toBe(0)
    const asked = log.subscribe({ from: 'latest' })
    const first = asked.next()
    const untouched = log.subscribe({ from: 'latest' })
    await log.append('d')
    await log.append('e')

    expect((await first).value?.text()).toBe('d')
    expect((await asked.next()).value?.text()).toBe('e')
    expect((await untouched.next()).value?.text()).toBe('d')
  })

  it('is what comes next after the restart of a follower, under the leader that went on', async () => {
    const network = memoryNetwork()
    const stores = new Map(['n1', 'n2', 'n3'].map((id) => [id, memoryStore()]))
    const store = (id: string): Store => stores.get(id)!
    const { leader, followers, logs, nodes } = await openCluster({ network, store })
    const places = await leader.append(['a', 'b', 'c'])
    await appliedEverywhere(logs, places.at(-1)!)
    const { id } = followers[0]!.status.value
    await nodes.find((node) => node.id === id)!.close()

    const [restarted] = await openNodes({ ids: [id], network, store, settings: PATIENT })
    const log = await restarted!.openLog('orders')
    const subscription = log.subscribe({ from: 'latest' })
    const next = subscription.next()
    await log.status.waitFor(({ lastApplied }) => lastApplied >= places.at(-1)!.index)
    await leader.append('d')

    expect((await next).value?.text()).toBe('d')
  })

  it('misses nothing that is appended while a new leader does not know yet what is committed', async () => {
    const network = memoryNetwork()
    const inner = memoryStore()
    const { leader, nodes } = await openCluster({ ids: ['n1'], network, store: () => inner })
    await leader.append('a')
    await nodes[0]!.close()
    let held: (() => void)[] | undefined
    const store = storeAround(inner, {
      write: (batch, done) =>
        inner.write(batch, (failure) => (held === undefined ? done(failure) : held.push(() => done(failure)))),
    })
    const [restarted] = await openNodes({ ids: ['n1'], network, store: () => store })
    const log = await restarted!.openLog('orders')
    const unsubscribe = log.status.subscribe(({ role }) => {
      // The first entry of its term is not durable before the next ones are.
      if (role === 'leader') held ??= []
    })
    await log.status.waitFor(({ role }) => role === 'leader')
    unsubscribe()

    const next = log.subscribe({ from: 'latest' }).next()
    const appending = log.append('b')
    await sleep(20)
    expect(log.lastApplied).toBe(0)
    const writes = held ?? []
    held = undefined
    for (const done of writes) done()

    await appending
    expect((await next).value?.text()).toBe('b')
  })

  it('is nowhere when the log ends before it is known', async () => {
    const network = memoryNetwork()
    const store = memoryStore()
    const { leader, nodes } = await openCluster({ ids: ['n1'], network, store: () => store })
    await leader.append('a')
    await nodes[0]!.close()
    const [restarted] = await openNodes({ ids: ['n1'], network, store: () => store })
    const log = await restarted!.openLog('orders')
    const asked = log.subscribe({ from: 'latest' })
    const next = asked.next()
    const untouched = log.subscribe({ from: 'latest' })

    await log.close()

    expect(await next).toEqual({ done: true, value: undefined })
    expect(await untouched.next()).toEqual({ done: true, value: undefined })
  })

  it('cannot be anything else', async () => {
    const log = await oneNode()
    const faults = [{ index: 0 }, { index: -1 }, { index: 1.5 }, { index: NaN }, { index: '3' }, {}, null, 'first', 3]

    for (const from of faults) {
      const subscribing = (): unknown => log.subscribe({ from } as SubscribeOptions)
      expect(subscribing).toThrow(RangeError)
      expect(subscribing).toThrow(`from is ${JSON.stringify(from)}`)
    }
  })
})

describe('a subscription', () => {
  it('delivers what was appended, and what Raft itself wrote only when asked to', async () => {
    const { leader, followers } = await openCluster()
    const { index, term } = await leader.append('a')
    await appliedEverywhere(followers, { index })

    for (const log of [leader, ...followers]) {
      const all = await take(log, 3, { all: true })
      expect(all.map(({ index: at, kind }) => [at, kind])).toEqual([
        [1, 'configuration'],
        [2, 'no-op'],
        [3, 'command'],
      ])
      expect(all[0]).toMatchObject({ term: 1, subject: undefined, data: new Uint8Array(0) })
      expect(all[2]!.term).toBe(term)
      expect((await take(log, 1)).map(({ index: at }) => at)).toEqual([3])
    }
  })

  it('delivers on all servers the same, while others append', async () => {
    const { logs } = await openCluster()
    const reading = logs.flatMap((log) => [take(log, 600), take(log, 600), take(log, 600, { all: false })])

    await Promise.all(logs.map((log, n) => appendOneByOne(log, `${n}`, 200)))

    const [first, ...others] = (await Promise.all(reading)).map((entries) =>
      entries.map((entry) => `${entry.index} ${entry.term} ${entry.time} ${entry.text()}`),
    )
    expect(new Set(first).size).toBe(600)
    for (const other of others) expect(other).toEqual(first)
  })

  it('is told of an entry as soon as it is applied, however long it has waited', async () => {
    const { leader, followers } = await openCluster()
    const subscription = followers[0]!.subscribe()
    const next = subscription.next()
    await sleep(150)
    const start = performance.now()

    await leader.append('a')

    expect(((await next).value as LogEntry).text()).toBe('a')
    // Not with the next heartbeat: the commit index is told at once.
    expect(performance.now() - start).toBeLessThan(250)
  })

  it('answers calls of next in their order, though nobody waited for the answers', async () => {
    const log = await oneNode()
    const subscription = log.subscribe()
    const early = Array.from({ length: 500 }, () => subscription.next())
    await log.append(Array.from({ length: 700 }, (_, n) => `${n}`))
    const late = Array.from({ length: 300 }, () => subscription.next())

    const results = await Promise.all([...early, ...late].slice(0, 700))

    expect(results.map(({ value }) => (value as LogEntry).text())).toEqual(
      Array.from({ length: 700 }, (_, n) => `${n}`),
    )
    await subscription.return()
    const rest = await Promise.all(late.slice(200))
    expect(rest).toEqual(rest.map(() => ({ done: true, value: undefined })))
  })

  it('is released by break, and by return, for good', async () => {
    const log = await oneNode()
    await log.append(['a', 'b', 'c'])
    const subscription = log.subscribe()

    for await (const entry of subscription) if (entry.text() === 'b') break

    expect(await subscription.next()).toEqual({ done: true, value: undefined })
    const waiting = log.subscribe({ from: 'latest' })
    const next = waiting.next()
    expect(await waiting.return()).toEqual({ done: true, value: undefined })
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('throws the reason of its signal once, at once, even with entries at hand', async () => {
    const log = await oneNode()
    await log.append(['a', 'b', 'c'])
    const reason = new Error('enough')
    const controller = new AbortController()
    const { signal } = controller
    const seen: string[] = []

    const reading = (async () => {
      for await (const entry of log.subscribe({ signal })) {
        seen.push(entry.text())
        if (seen.length === 2) controller.abort(reason)
      }
    })()

    expect(await rejectionOf(reading)).toBe(reason)
    expect(seen).toEqual(['a', 'b'])
    const aborted = log.subscribe({ signal })
    expect(await rejectionOf(aborted.next())).toBe(reason)
    expect(await aborted.next()).toEqual({ done: true, value: undefined })
  })

  it('shares its signal with any number of others, by one listener', async () => {
    const log = await oneNode()
    const { signal } = new AbortController()

    const subscriptions = Array.from({ length: 20 }, () => log.subscribe({ signal }))
    const waiting = Array.from({ length: 20 }, () =>
      log.status.waitFor(({ lastApplied }) => lastApplied === 3, { signal }),
    )

    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await log.append('a')
    await Promise.all(waiting)
    for (const subscription of subscriptions) await subscription.return()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('throws the reason of its signal while it waits', async () => {
    const log = await oneNode()
    const controller = new AbortController()
    const subscription = log.subscribe({ signal: controller.signal })
    const first = subscription.next()
    const second = subscription.next()
    await sleep(20)

    controller.abort(new Error('enough'))

    expect(await rejectionOf(first)).toEqual(new Error('enough'))
    expect(await second).toEqual({ done: true, value: undefined })
  })

  it('ends with its log, after what was committed', async () => {
    const { leader, followers } = await openCluster()
    const { index } = await leader.append(['a', 'b']).then((places) => places[1]!)
    await appliedEverywhere(followers, { index })
    const [follower] = followers
    const idle = follower!.subscribe({ from: 'latest' }).next()
    const untouched = follower!.subscribe()
    const behind = follower!.subscribe()
    expect(((await behind.next()).value as LogEntry).text()).toBe('a')

    await follower!.close()

    expect(await idle).toEqual({ done: true, value: undefined })
    expect(((await behind.next()).value as LogEntry).text()).toBe('b')
    expect(await behind.next()).toEqual({ done: true, value: undefined })
    expect([(await untouched.next()).value, (await untouched.next()).value]).toMatchObject([{ index: 3 }, { index: 4 }])
    expect(await untouched.next()).toEqual({ done: true, value: undefined })
    expect(await follower!.subscribe({ from: 'latest' }).next()).toEqual({ done: true, value: undefined })
  })

  it('that is slow holds up nobody and misses nothing, though memory has long let go of what it reads', async () => {
    const cacheBytes = 4_096
    const { leader, followers, logs } = await openCluster({ settings: { cacheBytes } })
    const slow = followers[0]!.subscribe()
    const first = await Promise.all([slow.next(), leader.append('0')])
    expect((first[0].value as LogEntry).text()).toBe('0')
    const bodies = Array.from({ length: 1_500 }, (_, n) => `${n + 1} `.padEnd(400, '.'))
    const fast = take(followers[0]!, 1_501)

    for (let at = 0; at < bodies.length; at += 100) await leader.append(bodies.slice(at, at + 100))
    await fast
    await appliedEverywhere(logs, { index: leader.lastApplied })

    // 600 KB were appended meanwhile, through a cache of 4: these come from the store.
    const seen: string[] = []
    for await (const entry of slow) {
      seen.push(entry.text())
      if (seen.length % 100 === 0) await sleep(1)
      if (seen.length === bodies.length) break
    }
    expect(seen).toEqual(bodies)
  })
})

async function appendOneByOne(log: ReplicatedLog, name: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await log.append(`${name} ${n}`)
}
