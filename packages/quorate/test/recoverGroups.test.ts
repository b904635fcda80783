import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { openDiskStore } from '@quorate/disk'
import { memoryNetwork, openNode, type Network, type QuorateNode, type ReplicatedLog } from '@quorate/log'
import { afterEach, describe, expect, test } from 'vitest'
import { inspectStore, NoSuchGroupError, planRecovery, recoverGroups, verifyBackup, writeBackup } from 'quorate'
import { commandsOf, temporaryFolder } from './folders.ts'

const nodes: QuorateNode[] = []

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close()
})

const SETTINGS = { heartbeatIntervalMs: 20, electionTimeoutMinMs: 60, electionTimeoutMaxMs: 120 }

async function openAt(at: string, id: string, network: Network, name = id): Promise<QuorateNode> {
  const node = await openNode({
    id,
    network,
    store: await openDiskStore({ folder: join(at, name), segmentBytes: 1024 * 1024 }),
    settings: SETTINGS,
  })
  nodes.push(node)
  return node
}

/** Servers a, b and c of a group, on folders of these names. */
async function openThree(at: string, network: Network): Promise<QuorateNode[]> {
  const opened = await Promise.all(['a', 'b', 'c'].map((id) => openAt(at, id, network)))
  await opened[0]!.bootstrap('orders', ['a', 'b', 'c'])
  return opened
}

async function leaderAmong(logs: readonly ReplicatedLog[]): Promise<ReplicatedLog> {
  for (;;) {
    const leader = logs.find(({ status }) => status.value.role === 'leader')
    if (leader !== undefined) return leader
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function closeAll(): Promise<void> {
  for (const node of nodes.splice(0)) await node.close()
}

describe('a group that is recovered', () => {
  test('lets new servers catch up through the configurations that it had before', async () => {
    const at = temporaryFolder()
    const network = memoryNetwork()
    const logs = await Promise.all((await openThree(at, network)).map((node) => node.openLog('orders')))
    const leader = await leaderAmong(logs)
    const lines = (name: string): Promise<unknown> =>
      leader.append(
        Array.from({ length: 200 }, (_, place) => `${name} ${place} ${'x'.repeat(1000)}`),
        { timeoutMs: 20_000 },
      )
    await lines('first')
    const [one, other] = logs.filter((log) => log !== leader).map(({ status }) => status.value.id)
    const { id } = leader.status.value
    await leader.changeMembers({ voters: [id, one!], learners: [other!] })
    await lines('second')
    await leader.changeMembers({ voters: [id, one!, other!] })
    await lines('third')
    const commands = await commandsOf(leader)
    await closeAll()

    const plan = await planRecovery({ folder: join(at, id), to: join(at, 'new'), id: 'x' })
    expect(plan.groups[0]).toMatchObject({
      givenUp: expect.arrayContaining([one, other]) as string[],
      mayLoseCommitted: true,
    })
    const [founded] = await recoverGroups({ folder: join(at, id), to: join(at, 'new'), id: 'x' })
    const elsewhere = memoryNetwork()
    const recovered = await (await openAt(at, 'x', elsewhere, 'new')).openLog('orders')
    await leaderAmong([recovered])
    expect(recovered.status.value.configuration).toMatchObject({
      index: founded!.index,
      configuration: { groupUuid: founded!.groupUuid, origin: founded!.origin, voters: [['x']] },
    })
    const opening = Promise.all(
      ['y', 'z'].map(async (name) => (await openAt(at, name, elsewhere)).openLog('orders', { joinTimeoutMs: 20_000 })),
    )
    await recovered.changeMembers({ voters: ['x', 'y', 'z'] })
    const all = [recovered, ...(await opening)]
    await all[1]!.append('goes on')
    for (const log of all) expect((await commandsOf(log)).slice(0, -1)).toEqual(commands)
  })

  test('is one of those that are named, or all', async () => {
    const at = temporaryFolder()
    const network = memoryNetwork()
    const opened = await openThree(at, network)
    await opened[0]!.bootstrap('others', ['a', 'b', 'c'])
    for (const group of ['orders', 'others']) {
      const logs = await Promise.all(opened.map((node) => node.openLog(group)))
      await logs[2]!.append(`of ${group}`, { timeoutMs: 20_000 })
      await logs[2]!.readIndex()
    }
    await closeAll()
    const folder = join(at, 'c')
    await expect(recoverGroups({ folder, to: join(at, 'new'), id: 'c', groups: ['nothing'] })).rejects.toThrow(
      NoSuchGroupError,
    )
    await recoverGroups({ folder, to: join(at, 'one'), id: 'c', groups: ['others'] })
    expect((await inspectStore(join(at, 'one'))).groups.map(({ group }) => group)).toEqual(['others'])
    await recoverGroups({ folder, to: join(at, 'all'), id: 'c' })
    const node = await openAt(at, 'c', memoryNetwork(), 'all')
    for (const group of ['orders', 'others']) {
      const log = await node.openLog(group)
      await leaderAmong([log])
      expect(await commandsOf(log)).toEqual([expect.stringMatching(` of ${group}$`)])
    }
  })

  test('can be recovered, and backed up, again', async () => {
    const at = temporaryFolder()
    const logs = await Promise.all((await openThree(at, memoryNetwork())).map((node) => node.openLog('orders')))
    await logs[2]!.append('first', { timeoutMs: 20_000 })
    await logs[2]!.readIndex()
    await closeAll()
    await recoverGroups({ folder: join(at, 'c'), to: join(at, 'second'), id: 'c' })
    const second = await (await openAt(at, 'c', memoryNetwork(), 'second')).openLog('orders')
    await second.append('second', { timeoutMs: 20_000 })
    const file = join(at, 'second.backup')
    await writeBackup(file, second.backup())
    expect((await verifyBackup(file)).head.configuration.configuration.origin).toMatchObject({ reason: 'recovery' })
    await closeAll()
    await recoverGroups({ folder: join(at, 'second'), to: join(at, 'third'), id: 'd' })
    const third = await (await openAt(at, 'd', memoryNetwork(), 'third')).openLog('orders')
    await third.append('third', { timeoutMs: 20_000 })
    expect((await commandsOf(third)).map((line) => line.split(' ')[2])).toEqual(['first', 'second', 'third'])
  })
})

test('of folders to compare, those of another group of the name say nothing', async () => {
  const at = temporaryFolder()
  const logs = await Promise.all((await openThree(at, memoryNetwork())).map((node) => node.openLog('orders')))
  await logs[0]!.append('one', { timeoutMs: 20_000 })
  await logs[2]!.readIndex()
  await closeAll()
  cpSync(join(at, 'a'), join(at, 'copy'), { recursive: true })
  await recoverGroups({ folder: join(at, 'a'), to: join(at, 'other'), id: 'b' })
  const [plan] = (
    await planRecovery({
      folder: join(at, 'c'),
      to: join(at, 'new'),
      id: 'c',
      compare: [join(at, 'other'), join(at, 'copy')],
    })
  ).groups
  expect(plan).toMatchObject({
    otherGroups: [join(at, 'other')],
    compared: [{ folder: join(at, 'copy'), id: 'a' }],
    unseen: ['b'],
    mayLoseCommitted: false,
  })
})
