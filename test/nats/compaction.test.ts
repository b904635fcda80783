import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { LogEntry, LogStateMachine, ReplicatedLog } from '@quorate/log'
import { describe, expect, it, vi } from 'vitest'
import { appliedEverywhere, leaderOf } from '../../packages/log/test/cluster.ts'
import { clients, natsServer, openMember, openMembers, type Member } from './members.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const RECORD_BYTES = 4096
const KEPT = 500

/** The last records, by place: 2 MB, of which each append overwrites one. */
class Records implements LogStateMachine {
  readonly records = new Map<number, Buffer>()
  restores = 0
  #count = 0

  apply(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.records.set(this.#count++ % KEPT, Buffer.from(entry.data))
  }

  *snapshot(): Generator<Uint8Array> {
    const records = [...this.records]
    yield Buffer.from(JSON.stringify({ count: this.#count, places: records.map(([place]) => place) }).padEnd(8192))
    for (const [, record] of records) yield record
  }

  async restore(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const read: Uint8Array[] = []
    for await (const piece of pieces) read.push(piece)
    const all = Buffer.concat(read)
    const { count, places } = JSON.parse(all.subarray(0, 8192).toString()) as { count: number; places: number[] }
    this.records.clear()
    for (const [at, place] of places.entries()) {
      this.records.set(place, all.subarray(8192 + at * RECORD_BYTES, 8192 + (at + 1) * RECORD_BYTES))
    }
    this.#count = count
    this.restores++
  }

  get digest(): string {
    const hash = createHash('sha256').update(String(this.#count))
    for (let place = 0; place < KEPT; place++) hash.update(this.records.get(place) ?? '')
    return hash.digest('hex')
  }
}

interface Server {
  readonly member: Member
  readonly machine: Records
  readonly log: ReplicatedLog
}

async function serverOn(member: Member): Promise<Server> {
  const machine = new Records()
  const compaction = { afterEntries: 400, trailingEntries: 50 }
  return { member, machine, log: await member.node.openLog('records', { stateMachine: machine, compaction }) }
}

async function appendMany(log: ReplicatedLog, count: number): Promise<void> {
  for (let appended = 0; appended < count; appended += 100) {
    await log.append(Array.from({ length: 100 }, (_, place) => Buffer.alloc(RECORD_BYTES, (appended + place) % 251)))
  }
}

function bytesOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name)).size || 0), 0)
}

describe.each(clients)('a group that compacts its log, over $client and on disk', ({ connect }) => {
  it('takes no more room the longer it runs, and brings back a server that was away for most of it', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    await members[0]!.node.bootstrap('records', ['n1', 'n2', 'n3'])
    const servers = await Promise.all(members.map(serverOn))
    await leaderOf(servers.map(({ log }) => log))
    await appendMany(servers[0]!.log, 100)
    const away = servers[2]!
    await away.member.node.close()

    const present = servers.slice(0, 2)
    const logs = present.map(({ log }) => log)
    // 16 MB, where 2 MB of state and 1.8 MB of log are to be kept.
    await appendMany(logs[0]!, 4000)
    await appliedEverywhere(logs, await logs[0]!.append(Buffer.alloc(RECORD_BYTES)))
    for (const { log, member } of present) {
      await log.status.waitFor(({ logStartsAfter }) => logStartsAfter > 3500)
      await vi.waitFor(() => expect(bytesOf(member.folder)).toBeLessThan(12 * 1024 * 1024), { timeout: 10_000 })
    }

    const { id, folder } = away.member
    const back = await serverOn(await openMember({ id, connection: await connect(server), folder }))
    await appliedEverywhere([back.log], await logs[0]!.append(Buffer.alloc(RECORD_BYTES, 7)))
    expect(back.machine.restores).toBeGreaterThanOrEqual(1)
    await appliedEverywhere(logs, { index: back.log.lastApplied })
    for (const { machine } of present) expect(machine.digest).toBe(back.machine.digest)

    // All of them start again, from what they have on disk.
    for (const { member } of [...present, back]) await member.node.close()
    const again = await Promise.all(
      [...present, back].map(async ({ member }) =>
        serverOn(await openMember({ ...member, connection: await connect(server) })),
      ),
    )
    await leaderOf(again.map(({ log }) => log))
    await appliedEverywhere(
      again.map(({ log }) => log),
      await again[1]!.log.append(Buffer.alloc(RECORD_BYTES, 9)),
    )
    expect(new Set(again.map(({ machine }) => machine.digest)).size).toBe(1)
    for (const { machine } of again) expect(machine.restores).toBeGreaterThanOrEqual(1)
  })
})
