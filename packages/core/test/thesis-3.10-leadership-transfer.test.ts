import type { MembershipOutcome, TransferOutcome } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { cluster, type Cluster } from './world/cluster.ts'
import { appendEntries, serverWorld, type ServerWorld } from './world/serverWorld.ts'

function leader(servers: number = 3): ServerWorld {
  const world = serverWorld({ servers, settings: { checkQuorum: true } })
  world.lead()
  world.flushAll()
  return world
}

function transfer(world: ServerWorld, to: string | undefined, token: string = 't'): string[] {
  return world.input(() => world.server.transferLeadership(to, token))
}

function handOver(nodes: Cluster, from: string, to?: string): TransferOutcome[] {
  const outcomes: TransferOutcome[] = []
  nodes.server(from).transferLeadership(to, (outcome) => outcomes.push(outcome))
  return outcomes
}

describe('thesis §3.10 Leadership transfer extension', () => {
  it('“the prior leader stops accepting new client requests”, “fully updates the target server’s log”, and “sends a TimeoutNow request to the target server”', () => {
    const world = leader()
    world.append('a')
    world.flushAll()
    expect(transfer(world, 'S2')).toEqual([])
    expect(world.append('b')).toEqual([])
    expect(world.state.log.lastIndex).toBe(3)
    expect(world.accept('S2', 2)).toEqual([expect.stringContaining('S2: appendEntries')])
    expect(world.accept('S2', 3)).toContain('S2: timeoutNow term 2 last 3/2')
  })

  it('to a target that is up to date at once, and again with each tick: the word may be lost', () => {
    const world = leader()
    world.accept('S2', 2)
    expect(transfer(world, 'S2')).toEqual(['S2: timeoutNow term 2 last 2/2'])
    expect(world.tick()).toContain('S2: timeoutNow term 2 last 2/2')
  })

  it('the target stands for election at once, without asking first, and says why', () => {
    const target = serverWorld({ log: [1, 2], term: 2, settings: { preVote: true, checkQuorum: true } })
    target.receive('S2', appendEntries(2, [2, 2]))
    expect(target.receive('S2', { type: 'timeoutNow', term: 2, lastLog: { index: 2, term: 2 } })).toEqual([
      'write term 3 vote S1',
    ])
    expect(target.flush()).toEqual([
      'S2: requestVote term 3 last 2/2 transfer',
      'S3: requestVote term 3 last 2/2 transfer',
    ])
    // If that was in vain, it is a candidate like any other.
    expect(target.timeOut()).toEqual(['S2: preVote term 3 round 1 last 2/2', 'S3: preVote term 3 round 1 last 2/2'])
  })

  it.each([
    ['of an older term', 'S2', 1, 2],
    ['of who is not its leader', 'S3', 2, 2],
    ['of long ago: the leader has appended since', 'S2', 2, 1],
  ])('a word %s moves nobody', (_, from, term, index) => {
    const target = serverWorld({ log: [1, 2], term: 2 })
    target.receive('S2', appendEntries(2, [2, 2]))
    const lastLog = { index, term: index }
    expect(target.receive(from, { type: 'timeoutNow', term, lastLog })).toEqual([])
    expect([target.role, target.state.currentTerm]).toEqual(['follower', 2])
  })

  it('“if leadership transfer does not complete after about an election timeout, the prior leader aborts the transfer and resumes accepting client requests”: what waited is appended', () => {
    const world = leader()
    world.accept('S2', 2)
    transfer(world, 'S2')
    world.append('a')
    expect(world.elapse(299)).toEqual([])
    const lines = world.elapse(2)
    expect(lines).toContain('answer t: refused')
    expect(lines).toContain('write entries 3/2')
    expect(lines.find((line) => line.startsWith('S2'))).toContain('entries 3/2')
    world.accept('S2', 3)
    expect(world.flush()).toContain('answer a: appended')
  })

  it('when a newer term has begun, what waited was not appended, and whoever asked is told', () => {
    const world = leader()
    world.accept('S2', 2)
    transfer(world, 'S2')
    world.append('a')
    const lines = world.receive('S2', {
      type: 'requestVote',
      term: 3,
      lastLog: { index: 2, term: 2 },
      isTransfer: true,
    })
    expect(lines.filter((line) => line.startsWith('answer'))).toEqual(['answer a: notLeader', 'answer t: gaveWay'])
  })

  it.each([
    ['itself', 'S1'],
    ['nobody it knows', 'S9'],
  ])('to %s: refused', (_, to) => {
    expect(transfer(leader(), to)).toEqual(['answer t: refused'])
  })

  it('to whoever is best: the voter that holds most, of those that answer', () => {
    const world = leader(5)
    for (const id of ['S2', 'S3', 'S4', 'S5']) world.accept(id, 1)
    world.append('a', 'b')
    world.flushAll()
    world.accept('S3', 4)
    for (let tick = 0; tick < 14; tick++) {
      world.tick()
      for (const [id, index] of [
        ['S2', 2],
        ['S4', 3],
        ['S5', 2],
      ] as const) {
        world.accept(id, index)
      }
    }
    // S3 holds all of it, and has not been heard since.
    transfer(world, undefined)
    expect(world.state.transfer?.to).toBe('S4')
  })

  it('one at a time; and a server that does not lead says who does', () => {
    const world = leader()
    transfer(world, 'S2')
    expect(transfer(world, 'S3', 'second')).toEqual(['answer second: refused'])
    const follower = serverWorld({ log: [1, 2], term: 2 })
    follower.receive('S2', appendEntries(2, [2, 2]))
    follower.server.transferLeadership('S3', 't')
    expect(follower.server.takeOutputs().answers).toEqual([
      { token: 't', outcome: { type: 'refused', reason: 'notLeader', leaderId: 'S2' } },
    ])
  })

  it('to each server in turn, with appends all the while: one election each, and every append is answered', () => {
    const nodes = cluster(5)
    nodes.electLeader('n1')
    nodes.settle()
    let { term } = nodes.status('n1')
    for (const to of ['n2', 'n3', 'n4', 'n5', 'n1']) {
      const from = nodes.leader!
      nodes.append(from, `before ${to}`)
      const outcomes = handOver(nodes, from, to)
      nodes.append(from, `while ${to}`)
      nodes.run(1000)
      term += 1
      expect(outcomes).toEqual([{ type: 'gaveWay', term }])
      expect(nodes.status(to)).toMatchObject({ role: 'leader', term })
    }
    nodes.settle()
    for (const { outcomes } of nodes.appends) expect(outcomes).toHaveLength(1)
  })

  it('to a server that is down: it leads on, and nothing that waited is lost', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.crash('n2')
    const outcomes = handOver(nodes, 'n1', 'n2')
    const appended = nodes.append('n1', 'a')
    nodes.run(1000)
    expect(outcomes).toMatchObject([{ type: 'refused', reason: 'timeout' }])
    expect(appended.outcomes).toMatchObject([{ type: 'appended' }])
    expect(nodes.status('n1').role).toBe('leader')
  })
})

