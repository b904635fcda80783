import { describe, expect, it } from 'vitest'
import { GROUP, cluster } from './world/cluster.ts'
import { appendEntries, requestVote, serverWorld } from './world/serverWorld.ts'

describe('“updated on stable storage before responding to RPCs” (Figure 2)', () => {
  describe('term and vote', () => {
    it('are one record', () => {
      const world = serverWorld()
      world.receive('S2', requestVote(4, 1, 1))
      expect(world.writes.map(({ hardState }) => hardState)).toEqual([{ currentTerm: 4, votedFor: 'S2' }])
    })

    it.each([
      ['a vote', requestVote(4, 1, 1), 'S2: requestVote.granted term 4'],
      ['the refusal of a vote', requestVote(4, 1, 0), 'S2: requestVote.refused term 4'],
      ['an acknowledgement', appendEntries(4, [1, 1]), 'S2: appendEntries.accepted term 4 match 1'],
      ['a rejection', appendEntries(4, [9, 3]), 'S2: appendEntries.rejected term 4 prev 9 hint 1/1'],
    ])('of a new term are durable before %s of that term leaves', (_, message, answer) => {
      const world = serverWorld()
      expect(world.receive('S2', message).filter((line) => line.startsWith('S2'))).toEqual([])
      expect(world.flush()).toEqual([answer])
    })

    it('a vote in a term that is durable already, is durable before it is given', () => {
      const world = serverWorld({ log: [1], term: 5 })
      expect(world.receive('S2', requestVote(5, 1, 1))).toEqual(['write term 5 vote S2'])
      expect(world.flush()).toEqual(['S2: requestVote.granted term 5'])
    })

    it('are durable before a request of that term leaves', () => {
      const world = serverWorld()
      expect(world.timeOut()).toEqual(['write term 2 vote S1'])
      expect(world.flush()).toHaveLength(2)
    })

    it('a message waits for the write that makes it true, not for an earlier one', () => {
      const world = serverWorld()
      world.receive('S2', appendEntries(2, [1, 1], [2]))
      world.receive('S2', requestVote(3, 5, 2))
      expect(world.flush()).toEqual([])
      expect(world.flush()).toEqual(['S2: requestVote.granted term 3'])
    })

    it('a term that is durable is not written again with every entry', () => {
      const world = serverWorld({ log: [1, 2], term: 2 })
      expect(world.receive('S2', appendEntries(2, [2, 2], [2]))).toEqual(['write entries 3/2'])
    })
  })

  describe('what is held back', () => {
    it('for an older term never leaves after the term has changed', () => {
      const world = serverWorld()
      world.receive('S2', requestVote(2, 1, 1))
      world.receive('S3', requestVote(3, 1, 1))
      expect(world.flush()).toEqual([])
      expect(world.flush()).toEqual(['S3: requestVote.granted term 3'])
    })

    it('an acknowledgement of a former leader’s entries never leaves in the term of the next', () => {
      const world = serverWorld()
      world.receive('S2', appendEntries(2, [1, 1], [2, 2]))
      world.receive('S3', requestVote(3, 9, 2))
      expect(world.flush()).toEqual([])
      expect(world.state.durability.durableIndex).toBe(3)
      expect(world.flush()).toEqual(['S3: requestVote.granted term 3'])
    })

    it('a candidate’s requests do not leave once the term is over', () => {
      const world = serverWorld()
      world.timeOut()
      world.receive('S2', requestVote(9, 1, 1))
      expect(world.flush()).toEqual([])
    })
  })

  describe('a completion', () => {
    it('of entries counts only for what the log still holds', () => {
      const world = serverWorld({ log: [1], term: 2 })
      world.receive('S2', appendEntries(2, [1, 1], [2, 2, 2]))
      world.receive('S3', appendEntries(3, [2, 2], [3]))
      world.flush()
      expect(world.state.durability.durableIndex).toBe(2)
      world.flush()
      expect(world.state.durability.durableIndex).toBe(3)
    })

    it('of the first of two writes of the same entry, cut between them, acknowledges nothing', () => {
      const world = serverWorld({ log: [1], term: 2 })
      expect(world.receive('S2', appendEntries(2, [1, 1], [2]))).toEqual(['write entries 2/2'])
      expect(world.receive('S3', appendEntries(3, [1, 1], [3]))).toEqual([
        'write term 3 vote none, cut after 1, entries 2/3',
      ])
      expect(world.receive('S2', appendEntries(4, [1, 1], [2], 2))).toEqual([
        'write term 4 vote none, cut after 1, entries 2/2',
      ])
      expect(world.flush()).toEqual([])
      expect(world.state.durability.durableIndex).toBe(1)
      expect(world.flush()).toEqual([])
      expect(world.applied).toEqual([1])
      expect(world.flush()).toEqual([
        'S2: appendEntries.accepted term 4 match 1',
        'S2: appendEntries.accepted term 4 match 2',
      ])
      expect(world.applied).toEqual([1, 2])
    })

    it('the same, when both cuts fall into one write', () => {
      const world = serverWorld({ log: [1], term: 2 })
      world.receive('S2', appendEntries(2, [1, 1], [2, 2]))
      const lines = world.input(() => {
        world.server.receive('S3', appendEntries(3, [1, 1], [3]))
        world.server.receive('S2', appendEntries(4, [1, 1], [2, 2]))
      })
      expect(lines).toEqual(['write term 4 vote none, cut after 1, entries 2/2 3/2'])
      expect(world.flush()).toEqual([])
      expect(world.state.durability.durableIndex).toBe(1)
      expect(world.flush()).toEqual([
        'S2: appendEntries.accepted term 4 match 1',
        'S2: appendEntries.accepted term 4 match 3',
      ])
    })

    it('after a leader has stepped down commits nothing', () => {
      const world = serverWorld()
      world.lead()
      world.flushAll()
      world.accept('S2', 2)
      world.append('a')
      world.accept('S2', 2)
      world.receive('S3', requestVote(9, 9, 9))
      world.flush()
      expect(world.state.commitIndex).toBe(2)
      expect(world.role).toBe('follower')
    })

    it('after a leader was deposed and led again counts for the entries that are still there', () => {
      const world = serverWorld()
      world.lead()
      world.flushAll()
      world.append('a')
      world.receive('S3', requestVote(3, 1, 1))
      world.timeOut()
      expect(world.state.currentTerm).toBe(4)
      world.flushAll()
      world.receive('S2', { type: 'requestVote.granted', term: 4 })
      expect(world.role).toBe('leader')
      expect(world.state.durability.durableIndex).toBe(3)
      world.accept('S2', 4)
      world.flushAll()
      expect(world.state.commitIndex).toBe(4)
    })

    it('the writes of a group complete in order: another order is a fault, and stops the server', () => {
      const world = serverWorld({ log: [1], term: 2 })
      world.receive('S2', appendEntries(2, [1, 1], [2]))
      world.receive('S2', appendEntries(2, [2, 2], [2]))
      world.writes.reverse()
      expect(world.flush()).toEqual([])
      expect(world.role).toBe('stopped')
    })
  })

  describe('a failed write', () => {
    it('stops the server: nothing that depended on it leaves, and callers are told that the outcome is unknown', () => {
      const nodes = cluster(3)
      const leader = nodes.electLeader('n1')
      nodes.settle()
      const { store } = nodes.node(leader)
      store.isHeld = true
      const appended = nodes.append(leader, 'a')
      nodes.run(20)
      expect(appended.outcomes).toEqual([])
      store.fail('no space left')
      store.complete()
      nodes.run(1)
      expect(appended.outcomes).toMatchObject([{ type: 'unknown' }])
      expect(nodes.status(leader)).toMatchObject({ role: 'stopped' })
      expect(nodes.status(leader).failure).toMatchObject({
        code: 'SERVER_STOPPED',
        cause: { message: 'no space left' },
      })
      const { handOvers } = nodes.network
      const before = handOvers.length
      nodes.run(3000)
      expect(handOvers.slice(before).filter(({ from }) => from === leader)).toEqual([])
      expect(['n2', 'n3']).toContain(nodes.leader)
    })

    it('of a vote keeps the vote back', () => {
      const world = serverWorld()
      world.receive('S2', requestVote(2, 1, 1))
      const lines = world.input(() => world.server.fail(new Error('no space left')))
      expect(lines).toEqual([])
      expect(world.receive('S2', requestVote(2, 1, 1))).toEqual([])
      expect(world.role).toBe('stopped')
    })

    it('appends to a server that has stopped are refused', () => {
      const world = serverWorld()
      world.server.fail(new Error('no space left'))
      expect(world.append('a')).toEqual(['answer a: notLeader'])
    })
  })

  it('a slow disk of a follower holds up neither the others nor its own heartbeats', () => {
    const nodes = cluster(3)
    const leader = nodes.electLeader('n1')
    nodes.settle()
    nodes.node('n3').store.isHeld = true
    const { term } = nodes.status(leader)
    const appends = Array.from({ length: 20 }, (_, n) => {
      nodes.run(100)
      return nodes.append(leader, `${n}`)
    })
    nodes.run(100)
    expect(appends.every(({ outcomes }) => outcomes[0]?.type === 'appended')).toBe(true)
    expect(nodes.status('n3')).toMatchObject({ term, leaderId: leader, lastApplied: 2 })
    expect(nodes.node('n3').disk.entriesOf(GROUP)).toHaveLength(2)
    nodes.node('n3').store.release()
    nodes.settle()
  })
})
