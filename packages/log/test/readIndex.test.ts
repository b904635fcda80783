import { LogClosedError, NotCaughtUpError, NotLeaderError, type ReplicatedLog } from '@quorate/log'
import { connectLog, memoryNetwork, type Subscription } from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { closeAfterTest, leaderOf, openCluster } from './cluster.ts'
import { CuttableNetwork } from './cuttableNetwork.ts'

/** What a service keeps: the texts of all entries that its loop has taken. */
function view(log: ReplicatedLog): { texts: string[]; entries: Subscription } {
  const texts: string[] = []
  const entries = log.subscribe()
  void (async () => {
    for await (const entry of entries) texts.push(entry.text())
  })()
  return { texts, entries }
}

describe('log.readIndex', () => {
  it.each(['linearizable', 'lease'] as const)(
    '%s: on every server, what was appended before is seen',
    async (consistency) => {
      const { leader, logs } = await openCluster({ settings: { leaseReads: true } })
      const views = logs.map(view)
      for (let round = 0; round < 20; round++) {
        const appended = await leader.append(`${round}`)
        await Promise.all(
          logs.map(async (log, place) => {
            const { index, term } = await log.readIndex({ consistency })
            expect(index).toBeGreaterThanOrEqual(appended.index)
            expect(term).toBe(appended.term)
            expect(log.lastApplied).toBeGreaterThanOrEqual(index)
            const { texts, entries } = views[place]!
            await entries.reached(index)
            expect(texts).toContain(`${round}`)
          }),
        )
      }
    },
  )

  it('of many readers at once each is answered', async () => {
    const { logs } = await openCluster()
    const asked = logs.flatMap((log) => Array.from({ length: 200 }, () => log.readIndex()))
    for (const { index } of await Promise.all(asked)) expect(index).toBeGreaterThan(0)
  })

  it('from a process that is no member', async () => {
    const network = memoryNetwork()
    const { leader } = await openCluster({ network })
    const remote = closeAfterTest(connectLog('orders', { network }))
    const { index } = await leader.append('a')
    expect((await remote.readIndex()).index).toBeGreaterThanOrEqual(index)
    expect((await remote.readIndex({ consistency: 'lease' })).term).toBe(leader.status.value.term)
    await expect(remote.readIndex({ consistency: 'strong' as 'lease' })).rejects.toThrow(
      "consistency is strong; it must be 'linearizable' or 'lease'",
    )
  })

  it('a leader that was cut off does not answer, whatever it believes; whoever leads then does', async () => {
    const network = new CuttableNetwork()
    const { leader, followers, logs } = await openCluster({ network: (id) => network.for(id) })
    await leader.append('a')
    network.cut(leader.status.value.id)
    const alone = leader.readIndex({ timeoutMs: 600 })
    await expect(alone).rejects.toBeInstanceOf(NotLeaderError)
    const successor = await leaderOf(followers)
    const { index } = await successor.append('b')
    expect((await followers[0]!.readIndex()).index).toBeGreaterThanOrEqual(index)
    network.heal()
    for (const log of logs) expect((await log.readIndex()).index).toBeGreaterThanOrEqual(index)
  })

  it('a signal ends the wait with its reason, bad options are refused, and a closed log says so', async () => {
    const { leader } = await openCluster()
    await expect(leader.readIndex({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await expect(leader.readIndex({ timeoutMs: 0 })).rejects.toThrow('timeoutMs is 0')
    await expect(leader.readIndex({ consistency: 'stale' as 'lease' })).rejects.toThrow('consistency is stale')
    await leader.close()
    await expect(leader.readIndex()).rejects.toBeInstanceOf(LogClosedError)
  })
})

describe('log.staleness', () => {
  it('says how far a server may be behind', async () => {
    const network = new CuttableNetwork()
    const { leader, followers } = await openCluster({ network: (id) => network.for(id) })
    const { index } = await leader.append('a')
    for (const follower of followers) await follower.readIndex()
    expect(leader.staleness).toMatchObject({ lastApplied: index, behind: 0 })
    const [cut] = followers
    expect(cut!.staleness).toMatchObject({ lastApplied: index, behind: 0 })
    expect(cut!.staleness.silentMs).toBeLessThan(10_000)
    network.cut(cut!.status.value.id)
    const { silentMs } = cut!.staleness
    await leader.append('b')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(cut!.staleness.lastApplied).toBe(index)
    expect(cut!.staleness.silentMs).toBeGreaterThan(silentMs! + 40)
  })
})

describe('subscription.reached', () => {
  it('waits until the loop has taken the entry and asks for more, not until it was handed out', async () => {
    const { leader } = await openCluster()
    const { index } = await leader.append('a')
    const entries = leader.subscribe()
    let isReached = false
    const reached = entries.reached(index).then(() => (isReached = true))
    const { value } = await entries.next()
    expect(value?.index).toBe(index)
    await leader.readIndex()
    expect(isReached).toBe(false)
    void entries.next()
    expect(await reached).toBe(true)
    await entries.reached(index)
  })

  it.each([-1, 0.5, Number.NaN])('%s is no index', async (index) => {
    const { leader } = await openCluster()
    await expect(leader.subscribe().reached(index)).rejects.toThrow(`index is ${index}; it must be an integer`)
  })

  it('counts what is passed over, and what comes later', async () => {
    const { leader } = await openCluster()
    const { entries } = view(leader)
    await entries.reached(leader.lastApplied)
    const waiting = entries.reached(leader.lastApplied + 1)
    await leader.append('a')
    await waiting
  })

  it('ends with the subscription, and with the signal', async () => {
    const { leader } = await openCluster()
    const { entries } = view(leader)
    const waiting = entries.reached(1_000)
    await entries.return()
    await expect(waiting).rejects.toMatchObject({ code: 'NOT_CAUGHT_UP', index: 1_000 })
    await expect(entries.reached(1_000)).rejects.toBeInstanceOf(NotCaughtUpError)
    const other = view(leader).entries
    const controller = new AbortController()
    const aborted = other.reached(1_000, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
  })
})
