import { PAPER_SETTINGS, RaftNode, firstEntry, type ServerStatus } from '@quorate/core'
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
      nodes.run(1000)
      expect(nodes.status('n3')).toMatchObject({
        role: 'stopped',
        failure: { code: 'STORE_REPLACED', expected: 'store-of-n3', found: 'new-store-of-n3' },
      })
      expect(nodes.node('n3').disk.entriesOf(GROUP)).toEqual([])
    })

    it('a store that the configuration in it names otherwise does not even start', () => {
      const world = serverWorld({ store: 'another-store' })
      expect(world.role).toBe('stopped')
      expect(world.state.failure).toMatchObject({ code: 'STORE_REPLACED' })
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
