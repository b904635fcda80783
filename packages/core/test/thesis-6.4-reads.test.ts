import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { appendEntries, requestVote, serverWorld, type ServerWorld } from './world/serverWorld.ts'

interface LeaderOptions {
  readonly servers?: number
  readonly leaseReads?: boolean
  readonly fastPath?: boolean
}

/** A leader of term 2 whose followers hold its whole log, which ends at 2; all of it is committed. */
function leader({ servers = 3, leaseReads = false, fastPath = true }: LeaderOptions = {}): ServerWorld {
  const world = serverWorld({ servers, settings: { checkQuorum: true, leaseReads, fastPath } })
  world.lead()
  world.flushAll()
  for (const id of world.state.peers.keys()) world.accept(id, 2)
  return world
}

function rounds(world: ServerWorld): (readonly [to: string, round: number])[] {
  return world.messages.flatMap(({ to, message }) =>
    message.type === 'appendEntries' ? [[to, message.round] as const] : [],
  )
}

describe('thesis §6.4 Processing read-only queries more efficiently', () => {
  describe.each([true, false])('with the fast path: %s', (fastPath) => {
    it('“saves its current commit index”, and answers with it once “a majority of the cluster” has acknowledged a round of heartbeats', () => {
      const world = leader({ fastPath })
      expect(world.ask('r').every((line) => line.includes('entries none'))).toBe(true)
      expect(rounds(world)).toEqual([
        ['S2', 1],
        ['S3', 1],
      ])
      world.append('a')
      world.flushAll()
      world.accept('S3', 3)
      expect(world.state.commitIndex).toBe(3)
      expect(world.acknowledge('S2', 1)).toContain('answer r: readIndex 2')
      expect(world.acknowledge('S3', 1).filter((line) => line.startsWith('answer r'))).toEqual([])
    })

    it('all that come before a round begins share it; who comes later waits for the next', () => {
      const world = leader({ fastPath })
      world.input(() =>
        world.server.read([
          { token: 'r1', mayLease: false },
          { token: 'r2', mayLease: false },
        ]),
      )
      expect(world.ask('r3')).toEqual([])
      expect(world.ask('r4')).toEqual([])
      const lines = world.acknowledge('S2', 1)
      expect(lines.filter((line) => line.startsWith('answer'))).toEqual([
        'answer r1: readIndex 2',
        'answer r2: readIndex 2',
      ])
      expect(rounds(world)).toEqual([
        ['S2', 2],
        ['S3', 2],
      ])
      // An answer to the first round, of whomever, says nothing of the second.
      expect(world.acknowledge('S3', 1)).toEqual([])
      expect(world.acknowledge('S3', 2)).toEqual(['answer r3: readIndex 2', 'answer r4: readIndex 2'])
    })

    it('“if the leader has not yet marked an entry from its current term committed, it waits until it has done so”', () => {
      const world = serverWorld({ settings: { checkQuorum: true, fastPath } })
      world.lead()
      expect(world.ask('r')).toEqual([])
      world.acknowledge('S2', 0)
      expect(world.accept('S2', 2)).toEqual([])
      expect(world.state.commitIndex).toBe(0)
      world.flushAll()
      expect([world.state.commitIndex, rounds(world).map(([, round]) => round)]).toEqual([2, [1, 1]])
      expect(world.acknowledge('S3', 1)).toContain('answer r: readIndex 2')
    })

    it('the heartbeats of the next ticks ask again: the question or the answer may be lost', () => {
      const world = leader({ fastPath })
      world.ask('r')
      world.tick()
      world.tick()
      expect(rounds(world)).toEqual([
        ['S2', 1],
        ['S3', 1],
      ])
    })
  })

  it('a rejection says as well that its sender follows', () => {
    const world = leader()
    world.ask('r')
    const { session } = world.state.peers.get('S2')!
    const hint = { index: 1, term: 1 }
    const rejected = { type: 'appendEntries.rejected', term: 2, session, round: 1, prevLogIndex: 2, hint } as const
    expect(world.receive('S2', rejected)).toContain('answer r: readIndex 2')
  })

  it('an acknowledgement of another session does not count', () => {
    const world = leader()
    world.ask('r')
    const { session } = world.state.peers.get('S2')!
    const accepted = {
      type: 'appendEntries.accepted',
      term: 2,
      session: session + 9,
      round: 1,
      matchIndex: 2,
      machineVersion: 1,
    } as const
    expect(world.receive('S2', accepted)).toEqual([])
  })

  it('the only voter of a group is a majority by itself', () => {
    const world = serverWorld({ servers: 1, settings: { checkQuorum: true } })
    world.timeOut()
    world.flushAll()
    expect(world.role).toBe('leader')
    expect(world.ask('r1')).toEqual(['answer r1: readIndex 2'])
    expect(world.ask('r2')).toEqual(['answer r2: readIndex 2'])
  })

  it('of five servers, two acknowledgements beside its own', () => {
    const world = leader({ servers: 5 })
    world.ask('r')
    expect(world.acknowledge('S2', 1)).toEqual([])
    expect(world.acknowledge('S2', 1)).toEqual([])
    expect(world.acknowledge('S3', 1)).toContain('answer r: readIndex 2')
  })

  it('who leads no more has not proven anything, and says who leads', () => {
    const world = leader()
    world.ask('r1')
    world.ask('r2')
    expect(world.receive('S3', appendEntries(3, [2, 2]))).toEqual(
      expect.arrayContaining(['answer r1: notLeader', 'answer r2: notLeader']),
    )
    expect(world.ask('r3')).toEqual(['answer r3: notLeader'])
    world.timeOut()
    expect([world.role, world.ask('r4')]).toEqual(['candidate', ['answer r4: notLeader']])
  })

  it('a server that stops answers those who wait, and those who come later', () => {
    const world = leader()
    world.ask('r1')
    expect(world.input(() => world.server.stop())).toContain('answer r1: notLeader')
    expect(world.ask('r2')).toEqual(['answer r2: notLeader'])
  })

  it('a follower repeats the highest round that it has heard of; one of an older term is of no use to its leader', () => {
    const world = serverWorld({ log: [1, 2], term: 2 })
    const said = () => world.messages.map(({ message }) => 'round' in message && message.round)
    world.receive('S2', { ...appendEntries(2, [2, 2]), round: 7 })
    expect(said()).toEqual([7])
    world.receive('S2', { ...appendEntries(2, [2, 2]), round: 5 })
    expect(said()).toEqual([7])
    world.receive('S2', { ...appendEntries(2, [9, 2]), round: 8 })
    expect(said()).toEqual([8])
    world.receive('S3', { ...appendEntries(1, [2, 2]), round: 9 })
    expect(said()).toEqual([0])
  })
})

