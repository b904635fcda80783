import {
  PAPER_SETTINGS,
  MemoryStore,
  RaftNode,
  ServerStoppedError,
  firstEntry,
  type Entry,
  type HostedServer,
} from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { GROUP, cluster } from './world/cluster.ts'
import { lone } from './world/hosts.ts'
import { TestClock } from './world/testClock.ts'
import { TestNetwork } from './world/testNetwork.ts'
import { TestRandom } from './world/testRandom.ts'

const data = new Uint8Array([1])

describe('a store that fails', () => {
  const apply = (_: readonly Entry[], done: () => void): void => done()

  it('is trusted no more: the node opens nothing on it, and bears nothing', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.settle()
    const { raft, store } = nodes.node('n1')
    store.isHeld = true
    const lost = nodes.append('n1', 'a')
    nodes.run(1)
    store.fail('no space left')
    store.release()
    nodes.run(100)
    expect(lost.outcomes).toMatchObject([{ type: 'unknown' }])
    raft.close(GROUP)
    nodes.run(100)
    for (const group of [GROUP, 'another']) {
      expect(() => raft.open(group, { stateMachine: { apply } })).toThrow(ServerStoppedError)
      expect(() => raft.bootstrap(group, { nodes: ['n1'], timeoutMs: 1000 }, () => {})).toThrow(ServerStoppedError)
    }
    expect(() => raft.open(GROUP, { stateMachine: { apply } })).toThrow('no space left')
  })

  it.each([
    [
      'an entry that was handed in, and never flushed, is not acknowledged',
      { type: 'appendEntries', term: 2, session: 1, round: 0, prevLog: { index: 1, term: 1 }, leaderCommit: 0 },
      'appendEntries.accepted',
    ],
    [
      'nor is a vote given that was handed in, and never flushed',
      { type: 'requestVote', term: 2, lastLog: { index: 1, term: 1 }, isTransfer: false },
      'requestVote.granted',
    ],
  ] as const)('%s, by a server that is opened anew', (_, request, answer) => {
    const clock = new TestClock()
    const network = new TestNetwork(clock)
    const store = new MemoryStore({ clock, random: new TestRandom(1) })
    const stores = new Map([...['n1', 'n3'].map((id) => [id, `store-of-${id}`] as const), ['n2', store.identity]])
    const entries = [firstEntry('the-group', stores, 0)]
    const hardState = { currentTerm: 1, votedFor: undefined }
    store.write([{ group: GROUP, hardState, truncateAfter: undefined, snapshot: undefined, entries }], () => {})
    // What was handed in is what it recovers, flushed or not.
    const take = store.write.bind(store)
    store.write = (batch, done) => take(batch, () => done({ error: new Error('no space left') }))
    const node = new RaftNode({ id: 'n2', network, store, clock, random: new TestRandom(2), settings: PAPER_SETTINGS })
    const said = new Set<string>()
    network.onSend = ({ packet }) => {
      for (const { type } of packet.messages) said.add(type)
    }
    const command: Entry = { kind: 'command', index: 2, term: 2, time: 0, data }
    const message = request.type === 'appendEntries' ? { ...request, entries: [command] } : request
    const ask = (): void => {
      const packet = { group: GROUP, groupUuid: 'the-group', store: 'store-of-n1', messages: [message] }
      network.deliver({ from: 'n1', to: 'n2', packet })
      clock.run(10)
    }
    const open = (): HostedServer => node.open(GROUP, { stateMachine: { apply } })
    const server = open()
    ask()
    expect(server.status).toMatchObject({ role: 'stopped', term: 2, failure: { code: 'SERVER_STOPPED' } })
    node.close(GROUP)
    clock.run(10)
    try {
      open()
    } catch {
      // It is refused; what counts is what is said.
    }
    ask()
    ask()
    expect([...said]).not.toContain(answer)
  })

  it('once, is written to no more by any group, whatever it would say then', () => {
    const world = lone(['first', 'second'])
    const write = world.store.write.bind(world.store)
    world.store.write = (_, done) => {
      world.store.write = write
      world.clock.soon(() => done({ error: new Error('no space left') }))
    }
    for (const group of ['first', 'second']) {
      world.append(group, group)
      world.clock.run(1000)
    }
    expect([...world.outcomes.values()]).toEqual([['unknown'], ['unknown']])
    expect([world.stored('first'), world.stored('second')]).toEqual([[], []])
    for (const { status } of world.servers.values()) {
      expect(status).toMatchObject({ role: 'stopped', failure: { code: 'SERVER_STOPPED' } })
    }
  })

  it('and throws, fails the groups whose writes it was given', () => {
    const world = lone(['first', 'second', 'third'])
    world.store.write = () => {
      throw new Error('the store is broken')
    }
    for (const group of ['first', 'second']) world.append(group, group)
    world.clock.run(1000)
    expect([...world.outcomes.values()]).toEqual([['unknown'], ['unknown']])
    for (const group of ['first', 'second']) {
      const failure = { code: 'SERVER_STOPPED', cause: { message: 'the store is broken' } }
      expect(world.servers.get(group)!.status).toMatchObject({ role: 'stopped', failure })
    }
    expect(world.role('third')).toBe('leader')
    expect(() => world.node.open('fourth', { stateMachine: { apply } })).toThrow(ServerStoppedError)
  })
})
