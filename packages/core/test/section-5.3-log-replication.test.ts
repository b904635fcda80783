import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { appendEntries, logOf, serverIds, serverWorld, type ServerWorld } from './world/serverWorld.ts'
import { TestRandom } from './world/testRandom.ts'

/** A leader whose log is `1, its no-op 2`, both durable, with S2 and S3 supplied. */
function leader(options: Parameters<typeof serverWorld>[0] = {}): ServerWorld {
  const world = serverWorld(options)
  world.lead()
  world.flushAll()
  for (const id of world.state.peers.keys()) world.accept(id, world.state.log.lastIndex)
  return world
}

function to(id: string, lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith(`${id}:`))
}

/** Figure 7: the leader of term 8, and the logs of its followers when it comes to power. */
const FIGURE_7 = {
  leader: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
  a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
  b: [1, 1, 1, 4],
  c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  e: [1, 1, 1, 4, 4, 4, 4],
  f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
} as const

/** Carries messages between a leader and one follower until both are silent; returns the probes it took. */
function converse(first: ServerWorld, second: ServerWorld, follower: string): number {
  let probes = 0
  let [toFollower, toLeader] = [first.messages.filter((send) => send.to === follower), [] as typeof first.messages]
  for (let round = 0; round < 200 && toFollower.length + toLeader.length > 0; round++) {
    const answers: typeof first.messages = []
    for (const { message } of toFollower) {
      probes++
      second.receive('S1', message)
      answers.push(...second.messages)
      while (second.writes.length > 0) {
        second.flush()
        answers.push(...second.messages)
      }
    }
    toLeader = answers
    toFollower = []
    for (const { message } of toLeader) {
      first.receive(follower, message)
      toFollower.push(...first.messages.filter((send) => send.to === follower))
      if (first.reads.length > 0) {
        first.serveReads()
        toFollower.push(...first.messages.filter((send) => send.to === follower))
      }
    }
    toLeader = []
  }
  return probes
}

