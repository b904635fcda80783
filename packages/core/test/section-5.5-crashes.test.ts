import { describe, expect, it } from 'vitest'
import { GROUP, cluster } from './world/cluster.ts'
import { appendEntries, requestVote, serverWorld } from './world/serverWorld.ts'
import { TestRandom } from './world/testRandom.ts'

describe('§5.5 Follower and candidate crashes', () => {
  it('“if a follower or candidate crashes, then future RPCs sent to it will fail; Raft handles these failures by retrying indefinitely”', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    nodes.crash('n3')
    const appended = nodes.append(leader, 'a')
    nodes.run(60_000)
    expect(appended.outcomes[0]?.type).toBe('appended')
    expect(nodes.status(leader).role).toBe('leader')
    nodes.restart('n3')
    nodes.settle(500)
    expect(nodes.texts('n3')).toEqual(['a'])
  })

  it('“if a follower receives an AppendEntries request that includes log entries already present in its log, it ignores those entries”', () => {
    const world = serverWorld({ log: [1], term: 2 })
    const request = appendEntries(2, [1, 1], [2, 2])
    world.receive('S2', request)
    world.flushAll()
    expect(world.receive('S2', request)).toEqual(['S2: appendEntries.accepted term 2 match 3'])
    expect(world.writes).toEqual([])
  })

  it('a server that starts again knows its term, its vote and its log', () => {
    const world = serverWorld({ log: [1, 2, 2], term: 5, votedFor: 'S3' })
    expect(world.state).toMatchObject({ currentTerm: 5, votedFor: 'S3', commitIndex: 0, lastApplied: 0 })
    expect(world.terms).toEqual([1, 2, 2])
    expect(world.receive('S2', requestVote(5, 3, 2))).toEqual(['S2: requestVote.refused term 5'])
    expect(world.receive('S3', requestVote(5, 3, 2))).toEqual(['S3: requestVote.granted term 5'])
  })

  it('it applies its log from the start again, once it hears what is committed', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    for (const text of ['a', 'b', 'c']) nodes.append(leader, text)
    nodes.settle()
    nodes.crash('n2')
    nodes.restart('n2')
    expect(nodes.texts('n2')).toEqual([])
    nodes.settle()
    expect(nodes.texts('n2')).toEqual(['a', 'b', 'c'])
  })

  it('all of them at once, and nothing that was answered is lost', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    const appends = ['a', 'b', 'c'].map((text) => nodes.append(leader, text))
    nodes.run(200)
    expect(appends.every(({ outcomes }) => outcomes[0]?.type === 'appended')).toBe(true)
    for (const id of nodes.ids) nodes.crash(id)
    for (const id of nodes.ids) nodes.restart(id)
    nodes.electLeader()
    nodes.settle()
    for (const id of nodes.ids) expect(nodes.texts(id)).toEqual(['a', 'b', 'c'])
  })

  it('a crash between any two steps of an election and of a replication costs nothing that was promised', () => {
    for (let step = 0; step < 90; step++) {
      const random = new TestRandom(step)
      const nodes = cluster(3, { seed: 4 })
      for (const { store } of nodes.nodes.values()) store.latencyMs = 3
      let steps = 0
      nodes.afterEvent = () => {
        steps++
        if (steps === 30 && nodes.leader !== undefined) nodes.append(nodes.leader, 'a')
      }
      nodes.run(2000, () => steps > 20 + step)
      const victim = random.pick(nodes.ids)
      nodes.crash(victim, random.below(nodes.node(victim).store.waiting + 1))
      const { disk } = nodes.node(victim)
      nodes.restart(victim)
      const state = nodes.state(victim)
      expect({ currentTerm: state.currentTerm, votedFor: state.votedFor }).toEqual(disk.hardStateOf(GROUP))
      expect(nodes.terms(victim)).toBe(
        disk
          .entriesOf(GROUP)
          .map(({ term }) => term)
          .join(' '),
      )
      nodes.electLeader()
      nodes.settle()
      for (const { text, outcomes } of nodes.appends) {
        expect(outcomes, `step ${step}`).toHaveLength(1)
        if (outcomes[0]?.type === 'appended') expect(nodes.texts(victim)).toContain(text)
      }
    }
  })
})
