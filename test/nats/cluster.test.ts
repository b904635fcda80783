import { rmSync } from 'node:fs'
import { connectLog, openLog, StoreReplacedError, type ReplicatedLog } from '@quorate/log'
import { openDiskStore } from '@quorate/disk'
import { natsNetwork } from '@quorate/nats'
import { describe, expect, it, vi } from 'vitest'
import {
  appliedEverywhere,
  commandsSoFar,
  leaderOf,
  rejectionOf,
  sleep,
  take,
} from '../../packages/log/test/cluster.ts'
import { Ledger } from '../../packages/log/test/ledger.ts'
import {
  clients,
  folder,
  giveBirth,
  natsServer,
  openMember,
  openMembers,
  subscriptionsAt,
  type Member,
} from './members.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const PATIENCE = { timeout: 10_000, interval: 20 }

async function textsOf(log: ReplicatedLog): Promise<string[]> {
  return (await commandsSoFar(log)).map((entry) => entry.text())
}

function memberOf(log: ReplicatedLog, members: readonly Member[]): Member {
  return members.find(({ id }) => id === log.status.value.id)!
}

describe.each(clients)('a cluster over $client', ({ connect }) => {
  it('elects a leader, and takes appends from every member and from a process that is none', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    const logs = await giveBirth('orders', members)
    await leaderOf(logs)
    const remote = connectLog('orders', { network: natsNetwork({ connection: await connect(server) }) })
    const reading = logs.map((log) => take(log, 200))

    const appended = await Promise.all(
      [...logs, remote].map(async (log, from) => {
        const places = []
        for (let n = 0; n < 50; n++) places.push(await log.append({ data: `${from} ${n}`, subject: `from.${from}` }))
        return places.map((place, n) => ({ ...place, subject: `from.${from}`, text: `${from} ${n}` }))
      }),
    )

    const expected = appended.flat().sort((a, b) => a.index - b.index)
    for (const entries of await Promise.all(reading)) {
      const seen = entries.map((entry) => {
        const { index, term, subject } = entry
        return { index, term, subject, text: entry.text() }
      })
      expect(seen).toEqual(expected)
    }
    const { entries } = await remote.read({ after: 2 })
    expect(entries.map((entry) => entry.text())).toEqual(expected.map(({ text }) => text))
    await remote.close()
  })

  it('carries entries as large as nats-server lets it, and refuses larger ones before they leave', async () => {
    const server = await natsServer()
    const logs = await giveBirth('orders', await openMembers(server, connect))
    const follower = logs.find((log) => log.status.value.role !== 'leader')!
    await leaderOf(logs)
    const large = new Uint8Array(follower.maxEntryBytes - 48).fill(7)

    const appended = await follower.append([large, large])

    for (const log of logs)
      expect((await take(log, 2)).map(({ data }) => data.length)).toEqual([large.length, large.length])
    expect(await rejectionOf(follower.append(new Uint8Array(follower.maxEntryBytes)))).toMatchObject({
      code: 'ENTRY_TOO_LARGE',
    })
    await appliedEverywhere(logs, appended[1]!)
  })

  it("leaves the user's connection and what runs over it as they were", async () => {
    const server = await natsServer()
    const [n1, n2, n3] = await openMembers(server, connect)
    const { connection } = n1!
    const heard: string[] = []
    connection.subscribe('shop.>', { callback: (_error, { subject }) => heard.push(subject) })
    await connection.flush()
    const logs = await giveBirth('orders', [n1!, n2!, n3!])
    await leaderOf(logs)
    await logs[0]!.append('a')

    await n1!.node.close()

    expect(connection.isClosed()).toBe(false)
    n2!.connection.publish('shop.open')
    connection.publish('shop.closed')
    await vi.waitUntil(() => heard.length === 2, PATIENCE)
    expect(heard.sort()).toEqual(['shop.closed', 'shop.open'])
    await connection.flush()
    expect(await subscriptionsAt(server)).toContainEqual(['shop.>'])
  })

  it('loses nothing when nats-server is killed under load, twice', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    const logs = await giveBirth('orders', members)
    await leaderOf(logs)
    const remote = connectLog('orders', { network: natsNetwork({ connection: await connect(server) }) })
    const ledger = new Ledger()
    let isLoaded = true
    let longestMs = 0
    const load = [...logs, remote].flatMap((log, from) =>
      ['a', 'b', 'c', 'd'].map(async (lane) => {
        for (let n = 0; isLoaded; n++) {
          const start = performance.now()
          await ledger.append(log, `${from} ${lane} ${n}`)
          longestMs = Math.max(longestMs, performance.now() - start)
          await sleep(1)
        }
      }),
    )
    const acknowledgedAfterwards: number[] = []
    for (const outageMs of [50, 1_000]) {
      await sleep(400)
      await server.kill()
      await sleep(outageMs)
      const before = ledger.acknowledged.size
      await server.restart()
      await vi.waitUntil(() => ledger.acknowledged.size > before + 100, PATIENCE)
      acknowledgedAfterwards.push(ledger.acknowledged.size - before)
    }
    isLoaded = false
    await Promise.all(load)
    const leader = await leaderOf(logs)
    await appliedEverywhere(logs, await leader.append('last'))

    for (const log of logs) expect(ledger.faults(await commandsSoFar(log))).toEqual([])
    const [first, ...others] = await Promise.all(logs.map(textsOf))
    for (const other of others) expect(other).toEqual(first)
    // The kill found something under way, and the load went on.
    expect(ledger.unknown.size).toBeGreaterThan(0)
    // The longer outage, an election, and the patience of those who had just asked in vain.
    expect(longestMs).toBeLessThan(5_000)
    expect(Math.min(...acknowledgedAfterwards)).toBeGreaterThan(100)
    await remote.close()
  })

  it('takes a node back on its folder, with its log, and brings it up to date', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    const logs = await giveBirth('orders', members)
    const leader = await leaderOf(logs)
    await leader.append(Array.from({ length: 100 }, (_, n) => `before ${n}`))
    await appliedEverywhere(logs, { index: leader.lastApplied })

    for (const log of [logs.find((other) => other !== leader)!, leader]) {
      const { id, folder: at, connection, node } = memberOf(log, members)
      const { groupUuid, term } = log.status.value
      await node.close()
      const others = logs.filter((other) => other !== log && other.closedError === undefined)
      const meanwhile = await (await leaderOf(others)).append(`without ${id}`)

      const member = await openMember({ id, connection, folder: at })
      const reopened = await member.node.openLog('orders')
      members[members.findIndex((known) => known.id === id)] = member
      logs[logs.indexOf(log)] = reopened
      await appliedEverywhere([reopened], meanwhile)

      expect(reopened.status.value).toMatchObject({ id, groupUuid })
      expect(reopened.status.value.term).toBeGreaterThanOrEqual(term)
      expect(await textsOf(reopened)).toEqual(await textsOf(others[0]!))
    }
    await leaderOf(logs)
    expect(new Set(await textsOf(logs[0]!)).size).toBe(102)
  })

  it('does not take back a node whose folder was wiped, and goes on without it', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    const logs = await giveBirth('orders', members)
    const leader = await leaderOf(logs)
    const lost = logs.find((log) => log !== leader)!
    const { id, folder: at, connection, node } = memberOf(lost, members)
    await leader.append('a')
    await node.close()
    rmSync(at, { recursive: true })

    const wiped = await openMember({ id, connection, folder: at })
    const error = await rejectionOf(wiped.node.openLog('orders'))

    expect(error).toBeInstanceOf(StoreReplacedError)
    expect(error).toMatchObject({ group: 'orders', server: id })
    const { term } = leader.status.value
    await sleep(700)
    expect(await leader.append('b')).toMatchObject({ term })
    expect(leader.status.value.term).toBe(term)
  })

  it('sees nothing of another cluster on the same server, under another prefix', async () => {
    const server = await natsServer()
    const clusters = await Promise.all(
      ['east', 'west.shop'].map(async (prefix) => {
        const logs = await giveBirth('orders', await openMembers(server, connect, { prefix }))
        await leaderOf(logs)
        const connection = await connect(server)
        return { prefix, logs, remote: connectLog('orders', { network: natsNetwork({ connection, prefix }) }) }
      }),
    )

    await Promise.all(
      clusters.flatMap(({ prefix, logs, remote }) => [...logs, remote].map((log, n) => log.append(`${prefix} ${n}`))),
    )

    const uuids = clusters.map(({ logs }) => logs[0]!.status.value.groupUuid)
    expect(new Set(uuids).size).toBe(2)
    for (const { prefix, logs, remote } of clusters) {
      await remote.close()
      await appliedEverywhere(logs, { index: 6 })
      for (const log of logs) {
        expect((await textsOf(log)).sort()).toEqual([0, 1, 2, 3].map((n) => `${prefix} ${n}`))
      }
    }
  })

  it('listens for appends at the leader alone, and nowhere while there is none', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    const logs = await giveBirth('orders', members)
    const leader = await leaderOf(logs)
    await leader.append('a')
    const listening = async (): Promise<string[]> =>
      (await subscriptionsAt(server)).flat().filter((subject) => /\.(append|read)\./.test(subject))
    const { term } = leader.status.value

    await vi.waitFor(
      async () =>
        expect((await listening()).sort()).toEqual([`quorate.v1.append.orders.${term}`, 'quorate.v1.read.orders']),
      PATIENCE,
    )
    // Two of three end: nobody can be elected.
    for (const log of logs.filter((other) => other !== leader).slice(0, 1)) await memberOf(log, members).node.close()
    await memberOf(leader, members).node.close()

    expect(await listening()).toEqual([])
    const user = await connect(server)
    for (const subject of [`quorate.v1.append.orders.${term}`, 'quorate.v1.read.orders']) {
      const start = performance.now()
      const error = (await rejectionOf(user.request(subject, new Uint8Array(0), { timeout: 5_000 }))) as Error
      expect(`${error.name} ${error.message}`).toMatch(/503|no responders/i)
      expect(performance.now() - start).toBeLessThan(2_000)
    }
  })
})