describe('thesis §6.4.1 Using clocks to reduce messaging for read-only queries', () => {
  /** The lease of 150 ms less a tenth begins now: both heartbeats of this tick and their answers. */
  function renew(world: ServerWorld): void {
    for (let ticks = 0; ticks < 2; ticks++) world.tick()
    const { last } = world.state.readRounds
    world.acknowledge('S2', last)
  }

  it('answers at once while the followers cannot have elected another, and with a round afterwards', () => {
    const world = leader({ leaseReads: true })
    renew(world)
    expect(world.ask('r1', true)).toEqual(['answer r1: readIndex 2'])
    world.elapse(134)
    expect(world.ask('r2', true)).toEqual(['answer r2: readIndex 2'])
    world.elapse(1)
    const round = world.state.readRounds.last + 1
    expect(world.ask('r3', true)).not.toContain('answer r3: readIndex 2')
    expect(world.acknowledge('S3', round)).toContain('answer r3: readIndex 2')
    expect(world.ask('r4', true)).toEqual(['answer r4: readIndex 2'])
  })

  it('only for those who ask for it, and only where the settings allow it', () => {
    const world = leader({ leaseReads: true })
    renew(world)
    expect(world.ask('r', false)).not.toContain('answer r: readIndex 2')
    const without = leader()
    renew(without)
    expect(without.ask('r', true)).not.toContain('answer r: readIndex 2')
  })

  it('it begins when the heartbeat was sent, not when the answer came', () => {
    const world = leader({ leaseReads: true })
    world.tick()
    world.tick()
    const { last } = world.state.readRounds
    world.elapse(134)
    world.acknowledge('S2', last)
    expect(world.ask('r1', true)).toEqual(['answer r1: readIndex 2'])
    world.elapse(1)
    expect(world.ask('r2', true)).not.toContain('answer r2: readIndex 2')
  })

  it('a heartbeat that nobody has answered renews nothing', () => {
    const world = leader({ leaseReads: true })
    renew(world)
    world.elapse(100)
    for (let ticks = 0; ticks < 2; ticks++) world.tick()
    world.elapse(34)
    expect(world.ask('r1', true)).toEqual(['answer r1: readIndex 2'])
    world.elapse(1)
    expect(world.ask('r2', true)).not.toContain('answer r2: readIndex 2')
  })

  it('one follower of four that answers is no majority', () => {
    const world = leader({ servers: 5, leaseReads: true })
    renew(world)
    expect(world.ask('r', true)).not.toContain('answer r: readIndex 2')
  })

  it('off while it hands over, and afterwards until the word to take over can move nobody any more', () => {
    const world = leader({ leaseReads: true })
    renew(world)
    world.input(() => world.server.transferLeadership('S2', 't'))
    expect(world.ask('r1', true)).not.toContain('answer r1: readIndex 2')
    world.elapse(301)
    // It leads on, and appends an empty entry: who holds that obeys no more.
    expect(world.state.log.lastIndex).toBe(3)
    world.flushAll()
    world.accept('S3', 3)
    world.tick()
    world.acknowledge('S2', world.state.readRounds.last)
    world.acknowledge('S3', world.state.readRounds.last)
    expect(world.state.readRounds.asked).toBeUndefined()
    expect(world.ask('r2', true)).not.toContain('answer r2: readIndex 3')
    world.acknowledge('S3', world.state.readRounds.last)
    world.accept('S2', 3)
    expect(world.ask('r3', true)).toEqual(['answer r3: readIndex 3'])
  })

  it('reads that a round answers go on while it hands over', () => {
    const world = leader()
    world.input(() => world.server.transferLeadership('S2', 't'))
    world.ask('r')
    expect(world.acknowledge('S3', 1)).toContain('answer r: readIndex 2')
  })

  it('a voter that has heard the leader elects nobody in a term that it came to since: the lease still runs', () => {
    const world = serverWorld({ log: [1, 2], term: 2, settings: { checkQuorum: true, preVote: true } })
    world.receive('S2', appendEntries(2, [2, 2]))
    world.elapse(10)
    // The term reaches it with a question that asks for no vote.
    world.receive('S3', { type: 'preVote', term: 3, round: 1, lastLog: { index: 2, term: 2 } })
    world.flushAll()
    expect(world.state.currentTerm).toBe(3)
    expect(world.receive('S3', requestVote(3, 2, 2))).toEqual([])
    world.elapse(141)
    world.receive('S3', requestVote(3, 2, 2))
    expect(world.flushAll()).toEqual(['S3: requestVote.granted term 3'])
  })

  it('what is kept of rounds that nobody acknowledges does not grow', () => {
    const world = leader({ leaseReads: true })
    for (let ticks = 0; ticks < 12; ticks++) {
      world.elapse(25)
      world.tick()
    }
    expect(world.role).toBe('leader')
    expect(world.state.readRounds.starts.length).toBeLessThanOrEqual(7)
  })
})

