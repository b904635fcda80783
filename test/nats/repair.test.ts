import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DamagedLogError } from '@quorate/log'
import { describe, expect, it, vi } from 'vitest'
import { appliedEverywhere, commandsSoFar, leaderOf, rejectionOf } from '../../packages/log/test/cluster.ts'
import { clients, giveBirth, natsServer, openMember, openMembers } from './members.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

/** One bit of each of these texts flips in the log files of a store that is closed. */
function damage(folder: string, texts: readonly string[]): void {
  let found = 0
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.log'))) {
    const bytes = readFileSync(join(folder, name))
    for (const text of texts) {
      const at = bytes.indexOf(text)
      if (at < 0) continue
      bytes[at] = (bytes[at] ?? 0) ^ 0x20
      found++
    }
    writeFileSync(join(folder, name), bytes)
  }
  expect(found).toBe(texts.length)
}

describe.each(clients)('a store that has lost entries, over $client and on disk', ({ connect }) => {
  it('gets them from the other servers before its own takes part, and says so when it cannot', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    const logs = await giveBirth('orders', members)
    await leaderOf(logs)
    const texts = Array.from({ length: 30 }, (_, place) => `text number ${place} of the log`)
    const places = await logs[0]!.append(texts)
    await appliedEverywhere(logs, places.at(-1)!)
    const { id, folder } = members[2]!
    await members[2]!.node.close()
    damage(folder, [texts[3]!, texts[17]!, texts[29]!])

    const again = await openMember({ id, folder, connection: await connect(server) })
    const log = await again.node.openLog('orders')
    await appliedEverywhere([log], places.at(-1)!)
    expect((await commandsSoFar(log)).map((entry) => entry.text())).toEqual(texts)

    await again.node.close()
    for (const { node } of members.slice(0, 2)) await node.close()
    damage(folder, [texts[5]!])
    const alone = await openMember({ id, folder, connection: await connect(server) })
    const error = await rejectionOf(alone.node.openLog('orders', { repairTimeoutMs: 500 }))
    expect(error).toMatchObject({
      code: 'DAMAGED_LOG',
      group: 'orders',
      indexes: [places[5]!.index],
    } satisfies Partial<DamagedLogError>)
    expect(String(error)).toContain('no answer of use from n1, n2')
  })
})
