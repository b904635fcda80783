import { commandBytes } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'
import { serverWorld, type ServerWorld } from './world/serverWorld.ts'

const ONE = commandBytes({ data: new Uint8Array(4) })

/** A leader of three that takes in no more than so many appends of four bytes. */
function leaderOf(appends: number): ServerWorld {
  const world = serverWorld({ settings: { maxPendingBytes: appends * ONE } })
  world.lead()
  world.flushAll()
  world.accept('S2', 2)
  return world
}

function commit(world: ServerWorld, index: number): string[] {
  return [...world.flushAll(), ...world.accept('S2', index)].filter((line) => line.startsWith('answer'))
}

describe('what a leader takes in', () => {
  it('is bounded by what is not committed and applied: more is refused, and nothing of it is in the log', () => {
    const world = leaderOf(2)
    expect(world.append('aaaa')).not.toContain('answer aaaa: busy')
    expect(world.append('bbbb')).not.toContain('answer bbbb: busy')
    expect(world.append('cccc')).toEqual(['answer cccc: busy'])
    expect(world.state.log.lastIndex).toBe(4)
    expect(commit(world, 3)).toEqual(['answer aaaa: appended'])
    expect(world.append('dddd')).not.toContain('answer dddd: busy')
    expect(commit(world, 5)).toEqual(['answer bbbb: appended', 'answer dddd: appended'])
    expect(world.state.pendingBytes).toBe(0)
  })

  it('takes what is larger than the bound, when it has nothing else in hand', () => {
    const world = leaderOf(1)
    expect(world.append('much more than fits')).not.toContain('answer much more than fits: busy')
    expect(world.append('a')).toEqual(['answer a: busy'])
  })

  it('counts what waits for the end of a transfer, and lets go of it', () => {
    const world = leaderOf(2)
    world.input(() => world.server.transferLeadership('S3', 'transfer'))
    world.append('aaaa')
    world.append('bbbb')
    expect(world.append('cccc')).toEqual(['answer cccc: busy'])
    world.elapse(301)
    expect(world.state.pendingBytes).toBe(2 * ONE)
    expect(commit(world, world.state.log.lastIndex)).toEqual(['answer aaaa: appended', 'answer bbbb: appended'])
    expect(world.state.pendingBytes).toBe(0)
    world.input(() => world.server.transferLeadership('S3', 'again'))
    world.append('dddd')
    world.receive('S3', { type: 'requestVote.refused', term: 9 })
    expect(world.lines).toContain('answer dddd: notLeader')
    expect(world.state.pendingBytes).toBe(0)
  })

  it('is let go of when the appends are lost, and when the server stops', () => {
    const lost = leaderOf(2)
    lost.append('aaaa')
    lost.receive('S3', { type: 'requestVote.refused', term: 9 })
    lost.flushAll()
    lost.receive('S3', {
      type: 'appendEntries',
      term: 9,
      session: 1,
      round: 0,
      prevLog: { index: 2, term: 2 },
      entries: [{ kind: 'no-op', index: 3, term: 9, time: 0 }],
      leaderCommit: 3,
    })
    lost.flushAll()
    expect(lost.state.pendingBytes).toBe(0)
    const stopped = leaderOf(2)
    stopped.append('aaaa')
    stopped.input(() => stopped.server.stop())
    expect([stopped.lines, stopped.state.pendingBytes]).toEqual([['answer aaaa: unknown'], 0])
  })

  it('is refused also where the state machine is what is slow', () => {
    const world = cluster(1, { settings: { maxPendingBytes: 2 * ONE } })
    world.electLeader('n1')
    world.node('n1').isApplyHeld = true
    const appends = ['aaaa', 'bbbb', 'cccc'].map((text) => {
      const append = world.append('n1', text)
      world.run(50)
      return append
    })
    expect(appends.map(({ outcomes }) => outcomes[0]?.type)).toEqual([undefined, undefined, 'busy'])
    world.node('n1').isApplyHeld = false
    world.node('n1').applyDone?.()
    world.run(50)
    expect(appends.map(({ outcomes }) => outcomes[0]?.type)).toEqual(['appended', 'appended', 'busy'])
  })
})

describe('what a server keeps in memory', () => {
  it('does not grow with what a state machine has not taken, nor with what a follower lacks', () => {
    const world = cluster(3, { settings: { cacheBytes: 20 * ONE } })
    world.electLeader('n1')
    world.partition('n3')
    world.node('n2').isApplyHeld = true
    for (let count = 0; count < 500; count++) {
      world.append('n1', String(1000 + count))
      world.run(3)
    }
    for (const id of ['n1', 'n2']) {
      const { log } = world.state(id)
      expect(log.lastIndex - log.cachedAfter, id).toBeLessThanOrEqual(20)
    }
    expect(world.status('n2').lastApplied).toBeLessThan(10)
    world.node('n2').isApplyHeld = false
    world.node('n2').applyDone?.()
    world.heal()
    world.settle()
    for (const id of world.ids) expect(world.texts(id), id).toHaveLength(500)
  })
})
