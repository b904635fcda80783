import { PAPER_SETTINGS, RaftNode, firstEntry, type MembershipOutcome, type ServerStatus } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { GROUP, cluster } from './world/cluster.ts'
import { appendEntries, firstEntryOf, requestVote, serverWorld } from './world/serverWorld.ts'

describe('§6 Configuration', () => {
  describe('identity', () => {
    it('a wiped disk is a new server: blank, under a known name, it does not vote', () => {
      const world = serverWorld({ log: [] })
      expect(world.receive('S2', requestVote(9, 9, 9)).filter((line) => line.startsWith('S2'))).toEqual([])
      expect(world.flushAll()).toEqual([])
      expect(world.state.votedFor).toBeUndefined()
    })

    it('in a cluster its vote is not given, so that what was committed is not lost', () => {
      const nodes = cluster(3)
      nodes.electLeader('n1')
      nodes.partition('n3')
      nodes.append('n1', 'committed')
      nodes.run(200)
      nodes.crash('n1')
      nodes.crash('n2')
      nodes.wipe('n2')
      nodes.restart('n2')
      nodes.heal()
      nodes.run(5000)
      expect(nodes.leader).toBeUndefined()
      nodes.restart('n1')
      nodes.run(3000)
      expect(nodes.texts('n3')).toEqual(['committed'])
    })

    it('and ends when it hears from its group', () => {
      const nodes = cluster(3)
      nodes.electLeader('n1')
      nodes.settle()
      nodes.crash('n3')
      nodes.wipe('n3')
      nodes.restart('n3')
      // A server that is about to be let in again is given the time of three elections.
      nodes.run(800)
      expect(nodes.status('n3')).toMatchObject({ role: 'follower', lastIndex: 0 })
      nodes.run(400)
      expect(nodes.status('n3')).toMatchObject({
        role: 'stopped',
        failure: { code: 'STORE_REPLACED', expected: 'store-of-n3', found: 'new-store-of-n3' },
      })
      expect(nodes.node('n3').disk.entriesOf(GROUP)).toEqual([])
    })

    it('a store that the configuration in it names otherwise takes part in no decision', () => {
      const world = serverWorld({ store: 'another-store' })
      expect(world.elapse(10_000)).toEqual([])
      expect(world.receive('S2', requestVote(2, 5, 1))).toEqual(['write term 2 vote none'])
      expect(world.flush()).toEqual([])
    })

    it('a server that lost its disk comes back by one call: removed, let in as a learner, and a voter when it has caught up', () => {
      const nodes = cluster(3)
      nodes.electLeader('n1')
      nodes.append('n1', 'a')
      nodes.settle()
      nodes.crash('n3')
      nodes.wipe('n3')
      nodes.restart('n3')
      const outcomes: MembershipOutcome[] = []
      const request = { voters: ['n1', 'n2', 'n3'], recovered: ['n3'], timeoutMs: 1000 }
      nodes.server('n1').changeMembership(request, (outcome) => outcomes.push(outcome))
      nodes.run(5000, () => outcomes.length > 0)
      expect(outcomes).toMatchObject([{ type: 'changed' }])
      const voters = nodes.state('n1').configurations.map(({ configuration }) => configuration.voters)
      expect(voters).toEqual([[['n1', 'n2', 'n3']], [['n1', 'n2']], [['n1', 'n2']], [['n1', 'n2', 'n3']]])
      nodes.settle()
      expect(nodes.texts('n3')).toEqual(['a'])
      // Its vote counts again, also after a restart in the middle of a log that names its former store.
      nodes.crash('n3')
      nodes.restart('n3')
      nodes.crash('n1')
      nodes.electLeader()
    })

    it('while it catches up, through entries that name its former store, it votes for nobody', () => {
      const nodes = cluster(3)
      nodes.electLeader('n1')
      nodes.settle()
      nodes.crash('n3')
      nodes.wipe('n3')
      nodes.restart('n3')
      // The first entry reaches it, and none of those behind.
      nodes.network.loses = ({ to, packet }) =>
        to === 'n3' && packet.messages.some((message) => message.type === 'appendEntries' && message.prevLog.index > 0)
      const request = { voters: ['n1', 'n2', 'n3'], recovered: ['n3'], timeoutMs: 1000 }
      nodes.server('n1').changeMembership(request, () => {})
      nodes.run(200)
      nodes.node('n3').disk.flush({
        group: GROUP,
        hardState: { currentTerm: 2, votedFor: undefined },
        truncateAfter: undefined,
        snapshot: undefined,
        entries: [firstEntry('the-group', new Map(nodes.ids.map((id) => [id, `store-of-${id}`])), 0)],
      })
      nodes.crash('n3')
      nodes.restart('n3')
      const said: string[] = []
      nodes.network.onSend = ({ from, packet }) => {
        if (from === 'n3') said.push(...packet.messages.map(({ type }) => type))
      }
      nodes.crash('n1')
      nodes.run(5000)
      expect(said.filter((type) => type.includes('ote'))).toEqual([])
      expect(nodes.leader).toBeUndefined()
    })

    it('a learner that lost its disk comes back as one', () => {
      const nodes = cluster(2, { members: 1 })
      nodes.electLeader('n1')
      const outcomes: MembershipOutcome[] = []
      const settled = (outcome: MembershipOutcome): void => void outcomes.push(outcome)
      const request = { voters: ['n1'], learners: ['n2'], timeoutMs: 1000 }
      nodes.server('n1').changeMembership(request, settled)
      nodes.run(5000, () => outcomes.length === 1)
      nodes.crash('n2')
      nodes.wipe('n2')
      nodes.restart('n2')
      nodes.server('n1').changeMembership({ ...request, recovered: ['n2'] }, settled)
      nodes.run(5000, () => outcomes.length === 2)
      expect(outcomes.map(({ type }) => type)).toEqual(['changed', 'changed'])
      nodes.append('n1', 'a')
      nodes.settle()
      expect(nodes.texts('n2')).toEqual(['a'])
    })

    it('packets of another group of the same name are dropped, and the odd one out stops', () => {
      const nodes = cluster(3)
      nodes.crash('n3')
      const stores = new Map(nodes.ids.map((id) => [id, `store-of-${id}`]))
      nodes.node('n3').disk.groups.clear()
      nodes.node('n3').disk.flush({
        group: GROUP,
        hardState: { currentTerm: 900, votedFor: undefined },
        truncateAfter: undefined,
        snapshot: undefined,
        entries: [firstEntry('another-group', stores, 0)],
      })
      const leader = nodes.electLeader('n1')
      nodes.settle()
      const { term } = nodes.status(leader)
      nodes.network.loses = ({ to }) => to === 'n3'
      nodes.restart('n3')
      nodes.run(2000)
      expect(nodes.status('n3').role).toBe('candidate')
      expect(nodes.status(leader)).toMatchObject({ role: 'leader', term })
      expect(nodes.server(leader).dropped.wrongGroup).toBeGreaterThan(0)
      nodes.network.loses = () => false
      // The other may be the one in the wrong place: there is time for three elections to find out.
      nodes.run(500)
      expect(nodes.status('n3').failure).toBeUndefined()
      nodes.run(1000)
      expect(nodes.status('n3')).toMatchObject({
        role: 'stopped',
        failure: { code: 'WRONG_GROUP', own: 'another-group', theirs: 'the-group' },
      })
      expect(nodes.status(leader)).toMatchObject({ role: 'leader', term })
    })

    it('a stray packet of another group, and long after it another one, stop nobody who led in between', () => {
      const nodes = cluster(3, { settings: PAPER_SETTINGS })
      const stray = (): void =>
        nodes.network.deliver({
          from: 'stranger',
          to: 'n1',
          packet: { group: GROUP, groupUuid: 'another-group', store: 's', messages: [appendEntries(1, [0, 0])] },
        })
      stray()
      nodes.electLeader('n1')
      nodes.run(5000)
      const { term, leaderId } = nodes.status('n1')
      expect(leaderId).toBe('n1')
      const packet = {
        group: GROUP,
        groupUuid: 'the-group',
        store: 'store-of-n2',
        messages: [requestVote(term + 1, 0, 0)],
      }
      nodes.network.deliver({ from: 'n2', to: 'n1', packet })
      expect(nodes.status('n1')).toMatchObject({ role: 'follower', leaderId: undefined })
      stray()
      expect(nodes.server('n1').dropped.wrongGroup).toBe(2)
      expect(nodes.status('n1').failure).toBeUndefined()
      nodes.electLeader()
      nodes.settle()
    })

    it('messages of a store that its server no longer is do not count', () => {
      const nodes = cluster(3)
      nodes.electLeader('n1')
      nodes.settle()
      const packet = {
        group: GROUP,
        groupUuid: 'the-group',
        store: 'a-former-store',
        messages: [requestVote(50, 99, 49)],
      }
      nodes.network.deliver({ from: 'n3', to: 'n2', packet })
      nodes.run(1)
      expect(nodes.status('n2').term).toBe(2)
      expect(nodes.server('n2').dropped.replacedStore).toBe(1)
    })
  })

  it('“a server always uses the latest configuration in its log, regardless of whether the entry is committed”', () => {
    const world = serverWorld({ log: [1], term: 2 })
    const five = { ...firstEntryOf(5), index: 2, term: 2 }
    const request = appendEntries(2, [1, 1], [2])
    world.receive('S2', { ...request, entries: [five] })
    world.flushAll()
    expect(world.state.configurations.at(-1)!.configuration.members).toHaveLength(5)
    expect(world.state.commitIndex).toBe(0)
    world.timeOut()
    expect(world.flushAll()).toHaveLength(4)
  })

  it('and the one before it again when it is removed', () => {
    const world = serverWorld({ log: [1], term: 2 })
    const five = { ...firstEntryOf(5), index: 2, term: 2 }
    world.receive('S2', { ...appendEntries(2, [1, 1], [2]), entries: [five] })
    world.receive('S3', appendEntries(3, [1, 1], [3]))
    expect(world.state.configurations.at(-1)!.configuration.members).toHaveLength(3)
  })

  it('a configuration with another UUID has no place in the log', () => {
    const world = serverWorld({ log: [1], term: 2 })
    const entry = { ...firstEntryOf(3), index: 2, term: 2 }
    const other = { ...entry, configuration: { ...entry.configuration, groupUuid: 'another-group' } }
    world.receive('S2', { ...appendEntries(2, [1, 1], [2]), entries: [other] })
    expect(world.role).toBe('stopped')
    expect(world.writes).toEqual([])
  })

  it('a node and a group have names that are names', () => {
    const nodes = cluster(1)
    const { raft } = nodes.node('n1')
    const apply = (): void => {}
    for (const name of ['', '_', 'a.b', 'a b', 'x'.repeat(65)]) {
      expect(() => raft.open(name, { stateMachine: { apply } })).toThrow(TypeError)
    }
    const { clock, network, random } = nodes
    const { store } = nodes.node('n1')
    expect(() => new RaftNode({ id: 'n.1', network, store, clock, random })).toThrow(TypeError)
    expect(() => raft.open(GROUP, { stateMachine: { apply } })).toThrow('open')
  })

  it('the status tells of each change, at the end of the turn', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.settle()
    const roles = nodes.node('n1').statuses.map(({ role }: ServerStatus) => role)
    expect([...new Set(roles)]).toEqual(['candidate', 'leader'])
    expect(nodes.node('n1').statuses.at(-1)).toEqual(nodes.status('n1'))
  })
})
