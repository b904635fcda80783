import {
  LogClosedError,
  memoryNetwork,
  memoryStore,
  NotLeaderError,
  openNode,
  type NodeId,
  type ReplicatedLog,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import {
  appliedEverywhere,
  closeAfterTest,
  leaderOf,
  openCluster,
  openNodes,
  placesOf,
  rejectionOf,
  TOGETHER,
} from './cluster.ts'

/** The first three are the group; the others are nodes without one, which wait to be let in. */
async function openGroup(
  ids: readonly NodeId[],
): Promise<{ logs: ReplicatedLog[]; waiting: Promise<ReplicatedLog>[] }> {
  const nodes = await openNodes({ ids, network: memoryNetwork() })
  await nodes[0]!.bootstrap('orders', ids.slice(0, 3))
  const opening = nodes.map((node) => node.openLog('orders'))
  return { logs: await Promise.all(opening.slice(0, 3)), waiting: opening.slice(3) }
}

function idOf(log: ReplicatedLog): NodeId {
  return log.status.value.id
}

describe('log.changeMembers', () => {
  it('lets a server in, which has the whole log then, and appends go on meanwhile', async () => {
    const { logs, waiting } = await openGroup(['n1', 'n2', 'n3', 'n4'])
    const leader = await leaderOf(logs)
    const appends = Array.from({ length: 50 }, (_, n) => leader.append(`${n}`))
    const { index, configuration } = await leader.changeMembers({ voters: ['n1', 'n2', 'n3', 'n4'] })
    expect(configuration.voters).toEqual([['n1', 'n2', 'n3', 'n4']])
    const [fourth] = await Promise.all(waiting)
    await Promise.all(appends)
    await appliedEverywhere([...logs, fourth!], await leader.append('last'))
    expect((await placesOf(fourth!, 51)).map(([, text]) => text)).toEqual([...Array(50).keys(), 'last'].map(String))
    expect(fourth!.status.value.configuration).toEqual({ index, configuration })
  })

  it('replaces a server in one call, the leader too: another leads then', async () => {
    const { logs, waiting } = await openGroup(['n1', 'n2', 'n3', 'n4'])
    const leader = await leaderOf(logs)
    const voters = ['n1', 'n2', 'n3', 'n4'].filter((id) => id !== idOf(leader))
    await leader.changeMembers({ voters })
    const members = [...logs.filter((log) => log !== leader), ...(await Promise.all(waiting))]
    const next = await leaderOf(members)
    await appliedEverywhere(members, await next.append('a'))
    expect(leader.status.value.role).toBe('follower')
  })

  it('of a look that is out of date is refused: nobody undoes what he has not seen', async () => {
    const { logs, waiting } = await openGroup(['n1', 'n2', 'n3', 'n4'])
    const leader = await leaderOf(logs)
    const seen = leader.status.value.configuration!.index
    await leader.changeMembers({ voters: ['n1', 'n2', 'n3'], learners: ['n4'], expectedIndex: seen })
    await Promise.all(waiting)
    const refused = leader.changeMembers({ voters: ['n1', 'n2', 'n3'], expectedIndex: seen })
    expect(await rejectionOf(refused)).toMatchObject({ code: 'MEMBERSHIP_CHANGE', reason: 'conflict', group: 'orders' })
  })

  it('waits until the change of somebody else is over', async () => {
    const { logs, waiting } = await openGroup(['n1', 'n2', 'n3', 'n4', 'n5'])
    const leader = await leaderOf(logs)
    const ids = [idOf(leader), ...['n1', 'n2', 'n3'].filter((id) => id !== idOf(leader))]
    const first = leader.changeMembers({ voters: ids.slice(0, 1) })
    const second = leader.changeMembers({ voters: [...ids, 'n4', 'n5'] })
    expect((await first).configuration.voters).toEqual([ids.slice(0, 1)])
    expect((await second).configuration.voters).toEqual([[...ids, 'n4', 'n5']])
    await Promise.all(waiting)
  })

  it('names a new server that is not there, and one that holds another group', async () => {
    const [stranger, ...nodes] = await openNodes({ ids: ['n0', 'n1'], network: memoryNetwork() })
    await stranger!.bootstrap('orders', ['n0'])
    await nodes[0]!.bootstrap('orders', ['n1'])
    const log = await nodes[0]!.openLog('orders')
    await leaderOf([log])
    const missing = log.changeMembers({ voters: ['n1', 'n9'], timeoutMs: 200 })
    expect(await rejectionOf(missing)).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('n9') })
    const other = log.changeMembers({ voters: ['n1', 'n0'] })
    expect(await rejectionOf(other)).toMatchObject({ reason: 'otherGroup', message: expect.stringContaining('n0') })
  })

  it('a server that lost its disk comes back by one call, wherever it stands', async () => {
    const network = memoryNetwork()
    const { nodes, logs, leader, followers } = await openCluster({ network })
    await leader.append('a')
    const lost = nodes[logs.indexOf(followers[0]!)]!
    await lost.close()
    const wiped = closeAfterTest(await openNode({ id: lost.id, network, store: memoryStore(), settings: TOGETHER }))
    const opening = wiped.openLog('orders')
    const { configuration } = await leader.recoverServer(lost.id)
    expect(configuration.voters[0]).toContain(lost.id)
    const log = await opening
    await appliedEverywhere([leader, log], await leader.append('b'))
    expect((await placesOf(log, 2)).map(([, text]) => text)).toEqual(['a', 'b'])
    expect(await rejectionOf(leader.recoverServer('n9'))).toBeInstanceOf(RangeError)
  })

  it('while a server is recovered, a change of somebody else is not undone', async () => {
    const network = memoryNetwork()
    const { nodes, logs, leader, followers } = await openCluster({ network })
    const [lost, leaving] = followers.map((log) => nodes[logs.indexOf(log)]!)
    await lost!.close()
    const recovering = leader.recoverServer(lost!.id)
    await leader.changeMembers({ voters: [idOf(leader)], learners: [leaving!.id, lost!.id] })
    closeAfterTest(await openNode({ id: lost!.id, network, store: memoryStore(), settings: TOGETHER }))
      .openLog('orders')
      .catch(() => {})
    await recovering
    const { configuration } = leader.status.value.configuration!
    expect(configuration.voters).toEqual([[idOf(leader)]])
    expect(configuration.members.map(({ id }) => id)).toEqual([idOf(leader), leaving!.id, lost!.id])
  })

  it('is refused by a server that does not lead, by a closed log, and for what is no group', async () => {
    const { logs } = await openGroup(['n1', 'n2', 'n3'])
    const leader = await leaderOf(logs)
    const follower = logs.find((log) => log !== leader)!
    expect(await rejectionOf(follower.changeMembers({ voters: ['n1'] }))).toBeInstanceOf(NotLeaderError)
    expect(await rejectionOf(leader.changeMembers({ voters: [] }))).toBeInstanceOf(RangeError)
    expect(await rejectionOf(leader.changeMembers({ voters: ['n1', 'n 2'] }))).toBeInstanceOf(TypeError)
    await leader.close()
    expect(await rejectionOf(leader.changeMembers({ voters: ['n1'] }))).toBeInstanceOf(LogClosedError)
  })

  it('ends to be waited for with the signal', async () => {
    const { logs } = await openGroup(['n1', 'n2', 'n3'])
    const leader = await leaderOf(logs)
    const signal = AbortSignal.timeout(100)
    expect(await rejectionOf(leader.changeMembers({ voters: ['n1', 'n9'], signal }))).toBe(signal.reason)
  })
})
