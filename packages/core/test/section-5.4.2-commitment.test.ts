import { describe, expect, it } from 'vitest'
import { GROUP, cluster, type Cluster } from './world/cluster.ts'
import { logOf, serverWorld } from './world/serverWorld.ts'

/** Five servers with these logs on their disks, all down. */
function figure8(logs: readonly (readonly number[])[], terms: readonly number[]): Cluster {
  // One entry a message, and none ahead of its acknowledgement, so that the old one can travel alone.
  const nodes = cluster(5, { settings: { maxBatchBytes: 60, maxInflightEntries: 1 } })
  for (const [place, id] of nodes.ids.entries()) {
    nodes.crash(id)
    nodes.node(id).disk.flush({
      group: GROUP,
      hardState: { currentTerm: terms[place]!, votedFor: undefined },
      truncateAfter: 1,
      snapshot: undefined,
      entries: logOf(logs[place]!).slice(1),
    })
  }
  return nodes
}

/** The log on disk, without the first entry, which is the configuration. */
function onDisk(nodes: Cluster, id: string): number[] {
  return nodes
    .node(id)
    .disk.entriesOf(GROUP)
    .slice(1)
    .map(({ term }) => term)
}

describe('§5.4.2 Committing entries from previous terms', () => {
  // (a) S1 leads term 2 and has replicated its entry to S2 alone. (b) S5 leads term 3, by votes of S3, S4 and itself,
  // and has an entry of its own at the same index. (c) S1 restarts, leads term 4 and brings the entry of term 2 to S3.
  function stepC() {
    const nodes = figure8([[1, 2], [1, 2], [1], [1], [1, 3]], [3, 3, 3, 3, 3])
    nodes.draws.set('n1', 0).set('n2', 0.999).set('n3', 0.999)
    for (const id of ['n1', 'n2', 'n3']) nodes.restart(id)
    return nodes
  }

  it('Figure 8 (a): an entry of the leader’s own term on a minority is not committed', () => {
    const nodes = cluster(5)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.partition('n1', 'n2')
    const appended = nodes.append('n1', 'a')
    nodes.run(100)
    expect(nodes.state('n1').peers.get('n2')!.matchIndex).toBe(nodes.status('n1').lastIndex)
    expect(nodes.status('n1').commitIndex).toBe(nodes.status('n1').lastIndex - 1)
    expect(appended.outcomes).toEqual([])
  })

  it('Figure 8 (b): S5 is elected with votes of S3, S4 and itself', () => {
    const nodes = figure8([[1, 2], [1, 2], [1], [1], [1]], [2, 2, 2, 2, 2])
    for (const id of ['n3', 'n4', 'n5']) nodes.restart(id)
    nodes.electLeader('n5')
    expect(nodes.status('n5').role).toBe('leader')
    expect(onDisk(nodes, 'n5')).toEqual([nodes.status('n5').term])
  })

  it('Figure 8 (c): “a log entry from term 2 has been replicated on a majority of the servers, but it is not committed”', () => {
    const world = serverWorld({ servers: 5, log: [1, 2], term: 3 })
    world.lead()
    world.flushAll()
    world.accept('S2', 2)
    world.accept('S3', 2)
    expect(world.state.log.termAt(2)).toBe(2)
    expect(world.state.commitIndex).toBe(0)
    expect(world.applied).toEqual([])
  })

  it('Figure 8 (d): “if S1 crashes as in (d), S5 could be elected leader … and overwrite the entry with its own entry from term 3”', () => {
    const nodes = stepC()
    // Entries of its own term are lost wherever they would be taken.
    nodes.network.loses = ({ to, packet }) =>
      packet.messages.some(
        (message) =>
          message.type === 'appendEntries' &&
          message.entries.some(({ term }) => term > 3) &&
          nodes.node(to).disk.holds(GROUP, message.prevLog),
      )
    nodes.run(250, () => onDisk(nodes, 'n3').length > 0)
    expect(nodes.leader).toBe('n1')
    expect([onDisk(nodes, 'n2'), onDisk(nodes, 'n3')]).toEqual([[2], [2]])
    expect(nodes.status('n1').commitIndex).toBe(0)
    nodes.network.loses = () => false
    for (const id of ['n1', 'n2', 'n3']) nodes.crash(id)
    nodes.draws.clear()

    for (const id of ['n2', 'n3', 'n4', 'n5']) nodes.restart(id)
    nodes.electLeader('n5')
    nodes.restart('n1')
    nodes.settle()
    for (const id of nodes.ids) expect(onDisk(nodes, id).slice(0, 1)).toEqual([3])
  })

  it('Figure 8 (e): “if S1 replicates an entry from its current term on a majority before crashing, this entry is committed”, S5 cannot win, and “all preceding entries in the log are committed as well”', () => {
    const nodes = stepC()
    nodes.electLeader('n1')
    nodes.draws.clear()
    expect(nodes.status('n1').commitIndex).toBe(3)
    nodes.run(300)
    nodes.crash('n1')
    for (const id of ['n4', 'n5']) nodes.restart(id)
    nodes.run(5000)
    expect(['n2', 'n3', 'n4']).toContain(nodes.leader)
    nodes.restart('n1')
    nodes.settle()
    for (const id of nodes.ids) expect(onDisk(nodes, id).slice(0, 1)).toEqual([2])
  })

  it('“only log entries from the leader’s current term are committed by counting replicas; once an entry has been committed in this way, then all prior entries are committed indirectly”', () => {
    const world = serverWorld({ log: [1, 2, 2], term: 2 })
    world.lead()
    world.accept('S2', 3)
    world.accept('S3', 3)
    expect(world.state.commitIndex).toBe(0)
    world.flushAll()
    expect(world.state.commitIndex).toBe(0)
    world.accept('S2', 4)
    expect(world.state.commitIndex).toBe(4)
    expect(world.applied).toEqual([1, 2, 3, 4])
  })

  it.each([
    { servers: 1, holding: 0, commits: true },
    { servers: 2, holding: 0, commits: false },
    { servers: 3, holding: 0, commits: false },
    { servers: 3, holding: 1, commits: true },
    { servers: 4, holding: 1, commits: false },
    { servers: 5, holding: 1, commits: false },
    { servers: 5, holding: 2, commits: true },
  ])(
    'an entry that the leader and $holding of $servers hold is committed: $commits',
    ({ servers, holding, commits }) => {
      const world = serverWorld({ servers })
      world.lead()
      world.flushAll()
      for (let n = 0; n < holding; n++) world.accept(`S${n + 2}`, 2)
      expect(world.state.commitIndex).toBe(commits ? 2 : 0)
    },
  )

  it('what is committed is what a majority reached, however unequal the others are', () => {
    const world = serverWorld({ servers: 5 })
    world.lead()
    world.append('a', 'b', 'c', 'd')
    world.flushAll()
    world.accept('S4', 6)
    world.accept('S2', 3)
    expect(world.state.commitIndex).toBe(3)
    world.accept('S5', 5)
    expect(world.state.commitIndex).toBe(5)
  })
})
