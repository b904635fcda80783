import { openDiskStore } from '@quorate/disk'
import { natsNetwork } from '@quorate/nats'
import { connectLog, type ReplicatedLog } from '@quorate/log'
import { describe, expect, it, vi } from 'vitest'
import { appliedEverywhere, commandsSoFar, leaderOf } from '../../packages/log/test/cluster.ts'
import { clients, giveBirth, natsServer, openMember, openMembers } from './members.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

describe.each(clients)('the members of a group over $client, on disk', ({ connect }) => {
  it('are replaced one after the other, under appends: nothing is lost, and in the end none of the first is there', async () => {
    const server = await natsServer()
    const first = await openMembers(server, connect)
    let logs: ReplicatedLog[] = await giveBirth('orders', first)
    const client = connectLog('orders', { network: natsNetwork({ connection: await connect(server) }) })
    const appended: string[] = []
    let isOver = false
    const appending = (async () => {
      for (let n = 0; !isOver; n++) {
        await client.append(`${n}`)
        appended.push(`${n}`)
      }
    })()

    for (const [place, id] of ['n4', 'n5', 'n6'].entries()) {
      const { node } = await openMember({ id, connection: await connect(server) })
      const opening = node.openLog('orders')
      const leaving = logs.find(({ status }) => status.value.id === first[place]!.id)!
      const voters = [...logs.filter((log) => log !== leaving).map(({ status }) => status.value.id), id]
      const leader = await leaderOf(logs)
      const { configuration } = await leader.changeMembers({ voters })
      expect(configuration.voters).toEqual([voters])
      logs = [...logs.filter((log) => log !== leaving), await opening]
      await leaderOf(logs)
      await leaving.close()
    }
    isOver = true
    await appending
    await appliedEverywhere(logs, await client.append('last'))
    for (const log of logs) {
      expect((await commandsSoFar(log)).map((entry) => entry.text())).toEqual([...appended, 'last'])
    }
  })

  it('are known again after a restart', async () => {
    const server = await natsServer()
    const members = await openMembers(server, connect)
    const logs = await giveBirth('orders', members)
    const leader = await leaderOf(logs)
    const follower = members.find(({ id }) => id !== leader.status.value.id)!
    const voters = members.map(({ id }) => id).filter((id) => id !== follower.id)
    const changed = await leader.changeMembers({ voters, learners: [follower.id] })
    await appliedEverywhere(logs, changed)
    await follower.node.close()
    const store = await openDiskStore({ folder: follower.folder })
    expect(store.recover('orders')?.configurations.at(-1)?.configuration).toEqual(changed.configuration)
    await new Promise<void>((resolve) => store.close(() => resolve()))
  })
})
