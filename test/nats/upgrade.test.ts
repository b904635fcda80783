import { connectLog, type ApplyContext, type LogEntry, type LogStateMachine, type ReplicatedLog } from '@quorate/log'
import { natsNetwork } from '@quorate/nats'
import { describe, expect, it, vi } from 'vitest'
import { appliedEverywhere, leaderOf } from '../../packages/log/test/cluster.ts'
import { clients, natsServer, openMember, openMembers, type Member } from './members.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const NEWER = 1_000_000

/** By version 1 each command counts for 1, by version 2 for a million; the way there is part of the state. */
class Count implements LogStateMachine {
  readonly version: number
  state: { version: number; count: number } = { version: 1, count: 0 }

  constructor(version: number) {
    this.version = version
  }

  apply(entries: readonly LogEntry[], { version }: ApplyContext): void {
    if (version !== this.state.version) throw new Error(`a state of ${this.state.version} is applied to by ${version}`)
    this.state.count += entries.length * (version === 1 ? 1 : NEWER)
  }

  upgrade(version: number): void {
    this.state.version = version
  }

  snapshot(): Uint8Array[] {
    return [Buffer.from(JSON.stringify(this.state))]
  }

  async restore(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) this.state = JSON.parse(Buffer.from(piece).toString())
  }
}

describe.each(clients)('a rolling upgrade of the state machine, over $client and on disk', ({ connect }) => {
  it('under load: every server applies each entry by the same version, also those that start from a snapshot', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    await members[0]!.node.bootstrap('orders', ['n1', 'n2', 'n3'])
    const machines = members.map(() => new Count(1))
    const open = (member: Member, machine: Count): Promise<ReplicatedLog> =>
      member.node.openLog('orders', { stateMachine: machine, compaction: { afterEntries: 200, trailingEntries: 50 } })
    const logs = await Promise.all(members.map((member, place) => open(member, machines[place]!)))
    const deploy = async (place: number, version: number): Promise<void> => {
      const { id, folder, node } = members[place]!
      await node.close()
      members[place] = await openMember({ id, folder, connection: await connect(server) })
      machines[place] = new Count(version)
      logs[place] = await open(members[place]!, machines[place])
    }
    await leaderOf(logs)
    const shop = connectLog('orders', { network: natsNetwork({ connection: await connect(server) }) })
    let isLoaded = true
    let appended = 0
    const load = (async () => {
      for (; isLoaded; appended++) await shop.append(`${appended}`, { exactlyOnce: true })
    })()
    for (const place of [0, 1, 2]) {
      await deploy(place, 2)
      await leaderOf(logs)
    }
    for (const log of logs) await log.status.waitFor(({ machineVersion }) => machineVersion === 2)
    const upgradedAt = appended
    await vi.waitUntil(() => appended > upgradedAt + 20, { timeout: 20_000 })
    isLoaded = false
    await load
    const last = await shop.append('the end')
    await appliedEverywhere(logs, last)
    const { count } = machines[0]!.state
    const [byOld, byNew] = [count % NEWER, Math.floor(count / NEWER)]
    expect(machines.map(({ state }) => state)).toEqual(machines.map(() => ({ version: 2, count })))
    expect(byOld + byNew).toBe(appended + 1)
    expect(Math.min(byOld, byNew)).toBeGreaterThan(0)
    for (const log of logs) await log.compact({ trailingEntries: 0 })
    await deploy(1, 2)
    await appliedEverywhere(logs, await shop.append('by a state that was restored'))
    expect(machines.map(({ state }) => state.count)).toEqual(machines.map(() => count + NEWER))
    await shop.close()
  })
})
