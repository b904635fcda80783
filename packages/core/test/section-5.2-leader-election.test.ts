import { PAPER_SETTINGS } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { appendEntries, requestVote, serverWorld, type ServerWorld } from './world/serverWorld.ts'
import { TestRandom } from './world/testRandom.ts'

function candidate(servers: number = 3, log: number[] = [1]): ServerWorld {
  const world = serverWorld({ servers, log })
  world.timeOut()
  world.flushAll()
  return world
}

describe('§5.2 Leader election', () => {
  describe('followers', () => {
    it('“when servers start up, they begin as followers”', () => {
      expect(serverWorld({ log: [1, 3, 3], term: 5, votedFor: 'S1' }).role).toBe('follower')
    })

    it('“a server remains in follower state as long as it receives valid RPCs from a leader”', () => {
      const world = serverWorld()
      world.receive('S2', appendEntries(2, [1, 1]))
      for (let round = 0; round < 20; round++) {
        expect(world.elapse(140)).toEqual([])
        world.receive('S2', appendEntries(2, [1, 1]))
      }
      expect(world.role).toBe('follower')
      expect(world.state.currentTerm).toBe(2)
    })

    it('AppendEntries with entries, and rejected ones too, are words of the leader', () => {
      const world = serverWorld()
      world.receive('S2', appendEntries(2, [1, 1]))
      for (let index = 1; index < 20; index++) {
        expect(world.elapse(140)).toEqual([])
        world.receive('S2', index % 2 === 0 ? appendEntries(2, [50, 2]) : appendEntries(2, [1, 1], [2]))
      }
      expect(world.role).toBe('follower')
    })

    it('“if a follower receives no communication over a period of time called the election timeout … it begins an election”', () => {
      const world = serverWorld()
      world.receive('S2', appendEntries(2, [1, 1]))
      world.flushAll()
      expect(world.elapse(149)).toEqual([])
      expect(world.elapse(2)).toEqual(['poll'])
      expect(world.poll()).toEqual(['write term 3 vote S1'])
      expect(world.role).toBe('candidate')
    })

    it('after a pause of the event loop it looks at the sockets first: a heartbeat that waits there calls off the election', () => {
      const world = serverWorld()
      expect(world.elapse(5000)).toEqual(['poll'])
      world.receive('S2', appendEntries(2, [1, 1]))
      world.poll()
      expect(world.role).toBe('follower')
      expect(world.state.currentTerm).toBe(2)
      expect(world.elapse(140)).toEqual([])
      expect(world.timeOut()).toContain('write term 3 vote S1')
    })

    it('a pause of the process that hosts all of them, however long, costs no election while heartbeats are on their way', () => {
      const nodes = cluster(3)
      nodes.electLeader('n1')
      nodes.settle()
      const { term } = nodes.status('n1')
      for (let round = 0; round < 20; round++) {
        const { handOvers } = nodes.network
        const before = handOvers.length
        nodes.run(100, () => handOvers.slice(before).some(({ from }) => from === 'n1'))
        nodes.clock.pause(1000)
        nodes.run(1)
      }
      expect(nodes.status('n1')).toMatchObject({ role: 'leader', term })
    })

    it('a refused request for a vote does not put the timeout off; a granted one does', () => {
      const refusing = serverWorld({ log: [1, 2], term: 2 })
      refusing.elapse(140)
      expect(refusing.receive('S2', requestVote(3, 1, 1))).toEqual(['write term 3 vote none'])
      expect(refusing.elapse(15)).toEqual(['poll'])

      const granting = serverWorld({ log: [1, 2], term: 2 })
      granting.elapse(140)
      granting.receive('S2', requestVote(3, 2, 2))
      expect(granting.elapse(145)).toEqual([])
      expect(granting.elapse(10)).toEqual(['poll'])
    })

    it('a server that no configuration names votes, for a later one may name it (thesis §4.1), and never stands', () => {
      const world = serverWorld({ id: 'S9', log: [1] })
      expect(world.receive('S2', requestVote(2, 5, 1))).toEqual(['write term 2 vote S2'])
      expect(world.flush()).toEqual(['S2: requestVote.granted term 2'])
      expect(world.elapse(10_000)).toEqual([])
      expect(world.role).toBe('follower')
    })
  })

  describe('the election timeout', () => {
    it('“election timeouts are chosen randomly from a fixed interval (e.g., 150–300ms)”', () => {
      for (const [chance, timeoutMs] of [
        [0, 150],
        [0.5, 225],
        [0.999, 299.85],
      ] as const) {
        const world = serverWorld()
        world.receive('S2', appendEntries(2, [1, 1]))
        world.flushAll()
        world.chances = [chance, chance, chance]
        world.elapse(149)
        world.receive('S2', appendEntries(2, [1, 1]))
        world.elapse(1)
        expect(world.state.electionTimeoutMs).toBeCloseTo(timeoutMs)
        expect(world.elapse(timeoutMs - 3)).toEqual([])
        expect(world.elapse(5)).toEqual(['poll'])
      }
    })

    it('the interval is configurable', () => {
      const world = serverWorld({ settings: { electionTimeoutMinMs: 1000, electionTimeoutMaxMs: 2000 } })
      expect(world.elapse(999)).toEqual([])
      expect(world.elapse(2)).toEqual(['poll'])
    })

    it('“each candidate restarts its randomized election timeout at the start of an election”: it is drawn anew each time', () => {
      const random = new TestRandom(5)
      const world = serverWorld()
      const timeouts = new Set<number>()
      for (let round = 0; round < 10; round++) {
        world.chances = [random.next(), random.next(), random.next()]
        world.timeOut()
        timeouts.add(world.state.electionTimeoutMs)
      }
      expect(timeouts.size).toBe(10)
    })

    it('draws for follower after follower too, as long as it hears its leader', () => {
      const world = serverWorld()
      const before = world.draws
      for (let round = 0; round < 10; round++) {
        world.elapse(100)
        world.receive('S2', appendEntries(2, [1, 1]))
      }
      expect(world.draws - before).toBeGreaterThanOrEqual(5)
    })
  })

  describe('candidates', () => {
    it('“it then votes for itself and issues RequestVote RPCs in parallel to each of the other servers”, its vote being durable first', () => {
      const world = serverWorld({ servers: 5, log: [1, 1, 1] })
      expect(world.timeOut()).toEqual(['write term 2 vote S1'])
      expect(world.state).toMatchObject({ currentTerm: 2, votedFor: 'S1' })
      expect(world.flush()).toEqual(['S2', 'S3', 'S4', 'S5'].map((voter) => `${voter}: requestVote term 2 last 3/1`))
    })

    it.each([
      { servers: 1, granted: 0, becomes: 'leader' },
      { servers: 2, granted: 0, becomes: 'candidate' },
      { servers: 2, granted: 1, becomes: 'leader' },
      { servers: 3, granted: 0, becomes: 'candidate' },
      { servers: 3, granted: 1, becomes: 'leader' },
      { servers: 4, granted: 1, becomes: 'candidate' },
      { servers: 4, granted: 2, becomes: 'leader' },
      { servers: 5, granted: 1, becomes: 'candidate' },
      { servers: 5, granted: 2, becomes: 'leader' },
    ])(
      '“a candidate wins an election if it receives votes from a majority”: $granted others of $servers make it $becomes',
      ({ servers, granted, becomes }) => {
        const world = candidate(servers)
        for (let n = 0; n < granted; n++) world.receive(`S${n + 2}`, { type: 'requestVote.granted', term: 2 })
        expect(world.role).toBe(becomes)
      },
    )

    it('its own vote counts only once it is durable, in a group of one too', () => {
      const world = serverWorld({ servers: 1 })
      world.timeOut()
      expect(world.role).toBe('candidate')
      world.flush()
      expect(world.role).toBe('leader')
    })

    it('a vote that is durable too late, for a term that is over, does not count for the next', () => {
      const world = serverWorld()
      world.timeOut()
      world.receive('S2', { type: 'requestVote.refused', term: 5 })
      world.timeOut()
      expect(world.state).toMatchObject({ currentTerm: 6, votedFor: 'S1' })
      world.flush()
      expect([...world.state.votes]).toEqual([])
      world.flushAll()
      expect([...world.state.votes]).toEqual(['S1'])
    })

    it('while its own vote is not durable nobody has been asked, and it begins no new round', () => {
      const world = serverWorld()
      world.timeOut()
      for (let n = 0; n < 10; n++) world.timeOut()
      expect(world.state.currentTerm).toBe(2)
      expect(world.state.durability.held).toHaveLength(2)
      expect(world.flush()).toEqual(['S2: requestVote term 2 last 1/1', 'S3: requestVote term 2 last 1/1'])
      world.timeOut()
      expect(world.state.currentTerm).toBe(3)
    })

    it('the vote of a server counts once, however often it is heard', () => {
      const world = candidate(5)
      for (let n = 0; n < 5; n++) world.receive('S2', { type: 'requestVote.granted', term: 2 })
      expect(world.role).toBe('candidate')
    })

    it('“for the same term”: votes of an older round do not count', () => {
      const world = candidate(5)
      world.receive('S2', { type: 'requestVote.granted', term: 2 })
      world.timeOut()
      world.flushAll()
      world.receive('S3', { type: 'requestVote.granted', term: 2 })
      world.receive('S4', { type: 'requestVote.granted', term: 2 })
      world.receive('S5', { type: 'requestVote.granted', term: 3 })
      expect(world.role).toBe('candidate')
      expect([...world.state.votes].sort()).toEqual(['S1', 'S5'])
    })

    it('refusals do not count', () => {
      const world = candidate()
      world.receive('S2', { type: 'requestVote.refused', term: 2 })
      world.receive('S3', { type: 'requestVote.refused', term: 2 })
      expect(world.role).toBe('candidate')
    })

    it('“if the leader’s term is at least as large as the candidate’s current term, the candidate recognizes the leader as legitimate”: the message is handled in the same turn, once', () => {
      const world = candidate()
      expect(world.receive('S2', appendEntries(2, [1, 1], [2], 1))).toEqual(['write entries 2/2'])
      expect(world.role).toBe('follower')
      expect(world.state).toMatchObject({ leaderId: 'S2', votedFor: 'S1', commitIndex: 1 })
      expect(world.flush()).toEqual(['S2: appendEntries.accepted term 2 match 2'])
    })

    it('“if the term in the RPC is smaller … the candidate rejects the RPC and continues in candidate state”', () => {
      const world = serverWorld({ log: [1, 2], term: 4 })
      world.timeOut()
      world.flushAll()
      expect(world.receive('S2', appendEntries(4, [1, 1], [2], 1))).toEqual([
        'S2: appendEntries.rejected term 5 prev 1 hint 1/1',
      ])
      expect(world.role).toBe('candidate')
      expect(world.state).toMatchObject({ commitIndex: 0, leaderId: undefined })
    })

    it('“each candidate will time out and start a new election by incrementing its term”, with a new draw', () => {
      const world = candidate()
      world.chances = [0.4]
      expect(world.timeOut()).toEqual(['write term 3 vote S1'])
      expect(world.state.electionTimeoutMs).toBe(210)
      expect(world.flush()).toEqual(['S2: requestVote term 3 last 1/1', 'S3: requestVote term 3 last 1/1'])
    })

    it('it looks at the sockets before a new round: a vote that waits there still counts', () => {
      const world = candidate()
      expect(world.elapse(151)).toEqual(['poll'])
      world.receive('S2', { type: 'requestVote.granted', term: 2 })
      expect(world.role).toBe('leader')
      world.poll()
      expect(world.role).toBe('leader')
    })

    it('a split vote is resolved: with random timeouts some candidate is first', () => {
      const nodes = cluster(4, { draws: { n1: 0.5, n2: 0.5, n3: 0.5, n4: 0.5 } })
      nodes.run(600)
      const roles = nodes.ids.map((id) => nodes.status(id).role)
      expect(roles.every((role) => role === 'candidate')).toBe(true)
      nodes.draws.clear()
      nodes.electLeader()
      nodes.settle()
    })
  })

  describe('votes', () => {
    it('“each server will vote for at most one candidate in a given term, on a first-come-first-served basis”', () => {
      const world = serverWorld()
      expect(world.receive('S2', requestVote(2, 1, 1))).toEqual(['write term 2 vote S2'])
      expect(world.receive('S3', requestVote(2, 9, 1))).toEqual([])
      expect(world.flush()).toEqual(['S2: requestVote.granted term 2', 'S3: requestVote.refused term 2'])
    })

    it('the same candidate may ask again: the first answer may have been lost', () => {
      const world = serverWorld()
      world.receive('S2', requestVote(2, 1, 1))
      world.flushAll()
      expect(world.receive('S2', requestVote(2, 1, 1))).toEqual(['S2: requestVote.granted term 2'])
      expect(world.writes).toEqual([])
    })

    it('a candidate and a leader have voted for themselves', () => {
      const asCandidate = candidate()
      expect(asCandidate.receive('S2', requestVote(2, 9, 1))).toEqual(['S2: requestVote.refused term 2'])
      asCandidate.receive('S3', { type: 'requestVote.granted', term: 2 })
      expect(asCandidate.receive('S2', requestVote(2, 9, 1))).toEqual(['S2: requestVote.refused term 2'])
    })

    it('a vote outlives a restart: it is not given twice', () => {
      const nodes = cluster(3, { draws: { n1: 0, n2: 0.1, n3: 0.999 }, settings: PAPER_SETTINGS })
      nodes.network.isHeld = true
      nodes.run(170)
      nodes.network.deliverHeld(({ from, to }) => from === 'n1' && to === 'n3')
      nodes.run(1)
      expect(nodes.state('n3')).toMatchObject({ currentTerm: 2, votedFor: 'n1' })
      nodes.crash('n3')
      nodes.restart('n3')
      nodes.network.deliverHeld(({ from, to }) => from === 'n2' && to === 'n3')
      nodes.run(1)
      const answers = nodes.network.letters.filter(({ from }) => from === 'n3').flatMap(({ packet }) => packet.messages)
      expect(answers.map(({ type }) => type)).toEqual(['requestVote.granted', 'requestVote.refused'])
    })
  })

  describe('heartbeats', () => {
    function gapsBetweenWords(load: boolean, latencyMs: number = 1): { longestMs: number; heartbeats: number } {
      const nodes = cluster(3)
      nodes.network.latencyMs = latencyMs
      const leader = nodes.electLeader('n1')
      nodes.settle()
      nodes.network.handOvers.length = 0
      const start = nodes.clock.now()
      for (let ms = 0; ms < 3000; ms += 10) {
        if (load) nodes.append(leader, `at ${ms}`)
        nodes.run(10)
      }
      const words = nodes.network.handOvers.filter(({ from }) => from === leader)
      let longestMs = 0
      for (const follower of ['n2', 'n3']) {
        let last = start
        for (const { to, atMs } of words) {
          if (to !== follower) continue
          longestMs = Math.max(longestMs, atMs - last)
          last = atMs
        }
        longestMs = Math.max(longestMs, nodes.clock.now() - last)
      }
      const heartbeats = words.filter(({ packets }) =>
        packets.some(({ messages }) =>
          messages.some((message) => message.type === 'appendEntries' && message.entries.length === 0),
        ),
      ).length
      return { longestMs, heartbeats }
    }

    it('“leaders send periodic heartbeats (AppendEntries RPCs that carry no log entries) to all followers”: none waits longer than the interval', () => {
      const { longestMs, heartbeats } = gapsBetweenWords(false)
      expect(longestMs).toBeLessThanOrEqual(50)
      expect(heartbeats).toBeGreaterThanOrEqual(2 * (3000 / 50))
    })

    it('ordinary AppendEntries are heartbeats: no extra one is sent while they flow', () => {
      const { longestMs, heartbeats } = gapsBetweenWords(true, 0)
      expect(longestMs).toBeLessThanOrEqual(50)
      // What is sent without entries tells the commit index, at most once an append and follower.
      const world = serverWorld()
      world.lead()
      world.flushAll()
      world.accept('S2', 2)
      world.tick()
      world.append('a')
      expect(world.tick().filter((line) => line.startsWith('S2'))).toEqual([])
      world.append('b')
      expect(world.tick().filter((line) => line.startsWith('S2'))).toEqual([])
      expect(world.tick().filter((line) => line.startsWith('S2'))).toHaveLength(1)
      expect(heartbeats).toBeLessThanOrEqual(2 * 301)
    })

    it('a leader holds its place as long as a majority is there, and nobody else stands for election', () => {
      const nodes = cluster(5)
      const leader = nodes.electLeader()
      const { term } = nodes.status(leader)
      nodes.run(20_000)
      for (const id of nodes.ids) expect(nodes.status(id)).toMatchObject({ term, leaderId: leader })
    })
  })
})
