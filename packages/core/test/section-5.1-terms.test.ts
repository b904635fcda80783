import type { RaftMessage } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { appendEntries, requestVote, serverWorld, type ServerWorld } from './world/serverWorld.ts'

function messagesOfTerm(term: number): RaftMessage[] {
  return [
    requestVote(term, 9, term - 1),
    { type: 'requestVote.granted', term },
    { type: 'requestVote.refused', term },
    appendEntries(term, [1, 1]),
    { type: 'appendEntries.accepted', term, session: 1, round: 0, matchIndex: 1, machineVersion: 1 },
    { type: 'appendEntries.rejected', term, session: 1, round: 0, prevLogIndex: 1, hint: { index: 0, term: 0 } },
  ]
}

function follower(): ServerWorld {
  return serverWorld({ log: [1, 2], term: 2 })
}

function candidate(): ServerWorld {
  const world = serverWorld({ log: [1], term: 1 })
  world.timeOut()
  world.flushAll()
  return world
}

function leader(): ServerWorld {
  const world = serverWorld({ log: [1], term: 1 })
  world.lead()
  world.flushAll()
  return world
}

describe('§5.1 Terms', () => {
  it('“terms are numbered with consecutive integers”: each candidacy begins the next', () => {
    const world = serverWorld({ log: [1], term: 1 })
    const terms = [1, 2, 3].map(() => {
      world.timeOut()
      world.flushAll()
      return world.state.currentTerm
    })
    expect(terms).toEqual([2, 3, 4])
  })

  it.each(messagesOfTerm(7))(
    '“if one server’s current term is smaller than the other’s, then it updates to the larger value”: $type',
    (message) => {
      const world = follower()
      world.receive('S2', message)
      expect(world.state.currentTerm).toBe(7)
      expect(world.writes[0]?.hardState?.currentTerm).toBe(7)
    },
  )

  it.each(messagesOfTerm(7))(
    '“if a candidate discovers that its term is out of date, it immediately reverts to follower state”: $type',
    (message) => {
      const world = candidate()
      world.receive('S2', message)
      expect(world.role).toBe('follower')
      expect(world.state).toMatchObject({ currentTerm: 7, votes: new Set(), failure: undefined })
    },
  )

  it.each(messagesOfTerm(7))(
    '“if a leader discovers that its term is out of date, it immediately reverts to follower state”: $type',
    (message) => {
      const world = leader()
      world.receive('S2', message)
      expect(world.role).toBe('follower')
      expect(world.state).toMatchObject({ currentTerm: 7, peers: new Map(), failure: undefined })
    },
  )

  it('the vote of a term is for that term: in a newer one it is free again', () => {
    const world = serverWorld({ log: [1], term: 4, votedFor: 'S3' })
    world.receive('S2', requestVote(5, 1, 1))
    expect(world.state).toMatchObject({ currentTerm: 5, votedFor: 'S2' })
  })

  it('a message of a newer term changes the role first and is then handled by the new role, in the same turn, once', () => {
    const world = leader()
    expect(world.receive('S2', appendEntries(5, [1, 1], [5, 5], 1))).toEqual([
      'write term 5 vote none, cut after 1, entries 2/5 3/5',
    ])
    expect(world.state).toMatchObject({ leaderId: 'S2', currentTerm: 5 })
    expect(world.flush()).toEqual(['S2: appendEntries.accepted term 5 match 3'])
    expect(world.terms).toEqual([1, 5, 5])
  })

  it('a request for a vote of a newer term is answered by the leader that it deposes, once', () => {
    const world = leader()
    expect(world.receive('S2', requestVote(5, 2, 2))).toEqual(['write term 5 vote S2'])
    expect(world.flush()).toEqual(['S2: requestVote.granted term 5'])
  })

  it.each([
    ['follower', follower],
    ['leader', leader],
    ['candidate', candidate],
  ])('“if a server receives a request with a stale term number, it rejects the request”: a %s', (role, start) => {
    const world = start()
    expect(world.receive('S3', requestVote(1, 9, 1))).toEqual(['S3: requestVote.refused term 2'])
    expect(world.receive('S3', appendEntries(1, [1, 1], [1]))).toEqual([
      'S3: appendEntries.rejected term 2 prev 1 hint 1/1',
    ])
    expect(world.role).toBe(role)
    expect(world.state.currentTerm).toBe(2)
  })

  it('a candidate of an older term has no vote, however long its log', () => {
    const world = serverWorld({ log: [1, 2], term: 5 })
    expect(world.receive('S3', requestVote(4, 9, 3))).toEqual(['S3: requestVote.refused term 5'])
    expect(world.state.votedFor).toBeUndefined()
  })

  it('a stale request is no word of the leader: it does not keep a follower in place', () => {
    const world = follower()
    world.elapse(140)
    world.receive('S3', appendEntries(1, [1, 1]))
    expect(world.elapse(15)).toEqual(['poll'])
  })

  it('a newer term alone is no reason to wait longer for a leader', () => {
    const world = follower()
    world.elapse(140)
    world.receive('S3', { type: 'requestVote.refused', term: 9 })
    expect(world.elapse(15)).toEqual(['poll'])
  })

  it('an answer of an older term counts for nothing, though a process that restarted gives out the same sessions', () => {
    const world = leader()
    world.append('a')
    const session = world.session('S2')
    // Said to this server when it led term 1: S2 had entries up to 3 then, and lost them to another leader since.
    expect(world.accept('S2', 3, 1, session)).toEqual([])
    expect(world.state.peers.get('S2')).toMatchObject({ matchIndex: 0 })
    expect(world.state.commitIndex).toBe(0)
  })

  it('an answer of an older term, about more than the leader holds, does not stop the leader', () => {
    const world = leader()
    world.accept('S2', 9, 1)
    expect(world.role).toBe('leader')
    expect(world.state.failure).toBeUndefined()
  })

  it('a term never falls', () => {
    const world = serverWorld({ log: [1, 2], term: 8 })
    for (const message of messagesOfTerm(3)) world.receive('S2', message)
    expect(world.state.currentTerm).toBe(8)
  })
})
