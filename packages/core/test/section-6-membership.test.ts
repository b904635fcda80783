import type { Configuration, MembershipOutcome, MembershipRequest, NodeId, RaftSettings } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { GROUP, cluster, type Cluster } from './world/cluster.ts'

const ALL = ['n1', 'n2', 'n3', 'n4', 'n5']

/** The group has the first `size` of so many nodes; the others are blank. */
function group(size: number, nodes: number, settings: Partial<RaftSettings> = {}): Cluster {
  const world = cluster(nodes, { members: size, settings })
  world.electLeader('n1')
  return world
}

function change(world: Cluster, request: Partial<MembershipRequest>, on: NodeId = world.leader!): MembershipOutcome[] {
  const outcomes: MembershipOutcome[] = []
  const { server } = world.node(on)
  server!.changeMembership({ voters: ['n1'], timeoutMs: 1000, ...request }, (outcome) => outcomes.push(outcome))
  return outcomes
}

function configurationOf(world: Cluster, id: NodeId): Configuration {
  return world.state(id).configurations.at(-1)!.configuration
}

/** Who votes as each step of the log has it, and where it leads: `n1 n2 + n1 n2 n3 > n1 n2 n3`. */
function steps(world: Cluster, id: NodeId): string[] {
  return world.state(id).configurations.map(({ configuration: { members, voters, next } }) => {
    const sets = voters.map((set) => set.join(' ')).join(' + ')
    const learners = members.filter((member) => !voters.flat().includes(member.id)).map((member) => member.id)
    const learning = learners.length === 0 ? '' : ` (${learners.join(' ')})`
    return `${sets}${learning}${next === undefined ? '' : ` > ${next.voters.join(' ')}`}`
  })
}

function changed(world: Cluster, outcomes: MembershipOutcome[]): void {
  world.run(10_000, () => outcomes.length > 0)
  expect(outcomes, world.describe()).toMatchObject([{ type: 'changed' }])
}