describe('priorities', () => {
  function preferring(priorities: Record<string, number>): Cluster {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    const outcomes: MembershipOutcome[] = []
    const request = { voters: nodes.ids, priorities, timeoutMs: 1000 }
    nodes.server('n1').changeMembership(request, (outcome) => outcomes.push(outcome))
    nodes.run(5000, () => outcomes.length > 0)
    expect(outcomes).toMatchObject([{ type: 'changed' }])
    return nodes
  }

  it('who has the highest leads in the end, and nothing is lost on the way', () => {
    const nodes = preferring({ n3: 7, n2: 3 })
    nodes.append('n1', 'a')
    nodes.run(3000, () => nodes.leader === 'n3')
    expect(nodes.electLeader()).toBe('n3')
    const { term } = nodes.status('n3')
    nodes.run(5000)
    expect(nodes.status('n3')).toMatchObject({ role: 'leader', term })
    nodes.settle()
    expect(nodes.texts('n3')).toEqual(['a'])
  })

  it('while it is away the next one leads, and any voter can be elected; it leads again when it is back', () => {
    const nodes = preferring({ n3: 7, n1: 0 })
    nodes.run(3000, () => nodes.leader === 'n3')
    nodes.electLeader()
    nodes.crash('n3')
    nodes.crash('n2')
    nodes.restart('n2')
    expect(nodes.electLeader('n1')).toBe('n1')
    nodes.run(3000, () => nodes.leader === 'n2')
    nodes.restart('n3')
    nodes.run(3000, () => nodes.leader === 'n3')
    expect(nodes.electLeader()).toBe('n3')
  })

  it('no leader gives way to one that lags, or that does not answer', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.network.loses = ({ from, to }) => from === 'n3' || to === 'n3'
    const request = { voters: nodes.ids, priorities: { n3: 7 }, timeoutMs: 1000 }
    nodes.server('n1').changeMembership(request, () => {})
    const { term } = nodes.status('n1')
    let transfers = 0
    nodes.afterEvent = () => {
      if (nodes.state('n1').transfer !== undefined) transfers++
    }
    nodes.run(5000)
    expect(nodes.status('n1')).toMatchObject({ role: 'leader', term })
    expect(transfers).toBe(0)
  })

  it.each([
    [{ n9: 2 }, 'n9, which is neither'],
    [{ n1: 256 }, 'the priority of n1 is 256'],
    [{ n1: 1.5 }, 'the priority of n1 is 1.5'],
  ])('%j is refused at once', (priorities, message) => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    const request = { voters: nodes.ids, priorities, timeoutMs: 1000 }
    expect(() => nodes.server('n1').changeMembership(request, () => {})).toThrow(message)
  })
})
