import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { serverWorld, type ServerWorld } from './world/serverWorld.ts'

const TICKS = 2 * (300 / 50)

function leader(servers: number = 3): ServerWorld {
  const world = serverWorld({ servers, settings: { checkQuorum: true, storeStallTimeoutMs: 1000 } })
  world.lead()
  world.flushAll()
  return world
}

describe('thesis §6.2: “a leader in Raft steps down if an election timeout elapses without a successful round of heartbeats to a majority of its cluster”', () => {
  it('in its own term, and not a tick sooner', () => {
    const world = leader()
    for (let tick = 0; tick <= TICKS; tick++) world.tick()
    expect(world.role).toBe('leader')
    world.tick()
    expect([world.role, world.state.currentTerm, world.state.leaderId]).toEqual(['follower', 2, undefined])
  })

  it('any answer of a majority in its term keeps it, also a rejection', () => {
    const world = leader(5)
    for (let round = 0; round < 10; round++) {
      for (let tick = 0; tick < TICKS; tick++) world.tick()
      world.accept('S2', 1)
      world.reject('S3', 9, { index: 0, term: 0 })
    }
    expect(world.role).toBe('leader')
    // Of two, it is no majority.
    for (let tick = 0; tick <= TICKS + 1 && world.role === 'leader'; tick++) {
      world.accept('S2', 1)
      world.tick()
    }
    expect(world.role).toBe('follower')
  })

  it('of a group of one it leads on', () => {
    const world = leader(1)
    for (let tick = 0; tick < 5 * TICKS; tick++) world.tick()
    expect(world.role).toBe('leader')
  })

  it('callers learn who leads now, and an append that nobody has seen is not lost sight of', () => {
    const nodes = cluster(5)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.partition('n1', 'n2')
    const open = nodes.append('n1', 'lost')
    nodes.run(500)
    expect(nodes.status('n1').role).not.toBe('leader')
    const late = nodes.append('n1', 'late')
    nodes.run(10)
    expect(late.outcomes).toMatchObject([{ type: 'notLeader' }])
    expect(open.outcomes).toEqual([])
    nodes.heal()
    nodes.electLeader()
    nodes.settle()
    expect(open.outcomes).toHaveLength(1)
  })

  it('a leader that hears nobody gives way, though all hear it: its followers then elect another', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    const { term } = nodes.status('n1')
    nodes.network.loses = ({ to }) => to === 'n1'
    nodes.run(3000)
    expect(['n2', 'n3']).toContain(nodes.leader)
    expect(nodes.status(nodes.leader!).term).toBeGreaterThan(term)
    expect(nodes.status('n1').role).not.toBe('leader')
  })
})

describe('a leader whose store does not flush', () => {
  it('hands over to whoever holds most, and leads no more within the stall timeout and two election timeouts', () => {
    for (const servers of [3, 5]) {
      const nodes = cluster(servers)
      nodes.electLeader('n1')
      nodes.settle()
      const { term } = nodes.status('n1')
      nodes.node('n1').store.isHeld = true
      const appended = nodes.append('n1', 'a')
      nodes.run(1000 + 2 * 300)
      expect(nodes.status('n1').role).toBe('follower')
      expect(nodes.leader).not.toBe('n1')
      expect(nodes.status(nodes.leader!).term).toBe(term + 1)
      nodes.run(1000)
      expect(nodes.texts(nodes.leader!)).toEqual(['a'])
      nodes.node('n1').store.isHeld = false
      nodes.node('n1').store.release()
      nodes.settle()
      expect(appended.outcomes).toMatchObject([{ type: 'appended' }])
    }
  })

  it('gives way all the same when nobody takes over', () => {
    const world = leader()
    world.accept('S2', 2)
    world.append('a')
    for (let tick = 0; tick < 60 && world.role === 'leader'; tick++) {
      world.tick()
      world.accept('S2', 2)
      world.elapse(25)
    }
    expect(world.role).toBe('follower')
  })

  it('leads on as long as anything is flushed, however slowly', () => {
    const world = leader()
    for (let round = 0; round < 10; round++) {
      world.append(`a${round}`)
      for (let tick = 0; tick < 35; tick++) {
        world.tick()
        world.accept('S2', 1)
      }
      world.flush()
    }
    expect(world.role).toBe('leader')
  })

  it('in a group of one it has nobody to give way to', () => {
    const world = leader(1)
    world.append('a')
    for (let tick = 0; tick < 200; tick++) world.tick()
    expect(world.role).toBe('leader')
  })
})
