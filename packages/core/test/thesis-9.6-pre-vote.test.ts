import type { PreVote } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { appendEntries, requestVote, serverWorld, type ServerWorld } from './world/serverWorld.ts'

const THESIS = { preVote: true, checkQuorum: true }

/** A server that has started long ago. */
function world(log: readonly number[] = [1, 2], term: number = 2): ServerWorld {
  const made = serverWorld({ log, term, settings: THESIS })
  made.chances = [0.9]
  made.elapse(149)
  made.elapse(5)
  return made
}

function preVote(term: number, index: number, lastTerm: number): PreVote {
  return { type: 'preVote', term, round: 1, lastLog: { index, term: lastTerm } }
}

describe('thesis §9.6 Preventing disruptions when a server rejoins the cluster', () => {
  it('“a candidate only increments its term if it first learns from a majority of the cluster that they would be willing to grant the candidate their votes”', () => {
    const candidate = serverWorld({ log: [1, 2], term: 2, settings: THESIS })
    expect(candidate.timeOut()).toEqual(['S2: preVote term 2 round 1 last 2/2', 'S3: preVote term 2 round 1 last 2/2'])
    expect([candidate.role, candidate.state.currentTerm, candidate.state.votedFor]).toEqual(['candidate', 2, undefined])
    expect(candidate.receive('S3', { type: 'preVote.granted', term: 2, round: 1 })).toEqual(['write term 3 vote S1'])
    expect(candidate.flush()).toEqual(['S2: requestVote term 3 last 2/2', 'S3: requestVote term 3 last 2/2'])
    candidate.receive('S2', { type: 'requestVote.granted', term: 3 })
    expect(candidate.role).toBe('leader')
  })

  it('nothing is written, however often it asks in vain', () => {
    const candidate = serverWorld({ servers: 5, log: [1, 2], term: 2, settings: THESIS })
    for (let round = 1; round <= 20; round++) {
      candidate.timeOut()
      candidate.receive('S2', { type: 'preVote.granted', term: 2, round })
      candidate.receive('S3', { type: 'preVote.refused', term: 2, round })
    }
    expect([candidate.writes, candidate.state.currentTerm, candidate.state.preVoteRound]).toEqual([[], 2, 20])
  })

  it('answers to an earlier question, or twice by the same server, count for nothing', () => {
    const candidate = serverWorld({ servers: 5, log: [1, 2], term: 2, settings: THESIS })
    candidate.timeOut()
    candidate.receive('S2', { type: 'preVote.granted', term: 2, round: 1 })
    candidate.timeOut()
    candidate.receive('S3', { type: 'preVote.granted', term: 2, round: 1 })
    candidate.receive('S4', { type: 'preVote.granted', term: 2, round: 2 })
    candidate.receive('S4', { type: 'preVote.granted', term: 2, round: 2 })
    expect(candidate.state.currentTerm).toBe(2)
    candidate.receive('S5', { type: 'preVote.granted', term: 2, round: 2 })
    expect(candidate.state.currentTerm).toBe(3)
  })

  it('a late answer to who leads by now begins no election', () => {
    const leader = serverWorld({ log: [1, 2], term: 2, settings: THESIS })
    leader.timeOut()
    leader.receive('S3', { type: 'preVote.granted', term: 2, round: 1 })
    leader.flushAll()
    leader.receive('S2', { type: 'requestVote.granted', term: 3 })
    leader.flushAll()
    expect(leader.receive('S2', { type: 'preVote.granted', term: 3, round: 1 })).toEqual([])
    expect(leader.receive('S2', { type: 'preVote.granted', term: 2, round: 1 })).toEqual([])
    expect([leader.role, leader.state.currentTerm]).toEqual(['leader', 3])
  })

  it.each([
    ['the same log', preVote(2, 2, 2), 'granted'],
    ['a longer log', preVote(2, 3, 2), 'granted'],
    ['a shorter log', preVote(2, 1, 1), 'refused'],
    ['an older term', preVote(1, 9, 1), 'refused'],
  ])('a voter that hears no leader answers as it would vote, and changes nothing: %s', (_, question, answer) => {
    const voter = world()
    const { lastContactMs } = voter.state
    expect(voter.receive('S2', question)).toEqual([`S2: preVote.${answer} term 2 round 1`])
    expect([voter.writes, voter.state.votedFor, voter.state.lastContactMs]).toEqual([[], undefined, lastContactMs])
  })

  it('one that has already voted in this term would vote in the next', () => {
    const voter = world()
    voter.receive('S3', requestVote(3, 2, 2))
    voter.flushAll()
    expect(voter.receive('S2', preVote(3, 2, 2))).toEqual(['S2: preVote.granted term 3 round 1'])
  })

  it('a newer term in the question is adopted, as any is (§5.1), and then it is answered', () => {
    const voter = world()
    expect(voter.receive('S2', preVote(4, 2, 2))).toEqual(['write term 4 vote none'])
    expect(voter.flush()).toEqual(['S2: preVote.granted term 4 round 1'])
  })

  it('who is the only voter asks nobody, and waits for nobody', () => {
    const alone = serverWorld({ servers: 1, settings: THESIS })
    expect(alone.timeOut()).toEqual(['write term 2 vote S1'])
  })

  it('a server that no configuration names answers, for a later one may name it; one that knows of none says nothing', () => {
    const stranger = serverWorld({ id: 'S9', settings: THESIS })
    stranger.elapse(1000)
    expect(stranger.receive('S2', preVote(1, 9, 1))).toEqual(['S2: preVote.granted term 1 round 1'])
    const blank = serverWorld({ log: [], settings: THESIS })
    blank.elapse(1000)
    expect(blank.receive('S2', preVote(0, 9, 1))).toEqual([])
  })

  it('a candidate that hears of a leader of its term follows it', () => {
    const candidate = serverWorld({ log: [1, 2], term: 2, settings: THESIS })
    candidate.timeOut()
    candidate.receive('S2', appendEntries(2, [2, 2]))
    expect([candidate.role, candidate.state.leaderId]).toEqual(['follower', 'S2'])
    expect(candidate.receive('S3', { type: 'preVote.granted', term: 2, round: 1 })).toEqual([])
    expect(candidate.state.currentTerm).toBe(2)
  })

  it('a server that was cut off for long deposes nobody when it returns', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    const { term } = nodes.status('n1')
    for (let time = 0; time < 10; time++) {
      nodes.partition('n3')
      nodes.append('n1', `a${time}`)
      nodes.run(1500)
      expect(nodes.status('n3')).toMatchObject({ role: 'candidate', term })
      nodes.heal()
      nodes.run(500)
      expect(nodes.status('n1')).toMatchObject({ role: 'leader', term })
    }
    nodes.settle()
  })

  it('nor does one whose own ears are broken: it hears nobody, and everybody hears it', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    const { term } = nodes.status('n1')
    nodes.network.loses = ({ to }) => to === 'n3'
    nodes.run(5000)
    expect(nodes.status('n1')).toMatchObject({ role: 'leader', term })
  })
})

