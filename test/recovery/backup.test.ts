import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Appended, ReplicatedLog } from '@quorate/log'
import { BackupCutShortError, ForeignBackupError, restoreGroup, verifyBackup, writeBackup } from 'quorate'
import { describe, expect, it, vi } from 'vitest'
import { appliedEverywhere, leaderOf } from '../../packages/log/test/cluster.ts'
import { clients, folder, natsServer, openMember, openMembers } from '../nats/members.ts'
import { commandsOf, Records } from './records.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

describe.each(clients)('a backup that is taken under load, over $client and on disk', ({ connect }) => {
  it('comes back under another name, with the same entries, state and idempotency keys', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    await members[0]!.node.bootstrap('orders', ['n1', 'n2', 'n3'])
    const machines = members.map(() => new Records())
    const logs = await Promise.all(
      members.map(({ node }, at) =>
        node.openLog('orders', {
          stateMachine: machines[at]!,
          compaction: { afterEntries: 400, trailingEntries: 100 },
        }),
      ),
    )
    await leaderOf(logs)
    const keyed = new Map<string, Appended>()
    let isLoaded = true
    let serial = 0
    const lane = async (log: ReplicatedLog): Promise<void> => {
      while (isLoaded) {
        const key = `order ${serial++}`
        keyed.set(key, await log.append(key, { idempotencyKey: key }))
        await log.append(Array.from({ length: 20 }, (_, place) => `line ${place} of ${key} ${'x'.repeat(100)}`))
      }
    }
    const load = Promise.all(logs.map(lane))
    await logs[1]!.status.waitFor(({ lastApplied }) => lastApplied > 1000)

    const atCall = logs[1]!.lastApplied
    const file = join(folder(), 'orders.backup')
    await writeBackup(file, slowly(logs[1]!))
    isLoaded = false
    await load
    await appliedEverywhere(logs, await logs[0]!.append('the last'))

    const { head, snapshot, counts } = await verifyBackup(file)
    expect(head).toMatchObject({ group: 'orders', server: 'n2', isCommitted: true })
    expect(head.last.index).toBeGreaterThanOrEqual(atCall)
    expect(snapshot?.lastIncluded).toEqual(head.last)
    // While it was read, entries came that it does not hold, and the log was compacted.
    expect(logs[1]!.lastApplied).toBeGreaterThan(head.last.index + 400)

    const to = join(folder(), 'restored')
    await restoreGroup({ file, to, id: 'r1', as: 'copies' })
    const machine = new Records()
    const member = await openMember({ id: 'r1', connection: await connect(server), folder: to })
    const copy = await member.node.openLog('copies', { stateMachine: machine })
    const upTo = [...keyed].filter(([, { index }]) => index <= head.last.index)
    const [lastKey] = upTo.at(-1)!
    for (const [key, { index }] of [upTo[0]!, upTo[Math.floor(upTo.length / 2)]!, upTo.at(-1)!]) {
      expect((await copy.append(key, { idempotencyKey: key })).index).toBe(index)
    }
    expect(machine.restores).toBe(1)
    expect(machine.texts).toEqual(machines[0]!.texts.slice(0, machine.texts.length))
    expect(machine.texts.length).toBeGreaterThan(machines[0]!.texts.indexOf(lastKey))
    expect(copy.status.value.logStartsAfter).toBe(counts.logStartsAfter.index)
    // Both groups have their name, and go on beside one another.
    await copy.append('only here')
    await logs[0]!.append('only there')
    expect(machine.texts.at(-1)).toBe('only here')
    expect(machines.flatMap(({ texts }) => texts)).not.toContain('only here')
  })
})

/** As to a disk that takes its time. */
async function* slowly(log: ReplicatedLog): AsyncGenerator<Uint8Array> {
  for await (const bytes of log.backup()) {
    yield bytes
    const { lastApplied } = log
    await log.status.waitFor((status) => status.lastApplied >= lastApplied + 200)
  }
}

it('a backup of a log that was never compacted holds every entry', async () => {
  const server = await natsServer()
  const { connect } = clients[0]
  const member = await openMember({ id: 'n1', connection: await connect(server) })
  await member.node.bootstrap('orders', ['n1'])
  const log = await member.node.openLog('orders')
  await log.append(Array.from({ length: 3000 }, (_, place) => `entry ${place} ${'x'.repeat(200)}`))
  const file = join(folder(), 'orders.backup')
  await writeBackup(file, log.backup())
  const to = join(folder(), 'restored')
  await restoreGroup({ file, to, id: 'n1', as: 'copies' })
  const elsewhere = await openMember({ id: 'n1', connection: await connect(server), prefix: 'elsewhere', folder: to })
  const copy = await elsewhere.node.openLog('copies')
  expect(await commandsOf(copy)).toEqual(await commandsOf(log))
})

it('no truncation of a backup is taken for a backup, nor is one with a byte that was turned', async () => {
  const server = await natsServer()
  const { connect } = clients[0]
  const member = await openMember({ id: 'n1', connection: await connect(server) })
  await member.node.bootstrap('orders', ['n1'])
  const log = await member.node.openLog('orders', { stateMachine: new Records() })
  await log.append(['one', 'two', 'three'])
  await log.compact({ trailingEntries: 1 })
  await log.append('four')
  const whole = join(folder(), 'orders.backup')
  await writeBackup(whole, log.backup())
  const bytes = readFileSync(whole)
  const file = join(folder(), 'spoiled')
  const to = join(folder(), 'restored')
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(file, bytes.subarray(0, length))
    await expect(restoreGroup({ file, to, id: 'n1' })).rejects.toThrow(
      length === 0 ? ForeignBackupError : BackupCutShortError,
    )
  }
  for (let at = 0; at < bytes.length; at++) {
    const turned = Buffer.from(bytes)
    turned[at]! ^= 1 << (at % 8)
    writeFileSync(file, turned)
    await expect(verifyBackup(file), `byte ${at}`).rejects.toMatchObject({
      code: expect.stringMatching(/^(DAMAGED|FOREIGN)_BACKUP$/) as string,
    })
  }
  writeFileSync(file, Buffer.concat([bytes, bytes]))
  await expect(verifyBackup(file)).rejects.toMatchObject({ code: 'DAMAGED_BACKUP', offset: bytes.length })
})
