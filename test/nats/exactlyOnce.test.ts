import { connectLog, type Appended, type ReplicatedLog } from '@quorate/log'
import { natsNetwork } from '@quorate/nats'
import { describe, expect, it, vi } from 'vitest'
import { appliedEverywhere, commandsSoFar, leaderOf, sleep } from '../../packages/log/test/cluster.ts'
import { clients, natsServer, openMember, openMembers, type Member } from './members.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const STATELESS = { trailingEntries: 0 }

async function openLogs(members: readonly Member[]): Promise<ReplicatedLog[]> {
  return Promise.all(members.map(({ node }) => node.openLog('orders', { compaction: STATELESS })))
}

describe.each(clients)('appends that have keys, over $client and on disk', ({ connect }) => {
  it('happen once while leaders are lost, and keep their answers through compaction and the restart of all servers', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    await members[0]!.node.bootstrap('orders', ['n1', 'n2', 'n3'])
    const logs = await openLogs(members)
    await leaderOf(logs)
    const shop = connectLog('orders', { network: natsNetwork({ connection: await connect(server) }) })
    const told = new Map<string, Appended>()
    let isLoaded = true
    const load = Array.from({ length: 8 }, async (_, from) => {
      for (let n = 0; isLoaded; n++) {
        const key = `${from} ${n}`
        for (let isOpen = true; isOpen;) {
          try {
            told.set(key, await shop.append(key, { idempotencyKey: key, timeoutMs: 700 }))
            isOpen = false
          } catch {
            // Whatever became of it: the same key settles it.
          }
        }
      }
    })
    for (let round = 0; round < 3; round++) {
      await sleep(300)
      const leader = await leaderOf(logs)
      const place = logs.indexOf(leader)
      // Without a word: who waits for its answers gets none.
      members[place]!.connection.close().catch(() => {})
      await members[place]!.node.close()
      const { id, folder } = members[place]!
      await sleep(200)
      members[place] = await openMember({ id, folder, connection: await connect(server) })
      logs[place] = await members[place]!.node.openLog('orders', { compaction: STATELESS })
    }
    isLoaded = false
    await Promise.all(load)
    const last = await shop.append('the end', { idempotencyKey: 'the end' })
    await appliedEverywhere(logs, last)
    const stands = (await commandsSoFar(logs[0]!)).map((entry) => [entry.text(), entry.index])
    expect(told.size).toBeGreaterThan(20)
    expect(stands).toHaveLength(told.size + 1)
    expect(new Map(stands as [string, number][])).toEqual(
      new Map([...[...told].map(([key, { index }]): [string, number] => [key, index]), ['the end', last.index]]),
    )

    for (const log of logs) await log.compact()
    for (const { node } of members) await node.close()
    const again = await Promise.all(
      members.map(async ({ id, folder }) => openMember({ id, folder, connection: await connect(server) })),
    )
    await leaderOf(await openLogs(again))
    const [key, place] = [...told][0]!
    expect(await shop.append(key, { idempotencyKey: key })).toEqual(place)
    expect(await shop.append('the end', { idempotencyKey: 'the end' })).toEqual(last)
    await shop.close()
  })
})