describe('§6 Cluster membership changes', () => {
  it('a server that catches up hears a leader that lost its disk once, though its log knows that by the former store', () => {
    // The configurations reach a new server an entry at a time: between two words of its leader it knows the old one.
    const world = group(3, 4, { maxInflightEntries: 1, maxBatchBytes: 1 })
    world.crash('n3')
    world.wipe('n3')
    world.restart('n3')
    changed(world, change(world, { voters: ['n1', 'n2', 'n3'], recovered: ['n3'] }))
    for (let count = 0; count < 20; count++) world.append('n1', `text-${count}`)
    world.run(500)
    world.electLeader('n3')
    world.run(500)
    changed(world, change(world, { voters: ['n1', 'n2', 'n3', 'n4'] }, 'n3'))
    world.settle()
    expect(world.leader).toBe('n3')
    expect(world.texts('n4')).toEqual(world.texts('n3'))
  })

  it('one server more: it catches up without a vote, then votes, without joint consensus (thesis §4.1, §4.2.1)', () => {
    const world = group(3, 4)
    world.append('n1', 'a')
    changed(world, change(world, { voters: ['n1', 'n2', 'n3', 'n4'] }))
    expect(steps(world, 'n1')).toEqual(['n1 n2 n3', 'n1 n2 n3 (n4) > n1 n2 n3 n4', 'n1 n2 n3 n4'])
    world.settle()
    expect(world.texts('n4')).toEqual(['a'])
    expect(configurationOf(world, 'n4')).toEqual(configurationOf(world, 'n1'))
  })

  it('several at once: by joint consensus, old and new together', () => {
    const world = group(3, 5)
    changed(world, change(world, { voters: ['n1', 'n4', 'n5'] }))
    expect(steps(world, 'n1')).toEqual([
      'n1 n2 n3',
      'n1 n2 n3 (n4 n5) > n1 n4 n5',
      'n1 n2 n3 + n1 n4 n5 > n1 n4 n5',
      'n1 n4 n5',
    ])
    expect(configurationOf(world, 'n1').members.map(({ id }) => id)).toEqual(['n1', 'n4', 'n5'])
  })

  it('a learner has the log and no vote, and stays one', () => {
    const world = group(1, 2)
    changed(world, change(world, { voters: ['n1'], learners: ['n2'] }))
    world.append('n1', 'a')
    world.settle()
    expect(world.texts('n2')).toEqual(['a'])
    world.crash('n1')
    world.run(5000)
    expect(world.status('n2')).toMatchObject({ role: 'follower', term: 2 })
  })

  it('a learner becomes a voter, and a voter a learner', () => {
    const world = group(2, 3)
    changed(world, change(world, { voters: ['n1', 'n2'], learners: ['n3'] }))
    changed(world, change(world, { voters: ['n1', 'n3'], learners: ['n2'] }))
    expect(steps(world, 'n1').at(-1)).toBe('n1 n3 (n2)')
  })

  it('the leader is removed: it leads until that is committed, then hands over, and disturbs nobody (thesis §4.2.2)', () => {
    const world = group(3, 3)
    world.append('n1', 'a')
    changed(world, change(world, { voters: ['n2', 'n3'] }))
    world.run(2000, () => world.leader !== undefined && world.leader !== 'n1')
    const { leader } = world
    expect(['n2', 'n3']).toContain(leader)
    const { term } = world.status(leader!)
    world.run(5000)
    expect(world.status(leader!)).toMatchObject({ role: 'leader', term })
    expect(world.status('n1').role).toBe('follower')
    expect(world.append(leader!, 'b').outcomes).toEqual([])
    world.run(1000)
    expect(world.texts(leader!)).toEqual(['a', 'b'])
  })

  it('who leaves may be the only one who can be elected, and stands until its successor is known (thesis Figure 4.6)', () => {
    const world = group(4, 4)
    world.partition('n1')
    change(world, { voters: ['n2', 'n3', 'n4'] }, 'n1')
    world.run(50)
    expect(steps(world, 'n1')).toEqual(['n1 n2 n3 n4', 'n2 n3 n4'])
    world.crash('n4')
    // It takes three of the four, and two of them hold less than the third, which belongs to them no more.
    world.run(2000)
    world.heal()
    expect(world.electLeader()).toBe('n1')
    world.run(2000, () => world.leader !== 'n1')
    expect(['n2', 'n3']).toContain(world.electLeader())
    world.run(2000)
    expect(world.status('n1').role).toBe('follower')
  })

  it.each([true, false])(
    'a server that was removed while it heard nothing is told so when it asks, and asks no more (thesis §4.2.3), pre-vote: %s',
    (preVote) => {
      const world = group(3, 3, { preVote })
      world.partition('n3')
      changed(world, change(world, { voters: ['n1', 'n2'] }))
      world.run(5000)
      world.heal()
      world.run(5000)
      const { term } = world.status('n3')
      const asked: string[] = []
      world.network.onSend = ({ from }) => from === 'n3' && asked.push(from)
      world.run(10_000)
      expect(asked).toEqual([])
      expect(world.status('n3')).toMatchObject({ role: 'follower', term })
      // And comes back when the group wants it.
      change(world, { voters: ['n1', 'n2', 'n3'] })
      world.run(5000)
      world.settle()
      expect(steps(world, 'n3').at(-1)).toBe('n1 n2 n3')
      world.crash('n1')
      world.crash('n2')
      world.run(2000)
      expect(world.status('n3').role).toBe('candidate')
    },
  )

  it('who is told that it is no member by somebody who does not know it yet, knows better', () => {
    const world = group(3, 4)
    changed(world, change(world, { voters: ['n1', 'n2', 'n3', 'n4'] }))
    world.settle()
    const removed = { type: 'removed', term: 2, configurationIndex: 1 } as const
    const { identity } = world.node('n3').disk
    world.server('n4').receive('n3', { group: GROUP, groupUuid: 'the-group', store: identity, messages: [removed] })
    world.run(100)
    expect(world.state('n4').removedAt).toBe(1)
    for (const id of ['n1', 'n2', 'n3']) world.crash(id)
    world.run(2000)
    expect(world.status('n4').role).toBe('candidate')
  })

  it('a leader goes on with the change of a former one', () => {
    const world = group(3, 5)
    const isHeldUp = { n4: true }
    world.network.loses = ({ to, packet }) =>
      isHeldUp.n4 && to === 'n4' && packet.messages.some(({ type }) => type === 'appendEntries')
    const outcomes = change(world, { voters: ['n1', 'n2', 'n3', 'n4', 'n5'] })
    world.run(1000)
    expect(outcomes).toEqual([])
    expect(steps(world, 'n2').at(-1)).toContain('(n4 n5) >')
    world.crash('n1')
    world.electLeader()
    isHeldUp.n4 = false
    const { leader } = world
    world.run(5000, () => configurationOf(world, leader!).next === undefined)
    expect(steps(world, leader!).at(-1)).toBe('n1 n2 n3 n4 n5')
  })

  it('a change that waits for a new server can be changed: the caller of the first is told', () => {
    const world = group(3, 4)
    world.network.loses = ({ to, packet }) =>
      to === 'n4' && packet.messages.some(({ type }) => type === 'appendEntries')
    const first = change(world, { voters: ['n1', 'n2', 'n3', 'n4'] })
    world.run(1000)
    const second = change(world, { voters: ['n1', 'n2', 'n3'] })
    changed(world, second)
    expect(first).toEqual([{ type: 'superseded' }])
    expect(steps(world, 'n1').at(-1)).toBe('n1 n2 n3')
  })

  it.each([
    ['there is another change', {}, 'busy'],
    ['the configuration stands elsewhere than the caller thinks', { expectedIndex: 7 }, 'conflict'],
  ] as const)('refused where %s', (_, more, reason) => {
    const world = group(3, 3)
    world.network.loses = ({ from }) => from !== 'n1'
    if (reason === 'busy') change(world, { voters: ['n1', 'n2'] })
    const outcomes = change(world, { voters: ['n2'], ...more })
    world.run(10)
    expect(outcomes).toMatchObject([{ type: 'refused', reason, leaderId: 'n1' }])
  })

  it('refused by a leader that has committed nothing in its term yet: a change of another could come true as well', () => {
    const world = cluster(3)
    world.run(10_000, () => world.leader !== undefined)
    const { leader } = world
    const outcomes = change(world, { voters: [leader!] })
    world.clock.finishTurn()
    expect(outcomes).toMatchObject([{ type: 'refused', reason: 'busy' }])
  })

  it('refused by whoever does not lead', () => {
    const world = group(3, 3)
    const outcomes = change(world, { voters: ['n1', 'n2'] }, 'n2')
    world.clock.finishTurn()
    expect(outcomes).toMatchObject([{ type: 'refused', reason: 'notLeader', leaderId: 'n1' }])
  })

  it('nothing to do is done at once', () => {
    const world = group(3, 3)
    const outcomes = change(world, { voters: ['n3', 'n2', 'n1'] })
    world.clock.finishTurn()
    expect(outcomes).toMatchObject([{ type: 'changed', index: 1 }])
    expect(steps(world, 'n1')).toEqual(['n1 n2 n3'])
  })

  it('who leaves the group while a new server is asked for its store is asked for it too: none is made up', () => {
    const world = group(3, 4)
    const { loses } = world.network
    world.network.loses = ({ from }) => from === 'n4'
    const outcomes = change(world, { voters: ['n1', 'n2', 'n3', 'n4'], timeoutMs: 5000 })
    changed(world, change(world, { voters: ['n1', 'n2'] }))
    world.network.loses = loses
    changed(world, outcomes)
    const stores = configurationOf(world, 'n1').members.map(({ store }) => store)
    expect(stores).toEqual(['n1', 'n2', 'n3', 'n4'].map((id) => `store-of-${id}`))
  })

  it('a new server that does not answer is named, and nothing is changed', () => {
    const world = group(3, 4)
    world.crash('n4')
    const outcomes = change(world, { voters: ['n1', 'n2', 'n3', 'n4'] })
    world.run(2000)
    expect(outcomes).toEqual([{ type: 'unreachable', nodes: ['n4'] }])
    expect(steps(world, 'n1')).toEqual(['n1 n2 n3'])
  })

  it('a configuration that is truncated is no longer in force', () => {
    const world = group(3, 3)
    world.partition('n1')
    const outcomes = change(world, { voters: ['n1', 'n2'] })
    world.run(20)
    expect(steps(world, 'n1')).toHaveLength(2)
    world.run(10_000, () => world.leader !== undefined && world.leader !== 'n1')
    world.heal()
    world.append(world.leader!, 'b')
    world.settle()
    expect(steps(world, 'n1')).toEqual(['n1 n2 n3'])
    expect(outcomes).toMatchObject([{ type: 'unknown' }])
  })

  it('a voter that does not know yet that it is one votes all the same: without it there would be no majority (thesis §4.1)', () => {
    const world = group(3, 4)
    changed(world, change(world, { voters: ['n1', 'n2', 'n3'], learners: ['n4'] }))
    world.settle()
    const { loses } = world.network
    world.network.loses = ({ to, packet }) =>
      to === 'n4' && packet.messages.some((message) => message.type === 'appendEntries' && message.entries.length > 0)
    change(world, { voters: ['n1', 'n2', 'n3', 'n4'] })
    world.run(2000, () => configurationOf(world, 'n2').voters[0]!.length === 4)
    world.network.loses = loses
    expect(steps(world, 'n4').at(-1)).toBe('n1 n2 n3 (n4)')
    world.crash('n1')
    expect(world.electLeader()).toBeDefined()
  })

  it.each([
    [{ voters: [] }, 'a configuration without voters'],
    [{ voters: ['n1', 'n1'] }, 'names n1 twice'],
    [{ voters: ['n1'], learners: ['n1'] }, 'names n1 twice'],
    [{ voters: ['n 1'] }, 'is not a name'],
  ])('a request that makes no group is an error at once: %j', (request, message) => {
    const world = group(1, 1)
    expect(() => change(world, request)).toThrow(message)
  })

  it('of two to five servers, whoever is named votes in the end', () => {
    for (const voters of [ALL.slice(0, 2), ALL.slice(2, 5), ['n5'], ALL.slice(0, 4)]) {
      const world = group(3, 5)
      changed(world, change(world, { voters }))
      world.run(2000, () => world.leader !== undefined && voters.includes(world.leader))
      expect(voters).toContain(world.leader)
      expect(configurationOf(world, world.leader!).voters).toEqual([voters])
    }
  })
})
