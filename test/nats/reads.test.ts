import { connectLog, type ReplicatedLog } from '@quorate/log'
import { natsNetwork } from '@quorate/nats'
import { describe, expect, it, vi } from 'vitest'
import { leaderOf } from '../../packages/log/test/cluster.ts'
import { clients, giveBirth, natsServer, openMembers } from './members.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

describe.each(clients)('reads of all that is committed over $client, on disk', ({ connect }) => {
  it.each(['linearizable', 'lease'] as const)(
    '%s: whoever reads on any server sees what was appended before, also under a new leader',
    async (consistency) => {
      const server = await natsServer()
      const logs = await giveBirth('orders', await openMembers(server, connect, { settings: { leaseReads: true } }))
      const client = connectLog('orders', { network: natsNetwork({ connection: await connect(server) }) })
      const views = logs.map(view)
      for (let n = 0; n < 20; n++) {
        const { index } = await client.append(`${n}`)
        expect((await client.readIndex({ consistency })).index).toBeGreaterThanOrEqual(index)
        for (const { log, texts, entries } of views) {
          const read = await log.readIndex({ consistency })
          await entries.reached(read.index)
          expect(texts.at(-1)).toBe(`${n}`)
        }
        if (n === 10) await (await leaderOf(logs)).transferLeadership()
      }
      await client.close()
    },
  )
})

function view(log: ReplicatedLog) {
  const texts: string[] = []
  const entries = log.subscribe()
  void (async () => {
    for await (const entry of entries) texts.push(entry.text())
  })()
  return { log, texts, entries }
}