describe('§5.3 Log replication', () => {
  describe('the leader', () => {
    it('“appends the command to its log as a new entry, then issues AppendEntries RPCs in parallel”, to its own disk too', () => {
      const world = leader()
      expect(world.append('a')).toEqual([
        'S2: appendEntries term 2 prev 2/2 entries 3/2 commit 2',
        'S3: appendEntries term 2 prev 2/2 entries 3/2 commit 2',
        'write entries 3/2',
      ])
    })

    it('an append of several commands is one message and one write', () => {
      const world = leader()
      expect(world.append('a', 'b', 'c')).toEqual([
        'S2: appendEntries term 2 prev 2/2 entries 3/2 4/2 5/2 commit 2',
        'S3: appendEntries term 2 prev 2/2 entries 3/2 4/2 5/2 commit 2',
        'write entries 3/2 4/2 5/2',
      ])
    })

    it('“when the entry has been safely replicated, the leader applies the entry … and returns the result”', () => {
      const world = leader()
      world.append('a')
      world.flush()
      expect(world.applied).toEqual([1, 2])
      expect(world.accept('S3', 3)).toContain('answer a: appended')
      expect(world.applied).toEqual([1, 2, 3])
    })

    it('counts itself only when its own disk has the entry', () => {
      const world = leader()
      world.append('a')
      expect(world.accept('S2', 3)).toEqual([])
      expect(world.state.commitIndex).toBe(2)
      expect(world.flush()).toContain('answer a: appended')
    })

    it('an entry that the others have made durable is committed without its own disk, and applied only with it', () => {
      const world = leader()
      world.append('a')
      world.accept('S2', 3)
      world.accept('S3', 3)
      expect(world.state.commitIndex).toBe(3)
      expect(world.applied).toEqual([1, 2])
      world.flush()
      expect(world.applied).toEqual([1, 2, 3])
    })

    it('“the leader retries AppendEntries RPCs indefinitely”: a lost message is found by the next heartbeat', () => {
      const world = leader()
      world.append('a')
      world.flushAll()
      world.tick()
      expect(to('S2', world.tick())).toEqual(['S2: appendEntries term 2 prev 3/2 entries none commit 2'])
      expect(to('S2', world.reject('S2', 3, { index: 2, term: 2 }))).toEqual([
        'S2: appendEntries term 2 prev 2/2 entries 3/2 commit 2',
      ])
      for (let round = 0; round < 20; round++) {
        world.tick()
        expect(to('S2', world.tick())).toEqual(['S2: appendEntries term 2 prev 2/2 entries 3/2 commit 2'])
      }
      world.accept('S2', 3)
      expect(world.state.commitIndex).toBe(3)
    })

    it('“even if followers crash or run slowly, or if network packets are lost … until all followers eventually store all log entries”', () => {
      const nodes = cluster(3, { settings: { maxInflightEntries: 4 } })
      const lead = nodes.electLeader('n1')
      const lost = new TestRandom(3)
      nodes.network.loses = () => lost.happens(0.4)
      for (let n = 0; n < 50; n++) {
        nodes.append(lead, `${n}`)
        nodes.run(20)
      }
      nodes.network.loses = () => false
      nodes.run(1000)
      nodes.electLeader()
      nodes.settle()
      const [first, ...others] = nodes.ids.map((id) => nodes.texts(id))
      for (const texts of others) expect(texts).toEqual(first)
      for (const { text, outcomes } of nodes.appends) {
        expect(outcomes).toHaveLength(1)
        expect(first!.includes(text)).toBe(outcomes[0]!.type === 'appended')
      }
    })

    it('a full window, all of it lost, or all its answers, does not stall', () => {
      const nodes = cluster(3, { settings: { maxInflightEntries: 4, maxBatchBytes: 60 } })
      const lead = nodes.electLeader('n1')
      nodes.settle()
      for (const lostType of ['appendEntries', 'appendEntries.accepted']) {
        nodes.network.loses = ({ packet }) =>
          packet.messages.some(
            (message) => message.type === lostType && (message.type !== 'appendEntries' || message.entries.length > 0),
          )
        const appends = Array.from({ length: 12 }, (_, n) => nodes.append(lead, `${lostType} ${n}`))
        nodes.run(200)
        expect(appends[11]!.outcomes).toEqual([])
        nodes.network.loses = () => false
        nodes.run(500)
        expect(appends.map(({ outcomes }) => outcomes[0]?.type)).toEqual(Array(12).fill('appended'))
      }
    })

    it('“the leader initializes all nextIndex values to the index just after the last one in its log”', () => {
      const world = serverWorld({ log: [1, 1, 2], term: 2 })
      expect(world.lead().slice(0, 2)).toEqual([
        'S2: appendEntries term 3 prev 3/2 entries 4/3 commit 0',
        'S3: appendEntries term 3 prev 3/2 entries 4/3 commit 0',
      ])
      expect([...world.state.peers.values()]).toMatchObject([
        { nextIndex: 4, matchIndex: 0 },
        { nextIndex: 4, matchIndex: 0 },
      ])
    })

    it('asks one question at a time until the logs agree, then sends ahead of the acknowledgements', () => {
      const world = serverWorld({ log: [1] })
      world.lead()
      expect(to('S2', world.append('a'))).toEqual([])
      expect(to('S2', world.accept('S2', 2))).toEqual(['S2: appendEntries term 2 prev 2/2 entries 3/2 commit 0'])
      expect(to('S2', world.append('b'))).toEqual(['S2: appendEntries term 2 prev 3/2 entries 4/2 commit 0'])
      expect(to('S2', world.append('c'))).toEqual(['S2: appendEntries term 2 prev 4/2 entries 5/2 commit 0'])
      expect(to('S3', world.append('d'))).toEqual([])
    })

    it('runs no further ahead than the window of entries, and goes on with each acknowledgement', () => {
      const world = leader({ settings: { maxInflightEntries: 2 } })
      expect(to('S2', world.append('a'))).toHaveLength(1)
      expect(to('S2', world.append('b'))).toHaveLength(1)
      expect(to('S2', world.append('c'))).toHaveLength(0)
      expect(to('S2', world.append('d'))).toHaveLength(0)
      expect(to('S2', world.accept('S2', 3))[0]).toContain('entries 5/2')
    })

    it('runs no further ahead than the window of bytes', () => {
      const world = leader({ settings: { maxInflightBytes: 150, maxBatchBytes: 60 } })
      const sent = ['a', 'b', 'c', 'd', 'e'].map((text) => to('S2', world.append(text)).length)
      expect(sent).toEqual([1, 1, 1, 1, 0])
      expect(world.state.peers.get('S2')!.inflightBytes).toBeLessThan(150 + 60)
      world.accept('S2', 6)
      expect(world.state.peers.get('S2')!.inflightBytes).toBeLessThan(60)
    })

    it('one message carries as much as maxBatchBytes allows, and an entry that is larger goes alone', () => {
      const world = leader({ settings: { maxBatchBytes: 120 } })
      expect(to('S2', world.append('a', 'b', 'c', 'x'.repeat(500), 'd'))).toEqual([
        'S2: appendEntries term 2 prev 2/2 entries 3/2 4/2 commit 2',
        'S2: appendEntries term 2 prev 4/2 entries 5/2 commit 2',
        'S2: appendEntries term 2 prev 5/2 entries 6/2 commit 2',
        'S2: appendEntries term 2 prev 6/2 entries 7/2 commit 2',
      ])
    })

    it('the connection comes back: what was under way is asked for again', () => {
      const world = leader()
      world.append('a')
      world.append('b')
      const lines = world.input(() => world.server.handle({ type: 'connection.restored' }))
      expect(to('S2', lines)).toEqual(['S2: appendEntries term 2 prev 2/2 entries 3/2 4/2 commit 2'])
    })

    it('an acknowledgement of another session is dropped', () => {
      const world = leader()
      world.append('a')
      world.flush()
      const session = world.session('S2')
      expect(world.accept('S2', 3, 2, session - 1)).toEqual([])
      expect(world.accept('S2', 3, 2, session + 5)).toEqual([])
      expect(world.state.commitIndex).toBe(2)
      world.accept('S2', 3, 2, session)
      expect(world.state.commitIndex).toBe(3)
    })

    it('an acknowledgement of a server that is no member is dropped', () => {
      const world = leader()
      world.append('a')
      world.flush()
      expect(world.accept('S9', 3, 2, 1)).toEqual([])
      expect(world.state.commitIndex).toBe(2)
    })

    it('matchIndex never falls: late acknowledgements and rejections change nothing', () => {
      const world = leader()
      world.append('a')
      world.append('b')
      world.accept('S2', 4)
      world.accept('S2', 3)
      world.accept('S2', 2)
      world.reject('S2', 2, { index: 1, term: 1 })
      world.reject('S2', 4, { index: 1, term: 1 })
      expect(world.state.peers.get('S2')).toMatchObject({ matchIndex: 4, nextIndex: 5 })
      expect(world.state.failure).toBeUndefined()
    })

    it('while it probes, only the answer to its latest question counts', () => {
      const world = serverWorld({ log: [1, 1, 1, 1, 1], settings: { backtracking: 'entry' } })
      world.lead()
      world.flushAll()
      const nextIndex = (): number => world.state.peers.get('S2')!.nextIndex
      world.reject('S2', 5, { index: 5, term: 1 })
      expect(nextIndex()).toBe(5)
      world.reject('S2', 4, { index: 4, term: 1 })
      expect(nextIndex()).toBe(4)
      for (const late of [5, 4, 2]) {
        world.reject('S2', late, { index: late, term: 1 })
        expect(nextIndex()).toBe(4)
      }
    })

    it('a rejection of what it never sent in this session, as an answer to an older leader repeats it, is ignored', () => {
      const world = leader()
      expect(world.reject('S2', 38, { index: 30, term: 1 })).toEqual([])
      expect(world.role).toBe('leader')
      expect(world.state.peers.get('S2')).toMatchObject({ matchIndex: 2, nextIndex: 3 })
    })

    it('an idle follower is told at once that what it holds is committed', () => {
      const world = leader()
      world.append('a')
      world.flush()
      world.accept('S2', 3)
      const lines = world.input(() => world.server.handle({ type: 'commitIndex.advanced' }))
      expect(lines).toEqual([
        'S2: appendEntries term 2 prev 3/2 entries none commit 3',
        'S3: appendEntries term 2 prev 3/2 entries none commit 3',
      ])
      expect(world.input(() => world.server.handle({ type: 'commitIndex.advanced' }))).toEqual([])
    })

    it('“entries are numbered sequentially”, and their times never fall, though the clock of a leader may', () => {
      const world = leader()
      world.append('a')
      const before = world.clock.wallTime()
      world.clock.wallTime = () => before - 1_000_000
      world.append('b', 'c')
      const entries = world.writes.flatMap((write) => write.entries)
      expect(entries.map(({ index }) => index)).toEqual([3, 4, 5])
      expect(entries.every(({ time }) => time >= before)).toBe(true)
    })
  })

  describe('a follower', () => {
    it('appends what follows its log, writes it, and acknowledges it when it is durable', () => {
      const world = serverWorld({ log: [1] })
      expect(world.receive('S2', appendEntries(2, [1, 1], [2, 2]))).toEqual(['write term 2 vote none, entries 2/2 3/2'])
      expect(world.flush()).toEqual(['S2: appendEntries.accepted term 2 match 3'])
    })

    it('names only durable indexes: what is being written is not acknowledged', () => {
      const world = serverWorld({ log: [1] })
      world.receive('S2', appendEntries(2, [1, 1], [2]))
      expect(world.receive('S2', appendEntries(2, [2, 2], [2]))).toEqual(['write entries 3/2'])
      expect(world.flush()).toEqual(['S2: appendEntries.accepted term 2 match 2'])
      expect(world.flush()).toEqual(['S2: appendEntries.accepted term 2 match 3'])
    })

    it('a heartbeat in a durable term is answered at once, however slow the disk, with what is durable', () => {
      const world = serverWorld({ log: [1, 2], term: 2 })
      world.receive('S2', appendEntries(2, [2, 2], [2]))
      expect(world.receive('S2', appendEntries(2, [3, 2]))).toEqual(['S2: appendEntries.accepted term 2 match 2'])
    })

    it('“if the follower does not find an entry in its log with the same index and term, then it refuses the new entries”', () => {
      const world = serverWorld({ log: [1, 2, 2], term: 3 })
      expect(world.receive('S2', appendEntries(3, [3, 3], [3]))).toEqual([
        'S2: appendEntries.rejected term 3 prev 3 hint 3/2',
      ])
      expect(world.receive('S2', appendEntries(3, [4, 3], [3]))).toEqual([
        'S2: appendEntries.rejected term 3 prev 4 hint 3/2',
      ])
      expect(world.receive('S2', appendEntries(3, [7, 3]))).toEqual([
        'S2: appendEntries.rejected term 3 prev 7 hint 3/2',
      ])
      expect(world.terms).toEqual([1, 2, 2])
      expect(world.state.commitIndex).toBe(0)
    })

    it('“if an existing entry conflicts with a new one, delete the existing entry and all that follow it”', () => {
      const world = serverWorld({ log: [1, 2, 2, 2], term: 3 })
      expect(world.receive('S2', appendEntries(3, [2, 2], [3]))).toEqual(['write cut after 2, entries 3/3'])
      expect(world.terms).toEqual([1, 2, 3])
      expect(world.flush()).toEqual(['S2: appendEntries.accepted term 3 match 3'])
    })

    it('delayed, doubled and reordered requests never remove entries that match', () => {
      const world = serverWorld({ log: [1] })
      const requests = [
        appendEntries(2, [1, 1], [2]),
        appendEntries(2, [2, 2], [2]),
        appendEntries(2, [1, 1], [2, 2, 2]),
        appendEntries(2, [3, 2], [2, 2]),
        appendEntries(2, [1, 1]),
      ]
      for (const place of [0, 1, 3, 2, 3, 0, 1, 4, 0, 2]) {
        const { lastIndex } = world.state.log
        world.receive('S2', requests[place]!)
        expect(world.state.log.lastIndex).toBeGreaterThanOrEqual(lastIndex)
        expect(world.writes.every(({ truncateAfter }) => truncateAfter === undefined)).toBe(true)
      }
      expect(world.terms).toEqual([1, 2, 2, 2, 2])
    })

    it('“set commitIndex = min(leaderCommit, index of last new entry)”: never beyond what this leader has verified', () => {
      const world = serverWorld({ log: [1, 2, 2, 2, 2], term: 3 })
      world.receive('S2', appendEntries(3, [2, 2], [], 5))
      expect(world.state.commitIndex).toBe(2)
      world.receive('S2', appendEntries(3, [2, 2], [2], 5))
      expect(world.state.commitIndex).toBe(3)
      world.receive('S2', appendEntries(3, [3, 2], [3, 3], 4))
      expect(world.state.commitIndex).toBe(4)
      expect(world.terms).toEqual([1, 2, 2, 3, 3])
    })

    it('acknowledges no more than this leader has verified, though its log is longer', () => {
      const world = serverWorld({ log: [1, 2, 2, 2, 2], term: 3 })
      expect(world.receive('S2', appendEntries(3, [2, 2]))).toEqual(['S2: appendEntries.accepted term 3 match 2'])
      expect(world.receive('S2', appendEntries(3, [1, 1], [2, 2]))).toEqual([
        'S2: appendEntries.accepted term 3 match 3',
      ])
    })

    it('its commit index never falls', () => {
      const world = serverWorld({ log: [1, 2, 2], term: 2 })
      world.receive('S2', appendEntries(2, [3, 2], [], 3))
      world.receive('S2', appendEntries(2, [3, 2], [], 1))
      world.receive('S2', appendEntries(2, [1, 1], [], 3))
      expect(world.state.commitIndex).toBe(3)
    })

    it('applies no entry above what its own disk has', () => {
      const world = serverWorld({ log: [1] })
      world.receive('S2', appendEntries(2, [1, 1], [2, 2], 3))
      expect(world.applied).toEqual([1])
      world.flush()
      expect(world.applied).toEqual([1, 2, 3])
    })

    it('answers to a session of its leader that is over say nothing', () => {
      const world = serverWorld({ log: [1], term: 2 })
      world.receive('S2', appendEntries(2, [1, 1], [], 0, 7))
      expect(world.receive('S2', appendEntries(2, [1, 1], [2], 0, 6))).toEqual([])
      expect(world.terms).toEqual([1])
    })
  })

  describe('Figure 7', () => {
    it.each(['a', 'b', 'c', 'd', 'e', 'f'] as const)(
      '“when the leader at the top comes to power, it is possible that any of scenarios (a–f) could occur”: (%s) ends with the leader’s log',
      (scenario) => {
        for (const backtracking of ['entry', 'term'] as const) {
          const top = serverWorld({ log: FIGURE_7.leader, term: 7, settings: { backtracking } })
          const other = serverWorld({ id: 'S2', log: FIGURE_7[scenario], term: 7 })
          top.lead()
          top.flushAll()
          top.tick()
          top.tick()
          converse(top, other, 'S2')
          expect(other.terms).toEqual([...FIGURE_7.leader, 8])
          expect(top.state.peers.get('S2')).toMatchObject({ matchIndex: 11, nextIndex: 12 })
          expect([top.state.failure, other.state.failure]).toEqual([undefined, undefined])
        }
      },
    )

    it.each([
      { scenario: 'b', entry: 9, term: 4 },
      { scenario: 'f', entry: 10, term: 4 },
      { scenario: 'e', entry: 8, term: 4 },
    ] as const)(
      '“the protocol can be optimized to reduce the number of rejected AppendEntries”: ($scenario) is brought up in $term messages by term, in $entry by entry',
      ({ scenario, entry, term }) => {
        const probes = (['entry', 'term'] as const).map((backtracking) => {
          const top = serverWorld({ log: FIGURE_7.leader, term: 7, settings: { backtracking } })
          const other = serverWorld({ id: 'S2', log: FIGURE_7[scenario], term: 7 })
          top.lead()
          top.flushAll()
          top.tick()
          top.tick()
          return converse(top, other, 'S2')
        })
        expect(probes).toEqual([entry, term])
      },
    )

    it('in one cluster of seven, all at once', () => {
      const nodes = cluster(7)
      const logs = Object.values(FIGURE_7)
      for (const [place, id] of nodes.ids.entries()) {
        nodes.crash(id)
        const entries = logOf(logs[place]!).slice(1)
        const { disk } = nodes.node(id)
        const hardState = { currentTerm: 7, votedFor: undefined }
        disk.flush({ group: 'orders', hardState, truncateAfter: 1, snapshot: undefined, entries })
      }
      for (const id of nodes.ids) nodes.restart(id)
      nodes.electLeader('n1')
      nodes.settle()
      const expected = nodes.terms('n1')
      expect(expected.startsWith('1 1 1 4 4 5 5 6 6 6')).toBe(true)
      for (const id of nodes.ids) expect(nodes.terms(id)).toBe(expected)
    })
  })

  it('“if two entries in different logs have the same index and term, then the logs are identical in all entries up through”', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new TestRandom(seed)
      const nodes = cluster(3, { seed, settings: { backtracking: seed % 2 === 0 ? 'term' : 'entry' } })
      for (let round = 0; round < 6; round++) {
        nodes.electLeader()
        nodes.run(300)
        const lead = nodes.electLeader(random.pick(nodes.ids))
        nodes.partition(...nodes.ids.filter((id) => id === lead))
        for (let n = random.below(4); n >= 0; n--) nodes.append(lead, `${round}.${n}`)
        nodes.run(400)
        nodes.heal()
        for (const a of serverIds(3).map((_, place) => nodes.state(nodes.ids[place]!).log)) {
          for (const b of nodes.ids.map((id) => nodes.state(id).log)) {
            let agreed = Math.min(a.lastIndex, b.lastIndex)
            while (agreed > 0 && a.termAt(agreed) !== b.termAt(agreed)) agreed--
            for (let index = 1; index <= agreed; index++) expect(a.termAt(index)).toBe(b.termAt(index))
          }
        }
      }
      nodes.electLeader()
      nodes.settle()
      expect(new Set(nodes.ids.map((id) => nodes.terms(id))).size).toBe(1)
      expect(nodes.texts('n1')).toEqual(nodes.texts('n2'))
    }
  })
})