it('serves one log by the short form, again and again on its folder', async () => {
  const server = await natsServer()
  const at = folder()
  const open = async (options: object): Promise<ReplicatedLog> => {
    const connection = await clients[0].connect(server)
    const network = natsNetwork({ connection })
    return openLog('orders', { id: 'n1', network, store: await openDiskStore({ folder: at }), ...options })
  }
  const first = await open({ bootstrap: ['n1'] })
  await first.append('a')
  await first.close()

  const second = await open({})
  await second.append('b')

  expect(await textsOf(second)).toEqual(['a', 'b'])
  await second.close()
})

it('ends a subscription that is far behind with its log, although the store is closed by then', async () => {
  const log = await openLog('orders', {
    id: 'n1',
    network: natsNetwork({ connection: await clients[0].connect(await natsServer()) }),
    store: await openDiskStore({ folder: folder() }),
    bootstrap: ['n1'],
    settings: { cacheBytes: 1_000 },
  })
  await log.append(Array.from({ length: 20 }, () => 'x'.repeat(100_000)))
  const behind = log.subscribe()
  expect(await behind.next()).toMatchObject({ done: false })

  await log.close()

  let last = await behind.next()
  while (last.done !== true) last = await behind.next()
  expect(await log.subscribe().next()).toEqual({ done: true, value: undefined })
})