describe('reads that may be stale', () => {
  it('counts what is committed and not applied here, and how long the leader has been silent', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.append('n1', 'a')
    nodes.settle()
    const { lastApplied } = nodes.server('n2').staleness
    expect(nodes.server('n2').staleness).toMatchObject({ lastApplied, behind: 0 })
    // It has the next entries, and hears that they are committed, but they are not on its disk.
    nodes.node('n2').store.isHeld = true
    nodes.append('n1', 'b', 'c')
    nodes.run(100)
    expect(nodes.server('n1').staleness).toMatchObject({ lastApplied: lastApplied + 2, behind: 0 })
    expect(nodes.server('n2').staleness).toMatchObject({ lastApplied, behind: 2 })
    nodes.node('n2').store.isHeld = false
    nodes.partition('n2')
    const { silentMs } = nodes.server('n2').staleness
    nodes.run(1_000)
    expect(nodes.server('n2').staleness.silentMs).toBe(silentMs! + 1_000)
  })

  it('also what the leader has said is committed, though the entries have not come', () => {
    const world = serverWorld({ log: [1], term: 2 })
    world.receive('S2', appendEntries(2, [9, 2], [], 8))
    expect([world.state.commitIndex, world.state.leaderCommit]).toEqual([0, 8])
  })

  it('a process that has heard of nothing committed does not say how old that is', () => {
    expect(cluster(3).server('n1').staleness).toEqual({ lastApplied: 0, behind: 0, silentMs: undefined })
  })

  it('the only voter has always just heard a majority', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.run(500)
    expect(nodes.server('n1').staleness.silentMs).toBe(0)
  })
})
