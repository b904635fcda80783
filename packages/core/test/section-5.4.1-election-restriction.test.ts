import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { requestVote, serverWorld } from './world/serverWorld.ts'

describe('§5.4.1 Election restriction', () => {
  it.each([
    { candidate: [3, 2], voter: [1, 2, 2], grants: true, why: 'the same log' },
    { candidate: [4, 2], voter: [1, 2, 2], grants: true, why: 'of the same last term, the longer' },
    { candidate: [2, 2], voter: [1, 2, 2], grants: false, why: 'of the same last term, the shorter' },
    { candidate: [1, 3], voter: [1, 2, 2, 2], grants: true, why: 'of a later last term, though shorter' },
    { candidate: [9, 1], voter: [1, 2], grants: false, why: 'of an earlier last term, though longer' },
    { candidate: [3, 2], voter: [1, 2, 3], grants: false, why: 'of an earlier last term, as long' },
    { candidate: [3, 4], voter: [1, 2, 3], grants: true, why: 'of a later last term, as long' },
  ])('“the voter denies its vote if its own log is more up-to-date”: $why', ({ candidate, voter, grants }) => {
    const world = serverWorld({ log: voter, term: 5 })
    const [index, term] = candidate as [number, number]
    world.receive('S2', requestVote(6, index, term))
    const answer = world.flushAll()
    expect(answer).toEqual([`S2: requestVote.${grants ? 'granted' : 'refused'} term 6`])
    expect(world.state.votedFor).toBe(grants ? 'S2' : undefined)
  })

  it('what it looks at is its whole log, not the durable part: entries that are being written hold a candidate off', () => {
    const world = serverWorld({ log: [1] })
    world.lead()
    world.flushAll()
    world.append('a')
    expect(world.receive('S2', requestVote(3, 2, 2))).toEqual(['write term 3 vote none'])
    expect(world.flushAll()).toEqual(['S2: requestVote.refused term 3'])
  })

  it('“each candidate must contact a majority, which means that every committed entry must be present in at least one of those”: who lacks one is not elected', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    nodes.settle()
    nodes.partition('n3')
    const appended = nodes.append(leader, 'committed')
    nodes.run(200)
    expect(appended.outcomes[0]?.type).toBe('appended')
    nodes.crash('n1')
    nodes.heal()
    nodes.run(5000)
    expect(nodes.leader).toBe('n2')
    nodes.restart('n1')
    nodes.settle()
    for (const id of nodes.ids) expect(nodes.texts(id)).toEqual(['committed'])
  })
})