describe('thesis §4.2.3 Disruptive servers', () => {
  it('“if a server receives a RequestVote request within the minimum election timeout of hearing from a current leader, it does not update its term or grant its vote”', () => {
    const voter = world()
    voter.receive('S2', appendEntries(2, [2, 2]))
    voter.elapse(149)
    expect(voter.receive('S3', requestVote(3, 9, 2))).toEqual([])
    expect(voter.state.currentTerm).toBe(2)
    voter.elapse(2)
    expect(voter.receive('S3', requestVote(3, 9, 2))).toEqual(['write term 3 vote S3'])
  })

  it('it refuses pre-votes for as long, whatever the log of who asks', () => {
    const voter = world()
    voter.receive('S2', appendEntries(2, [2, 2]))
    voter.elapse(149)
    expect(voter.receive('S3', preVote(2, 9, 2))).toEqual(['S3: preVote.refused term 2 round 1'])
    voter.elapse(2)
    expect(voter.receive('S3', preVote(2, 9, 2))).toEqual(['S3: preVote.granted term 2 round 1'])
  })

  it('so does the leader itself, while a majority answers it', () => {
    const leader = serverWorld({ log: [1, 2], term: 2, settings: { ...THESIS, preVote: false } })
    leader.lead()
    leader.flushAll()
    expect(leader.receive('S3', requestVote(9, 9, 9))).toEqual([])
    expect(leader.receive('S3', preVote(3, 9, 3))).toEqual(['S3: preVote.refused term 3 round 1'])
    expect([leader.role, leader.state.currentTerm]).toEqual(['leader', 3])
  })

  it('a process that has just started does not know what its former one heard, and waits as long', () => {
    const voter = serverWorld({ log: [1, 2], term: 2, settings: THESIS })
    voter.elapse(149)
    expect(voter.receive('S3', requestVote(3, 9, 2))).toEqual([])
    voter.elapse(2)
    expect(voter.receive('S3', requestVote(3, 9, 2))).toEqual(['write term 3 vote S3'])
  })

  it('a candidate that the leader has sent is heard', () => {
    const voter = world()
    voter.receive('S2', appendEntries(2, [2, 2]))
    expect(voter.receive('S3', { ...requestVote(3, 2, 2), isTransfer: true })).toEqual(['write term 3 vote S3'])
  })
})
