import type { ReplicatedLog, Watchable } from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { leaderOf, openCluster, rejectionOf, sleep } from './cluster.ts'

type Status = ReplicatedLog['status'] extends Watchable<infer T> ? T : never

/** What was thrown where nobody catches, while `run` ran. */
async function uncaughtDuring(run: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = []
  const usual = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => uncaught.push(error))
  try {
    await run()
    await sleep(10)
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of usual) process.on('uncaughtException', listener)
  }
  return uncaught
}

describe('the status of a log', () => {
  it('says who leads, in which term, and how far the log is', async () => {
    const { leader, followers, logs } = await openCluster()
    const { id, term } = leader.status.value
    const { index } = await leader.append('a')
    await Promise.all(logs.map(({ status }) => status.waitFor(({ lastApplied }) => lastApplied === index)))

    for (const { status } of logs) {
      expect(status.value).toMatchObject({
        group: 'orders',
        groupUuid: leader.status.value.groupUuid,
        term,
        leaderId: id,
        lastIndex: index,
        commitIndex: index,
        lastApplied: index,
        failure: undefined,
      })
    }
    expect(leader.status.value.role).toBe('leader')
    expect(followers.map(({ status }) => status.value.role)).toEqual(['follower', 'follower'])
    expect(new Set(logs.map(({ status }) => status.value.id)).size).toBe(3)
  })

  it('tells of each change, until told to stop', async () => {
    const { leader } = await openCluster({ ids: ['n1'] })
    const told: Status[] = []
    const unsubscribe = leader.status.subscribe((status) => told.push(status))

    for (const text of ['a', 'b', 'c']) await leader.append(text)
    unsubscribe()
    const count = told.length
    await leader.append('d')

    expect(told.length).toBe(count)
    expect(told.at(-1)!.lastApplied).toBe(5)
    expect(new Set(told.map(({ commitIndex }) => commitIndex))).toEqual(new Set([2, 3, 4, 5]))
    for (const status of told) {
      expect(status.lastApplied).toBeLessThanOrEqual(status.commitIndex)
      expect(status.commitIndex).toBeLessThanOrEqual(status.lastIndex)
    }
  })

  it('tells a function twice that was given twice, and each can be told to stop', async () => {
    const { leader } = await openCluster({ ids: ['n1'] })
    const told: number[] = []
    const listener = ({ lastApplied }: Status): number => told.push(lastApplied)
    const unsubscribe = [leader.status.subscribe(listener), leader.status.subscribe(listener)]
    const timesTold = (index: number): number => told.filter((applied) => applied === index).length

    await leader.append('a')
    expect(timesTold(3)).toBe(2)
    unsubscribe[0]!()
    unsubscribe[0]!()
    await leader.append('b')
    expect(timesTold(4)).toBe(1)
    unsubscribe[1]!()
    await leader.append('c')
    expect(timesTold(5)).toBe(0)
  })

  it('begins with the present value, and passes over what came and went while the loop was busy', async () => {
    const { leader } = await openCluster({ ids: ['n1'] })
    const seen: number[] = []

    for await (const { lastApplied } of leader.status) {
      seen.push(lastApplied)
      if (lastApplied === 2) for (let n = 0; n < 20; n++) await leader.append(`${n}`)
      else if (lastApplied === 22) break
    }

    expect(seen[0]).toBe(2)
    expect(seen.at(-1)).toBe(22)
    expect(seen.length).toBeLessThan(5)
  })

  it('can be waited for: a value that is there already, and one to come', async () => {
    const { leader } = await openCluster({ ids: ['n1'] })
    expect(await leader.status.waitFor(({ role }) => role === 'leader')).toBe(leader.status.value)

    const coming = leader.status.waitFor(({ lastApplied }) => lastApplied >= 3)
    await leader.append('a')

    expect((await coming).lastApplied).toBe(3)
  })

  it('is waited for in vain when the signal aborts, or when it can change no more', async () => {
    const { leader } = await openCluster({ ids: ['n1'] })
    const controller = new AbortController()
    const aborted = rejectionOf(leader.status.waitFor(() => false, { signal: controller.signal }))
    const closed = rejectionOf(leader.status.waitFor(() => false))
    const reason = new Error('enough')

    controller.abort(reason)
    expect(await aborted).toBe(reason)
    await leader.close()

    expect(((await closed) as Error).message).toContain('changes no more')
    const seen: string[] = []
    for await (const { group } of leader.status.changes()) seen.push(group)
    expect(seen).toEqual(['orders'])
  })

  it('stops no server when a listener throws, nor keeps it from the other listeners', async () => {
    const { leader, logs } = await openCluster()
    const fault = new Error('a fault of the listener')
    let told = 0

    const uncaught = await uncaughtDuring(async () => {
      const unsubscribe = leader.status.subscribe(() => {
        throw fault
      })
      leader.status.subscribe(() => told++)
      await leader.append(['a', 'b'])
      await leader.append('c')
      unsubscribe()
    })

    expect(await leaderOf(logs)).toBe(leader)
    expect(told).toBeGreaterThan(0)
    expect(new Set(uncaught)).toEqual(new Set([fault]))
  })

  it('lets a listener close the log, or append to it', async () => {
    const { leader, followers, logs } = await openCluster()
    const appending: Promise<unknown>[] = []
    const unsubscribe = leader.status.subscribe(() => {
      unsubscribe()
      appending.push(leader.append('by a listener'))
    })
    await leader.append('a')
    await Promise.all(appending)
    expect(leader.status.value.lastApplied).toBe(4)

    leader.status.subscribe(({ lastApplied }) => {
      if (lastApplied === 5) void leader.close()
    })
    await leader.append('b')

    await leaderOf(followers)
    expect(logs.map(({ ended }) => ended).filter((ended) => ended === null)).toEqual([null])
    expect(leader.ended).toBeNull()
  })
})
