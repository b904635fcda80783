import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { appendEntries, logOf, serverWorld, type ServerWorld } from './world/serverWorld.ts'

const HINT = { index: 1, term: 1 }

/** A leader whose entries 1 to `last` are in its store alone, and whose follower S2 agrees with none after the first. */
function leaderOf(last: number, settings: Parameters<typeof serverWorld>[0] = {}): ServerWorld {
  const world = serverWorld({ log: Array.from({ length: last }, () => 1), ...settings })
  world.lead()
  world.flushAll()
  return world
}

describe('entries that are no longer in memory', () => {
  it('are read from the store, for a follower that is behind them and has said where', () => {
    const world = leaderOf(4)
    expect(world.reject('S2', 4, HINT)).toEqual(['S2: appendEntries term 2 prev 1/1 entries none commit 0'])
    expect(world.accept('S2', 1)).toEqual(['read for S2 2..4'])
    expect(world.serveReads()).toEqual([
      'S2: appendEntries term 2 prev 1/1 entries 2/1 3/1 4/1 commit 0',
      'S2: appendEntries term 2 prev 4/1 entries 5/2 commit 0',
    ])
  })

  it('are not read while the follower is asked where it agrees: each step back would read what may be of no use', () => {
    const world = leaderOf(6, { settings: { backtracking: 'entry' } })
    for (const index of [6, 5, 4]) {
      expect(world.reject('S2', index, HINT)).toEqual([
        `S2: appendEntries term 2 prev ${index - 1}/1 entries none commit 0`,
      ])
      expect(world.tick().filter((line) => line.startsWith('read'))).toEqual([])
    }
    expect(world.accept('S2', 3)).toEqual(['read for S2 4..6'])
  })

  it('what was read for another session, or is not wanted any more, is not sent', () => {
    const world = leaderOf(4)
    world.reject('S2', 4, HINT)
    world.accept('S2', 1)
    const [read] = world.reads
    const entries = logOf([1, 1, 1, 1]).slice(1)
    const give = (session: number): string[] =>
      world.input(() => world.server.handle({ type: 'entries.read', for: 'S2', session, entries }))
    expect(give(read!.session + 1)).toEqual([])
    world.accept('S2', 3)
    expect(give(read!.session).filter((line) => line.includes('prev 1/1'))).toEqual([])
  })

  it('what comes while the follower is asked anew is not sent, and read again when it is wanted', () => {
    const world = leaderOf(4)
    world.reject('S2', 4, HINT)
    expect(world.accept('S2', 1)).toEqual(['read for S2 2..4'])
    world.input(() => world.server.handle({ type: 'connection.restored' }))
    expect(world.serveReads()).toEqual([])
    expect(world.accept('S2', 1)).toEqual(['read for S2 2..4'])
    expect(world.serveReads()[0]).toBe('S2: appendEntries term 2 prev 1/1 entries 2/1 3/1 4/1 commit 0')
  })

  it('a leader that gives way in the same flush wants nothing read: what it asked for may be cut off first', () => {
    const world = leaderOf(4)
    world.reject('S2', 4, HINT)
    const { session } = world.state.peers.get('S2')!
    const lines = world.input(() => {
      world.server.receive('S2', {
        type: 'appendEntries.accepted',
        term: 2,
        session,
        round: 0,
        matchIndex: 1,
        machineVersion: 1,
      })
      expect(world.state.outputs.reads).toMatchObject([{ after: 1, upTo: 4 }])
      world.server.receive('S3', appendEntries(3, [2, 1], [3]))
    })
    expect(world.terms).toEqual([1, 1, 3])
    expect(lines.filter((line) => line.startsWith('read'))).toEqual([])
  })

  it('a follower that has to wait for a slow disk of the leader has a heartbeat meanwhile', () => {
    const world = leaderOf(4)
    world.reject('S2', 4, HINT)
    expect(world.accept('S2', 1)).toEqual(['read for S2 2..4'])
    world.tick()
    const words = [...world.tick(), ...world.tick(), ...world.tick()].filter((line) => line.startsWith('S2'))
    expect(words).not.toEqual([])
  })

  it('a small memory is enough for a long log and a follower that comes late', () => {
    const nodes = cluster(3, { settings: { cacheBytes: 300, maxBatchBytes: 200 } })
    const lead = nodes.electLeader('n1')
    nodes.crash('n3')
    for (let n = 0; n < 100; n++) {
      nodes.append(lead, `${n}`)
      nodes.run(5)
    }
    nodes.settle()
    expect(nodes.state(lead).log.cachedAfter).toBeGreaterThan(90)
    for (const { store } of nodes.nodes.values()) store.latencyMs = 3
    nodes.restart('n3')
    nodes.settle()
    expect(nodes.texts('n3')).toEqual(nodes.texts('n1'))
    expect(nodes.texts('n3')).toHaveLength(100)
  })
})
