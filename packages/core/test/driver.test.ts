import {
  MemoryStore,
  RaftNode,
  ServerStoppedError,
  firstEntry,
  type Entry,
  type HostedServer,
  type Inspect,
  type Network,
  type RaftSettings,
} from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { Timers } from '../src/driver/timers.ts'
import { GROUP, cluster } from './world/cluster.ts'
import { TestClock } from './world/testClock.ts'
import { TestNetwork } from './world/testNetwork.ts'
import { TestRandom } from './world/testRandom.ts'
import { TestDisk, TestStore } from './world/testStore.ts'

/** Three nodes that host the same groups, born already. */
function hosts(groups: number, settings: Partial<RaftSettings> = {}, inspect?: Inspect) {
  const clock = new TestClock()
  const network = new TestNetwork(clock)
  const ids = ['n1', 'n2', 'n3']
  const names = Array.from({ length: groups }, (_, n) => `g${n}`)
  const stores = ids.map((id) => new TestStore(new TestDisk(`store-of-${id}`), clock))
  const identities = new Map(ids.map((id, place) => [id, stores[place]!.identity]))
  const applied = new Map<string, Entry[]>()
  const nodes = ids.map((id, place) => {
    const store = stores[place]!
    for (const group of names) {
      const hardState = { currentTerm: 1, votedFor: undefined }
      const entries = [firstEntry(`uuid-of-${group}`, identities, 0)]
      store.disk.flush({ group, hardState, truncateAfter: undefined, entries })
    }
    return new RaftNode({ id, network, store, clock, random: new TestRandom(place + 1), settings, inspect })
  })
  const servers = nodes.map((node) =>
    names.map((group) =>
      node.open(group, {
        stateMachine: {
          apply: (entries, done) => {
            applied.set(`${node.id}/${group}`, [...(applied.get(`${node.id}/${group}`) ?? []), ...entries])
            done()
          },
        },
      }),
    ),
  )
  const leaders = (): (HostedServer | undefined)[] =>
    names.map((_, group) => servers.map((all) => all[group]!).find(({ status }) => status.role === 'leader'))
  return { clock, network, stores, nodes, servers, names, leaders, applied }
}

/** One node that leads these groups alone, and what an application of theirs does when it is told of something. */
function lone(names: readonly string[], setUp: { readonly network?: (network: TestNetwork) => Network } = {}) {
  const clock = new TestClock()
  const network = new TestNetwork(clock)
  const disk = new TestDisk('store-of-n1')
  const store = new TestStore(disk, clock)
  for (const group of names) {
    const hardState = { currentTerm: 1, votedFor: undefined }
    const entries = [firstEntry(`uuid-of-${group}`, new Map([['n1', disk.identity]]), 0)]
    disk.flush({ group, hardState, truncateAfter: undefined, entries })
  }
  const random = new TestRandom(1)
  const node = new RaftNode({ id: 'n1', network: setUp.network?.(network) ?? network, store, clock, random })
  const reactions = { status: new Map<string, () => void>(), apply: new Map<string, () => void>() }
  const react = (to: Map<string, () => void>, group: string): void => {
    const reaction = to.get(group)
    to.delete(group)
    reaction?.()
  }
  const open = (group: string): HostedServer =>
    node.open(group, {
      onStatus: () => react(reactions.status, group),
      stateMachine: {
        apply: (_, done) => {
          react(reactions.apply, group)
          done()
        },
      },
    })
  const servers = new Map(names.map((group) => [group, open(group)]))
  clock.run(1000)
  const outcomes = new Map<string, string[]>()
  /** The text is the name of the append as well. */
  const append = (group: string, text: string, answered: () => void = () => {}): void => {
    outcomes.set(text, [])
    servers.get(group)!.append([{ data: new TextEncoder().encode(text) }], ({ type }) => {
      outcomes.get(text)!.push(type)
      answered()
    })
  }
  const stored = (group: string): string[] =>
    disk.entriesOf(group).flatMap((entry) => (entry.kind === 'command' ? [new TextDecoder().decode(entry.data)] : []))
  const role = (group: string) => servers.get(group)!.status.role
  return { clock, network, disk, store, node, servers, reactions, open, append, outcomes, stored, role }
}

const data = new Uint8Array([1])

describe('the driver', () => {
  it('the messages of many groups in one turn leave as one hand-over to each node, their records as one write', () => {
    const { clock, network, stores, nodes, servers, names, leaders } = hosts(20, {
      electionTimeoutMinMs: 500,
      electionTimeoutMaxMs: 2000,
    })
    network.loses = ({ from, packet }) => from !== 'n1' && packet.messages.some(({ type }) => type === 'requestVote')
    clock.run(20_000, () => leaders().every((leader) => leader?.server.id === 'n1'))
    clock.run(100)
    expect(leaders().every((leader) => leader?.server.id === 'n1')).toBe(true)

    clock.finishTurn()
    const { handOvers } = network
    const before = [handOvers.length, stores[0]!.batches.length] as const
    const outcomes: string[] = []
    for (const server of servers[0]!) {
      server.append([{ data }], ({ type }) => outcomes.push(type))
      server.append([{ data }], ({ type }) => outcomes.push(type))
    }
    expect(handOvers.length).toBe(before[0])
    clock.finishTurn()
    const sent = handOvers.slice(before[0]).filter(({ from }) => from === 'n1')
    expect(sent.map(({ to }) => to)).toEqual(['n2', 'n3'])
    for (const { packets } of sent) {
      expect(packets.map(({ group }) => group).sort()).toEqual([...names].sort())
      expect(packets.every(({ messages }) => messages.length === 1)).toBe(true)
    }
    const batches = stores[0]!.batches.slice(before[1])
    expect(batches.map((batch) => batch.length)).toEqual([20])
    expect(batches[0]!.every(({ entries }) => entries.length === 2)).toBe(true)
    clock.run(20)
    expect(outcomes).toEqual(Array(40).fill('appended'))
    expect(nodes[0]!.id).toBe('n1')
  })

  it('the heartbeats of all groups leave together', () => {
    const { clock, network, leaders } = hosts(10, { electionTimeoutMinMs: 500, electionTimeoutMaxMs: 5000 })
    network.loses = ({ from, packet }) => from !== 'n1' && packet.messages.some(({ type }) => type === 'requestVote')
    clock.run(60_000, () => leaders().every((leader) => leader?.server.id === 'n1'))
    clock.run(500)
    network.handOvers.length = 0
    clock.run(1000)
    const toOne = network.handOvers.filter(({ from, to }) => from === 'n1' && to === 'n2')
    expect(toOne.length).toBeLessThanOrEqual(2 * (1000 / 50))
    expect(toOne.flatMap(({ packets }) => packets).length).toBeGreaterThanOrEqual(10 * 19)
  })

  it('1,000 idle groups on three nodes elect, and stay as they are', () => {
    const { clock, leaders } = hosts(1000, {
      heartbeatIntervalMs: 200,
      electionTimeoutMinMs: 1000,
      electionTimeoutMaxMs: 3000,
    })
    clock.run(5000)
    const before = leaders().map((leader) => [leader?.server.id, leader?.status.term])
    expect(before.every(([id]) => id !== undefined)).toBe(true)
    clock.run(4000)
    expect(leaders().map((leader) => [leader?.server.id, leader?.status.term])).toEqual(before)
  }, 120_000)

  it('inputs of one turn are carried out together, at its end', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.settle()
    const { store } = nodes.node('n1')
    const before = store.batches.length
    for (const text of ['a', 'b', 'c']) nodes.append('n1', text)
    expect(store.batches.length).toBe(before)
    nodes.run(1)
    expect(store.batches.slice(before).map(([write]) => write!.entries.length)).toEqual([3])
    nodes.settle()
    expect(nodes.texts('n1')).toEqual(['a', 'b', 'c'])
  })

  it('the state machine has one batch at a time, the next when it is done, and callers wait for it', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.settle()
    const node = nodes.node('n1')
    node.isApplyHeld = true
    const first = nodes.append('n1', 'a')
    nodes.run(10)
    const second = nodes.append('n1', 'b')
    nodes.run(10)
    expect(nodes.texts('n1')).toEqual(['a'])
    expect([first.outcomes, second.outcomes]).toEqual([[], []])
    const done = node.applyDone!
    done()
    nodes.run(10)
    expect(nodes.texts('n1')).toEqual(['a', 'b'])
    done()
    nodes.run(10)
    expect([first.outcomes.length, second.outcomes.length]).toEqual([1, 0])
    node.applyDone!()
    nodes.run(10)
    expect([...first.outcomes, ...second.outcomes].map(({ type }) => type)).toEqual(['appended', 'appended'])
  })

  it('a state machine that throws stops its own group, and no other', () => {
    const clock = new TestClock()
    const network = new TestNetwork(clock)
    const store = new TestStore(new TestDisk('store-of-n1'), clock)
    const node = new RaftNode({ id: 'n1', network, store, clock, random: new TestRandom(1) })
    let isBroken = false
    const apply = (_: readonly Entry[], done: () => void): void => {
      if (isBroken) throw new Error('the state machine is broken')
      done()
    }
    const servers = ['throwing', 'innocent'].map((group) => {
      const stateMachine = { apply: group === 'throwing' ? apply : (_: unknown, done: () => void) => done() }
      const server = node.open(group, { stateMachine })
      node.bootstrap(group, ['n1'], 1000, () => {})
      return server
    })
    clock.run(1000)
    expect(servers.map(({ status }) => status.role)).toEqual(['leader', 'leader'])

    isBroken = true
    const outcomes: string[][] = [[], []]
    for (const [place, server] of servers.entries()) {
      server.append([{ data }], ({ type }) => outcomes[place]!.push(type))
    }
    const end = clock.now() + 2000
    while (clock.now() < end) {
      try {
        clock.run(end - clock.now())
      } catch {
        // What escapes to the event loop would end the process.
      }
    }
    expect(outcomes).toEqual([['unknown'], ['appended']])
    expect(servers[1]!.status.failure).toBeUndefined()
    expect(servers[0]!.status).toMatchObject({ role: 'stopped', failure: { message: 'the state machine is broken' } })
  })

  it('a group that is closed says no more, and the others go on', () => {
    const { clock, nodes, servers, leaders } = hosts(2)
    clock.run(2000, () => leaders().every((leader) => leader !== undefined))
    for (const node of nodes) node.close('g0')
    clock.run(2000)
    expect(servers.map(([closed]) => closed!.status.role)).toEqual(['stopped', 'stopped', 'stopped'])
    expect(leaders()[1]).toBeDefined()
  })

  it('the state machine of a group that is closed is given nothing more', () => {
    const nodes = cluster(1, { settings: { maxBatchBytes: 60 } })
    nodes.electLeader('n1')
    nodes.settle()
    const node = nodes.node('n1')
    node.isApplyHeld = true
    nodes.append('n1', 'a', 'b', 'c')
    nodes.run(10)
    expect(nodes.texts('n1')).toEqual(['a'])
    node.raft.close(GROUP)
    node.isApplyHeld = false
    node.applyDone!()
    nodes.run(10)
    expect(nodes.texts('n1')).toEqual(['a'])
  })

  it('a group that was closed while a write of it was under way, can be opened again when that is over', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.settle()
    const { raft, store } = nodes.node('n1')
    store.isHeld = true
    nodes.append('n1', 'a')
    nodes.run(1)
    raft.close(GROUP)
    const open = (): HostedServer => raft.open(GROUP, { stateMachine: { apply: (_, done) => done() } })
    expect(open).toThrow('group orders has a write under way')
    let reopened: HostedServer | undefined
    raft.whenQuiet(GROUP, () => {
      reopened = open()
    })
    nodes.run(100)
    expect(reopened).toBeUndefined()
    store.release()
    nodes.run(1000)
    expect(reopened!.status.role).toBe('leader')
  })

  it('whoever waits for quiet is called when it is quiet then, not when it was: another write may have begun', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.settle()
    const { raft, store } = nodes.node('n1')
    store.isHeld = true
    let wasQuiet: boolean | undefined
    nodes.append('n1', 'a')
    raft.whenQuiet(GROUP, () => {
      wasQuiet = store.waiting === 0
    })
    nodes.run(100)
    expect([store.waiting, wasQuiet]).toEqual([1, undefined])
    store.release()
    nodes.run(100)
    expect(wasQuiet).toBe(true)
  })

  it('the state machine is given nothing of a read that ends when its group is closed already', () => {
    const nodes = cluster(1)
    nodes.electLeader('n1')
    nodes.append('n1', 'a', 'b')
    nodes.settle()
    nodes.node('n1').store.latencyMs = 50
    nodes.crash('n1')
    nodes.restart('n1')
    nodes.run(5000, () => nodes.state('n1').applyingIndex > 0)
    expect(nodes.node('n1').store.waiting).toBe(1)
    nodes.node('n1').raft.close(GROUP)
    nodes.run(1000)
    expect(nodes.node('n1').store.waiting).toBe(0)
    expect(nodes.node('n1').applied).toEqual([])
    expect(nodes.status('n1')).toMatchObject({ role: 'stopped', lastApplied: 0, failure: undefined })
  })

  it('a store that throws when it is read stops that group alone, and loses no write of another', () => {
    const clock = new TestClock()
    const disk = new TestDisk('s1')
    const store = new TestStore(disk, clock)
    for (const group of ['read', 'other']) {
      const entries = [firstEntry(`uuid-of-${group}`, new Map([['n1', 's1']]), 0)]
      disk.flush({ group, hardState: { currentTerm: 1, votedFor: undefined }, truncateAfter: undefined, entries })
    }
    const read = store.read.bind(store)
    store.read = (group, range, done) => {
      if (group === 'read') throw new Error('the store cannot be read')
      read(group, range, done)
    }
    const node = new RaftNode({ id: 'n1', network: new TestNetwork(clock), store, clock, random: new TestRandom(1) })
    const [broken, other] = ['read', 'other'].map((group) =>
      node.open(group, { stateMachine: { apply: (_, done) => done() } }),
    )
    clock.run(2000, () => broken!.status.role === 'stopped' && other!.status.role === 'leader')
    expect(broken!.status.failure).toMatchObject({ message: 'the store cannot be read' })
    const outcomes: string[] = []
    other!.append([{ data: new Uint8Array(1) }], ({ type }) => outcomes.push(type))
    clock.run(1000)
    expect(outcomes).toEqual(['appended'])
    expect(disk.entriesOf('other').map(({ index }) => index)).toEqual([1, 2, 3])
  })

  it('a closed node is silent, has no timer, and opens nothing', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    const { raft } = nodes.node('n1')
    let failure: unknown = 'not closed'
    raft.closeNode((reason) => {
      failure = reason
    })
    nodes.run(10)
    expect(failure).toBeUndefined()
    const { handOvers } = nodes.network
    const before = handOvers.length
    nodes.run(2000)
    expect(handOvers.slice(before).filter(({ from }) => from === 'n1')).toEqual([])
    expect(() => raft.open('another', { stateMachine: { apply: () => {} } })).toThrow('closed')
    for (const id of ['n2', 'n3']) nodes.node(id).raft.closeNode(() => {})
    nodes.run(10)
    expect(nodes.clock.timers).toBe(0)
  })

  it('it reads what is applied, from memory and from the store, in portions', () => {
    const nodes = cluster(1, { settings: { cacheBytes: 200 } })
    nodes.electLeader('n1')
    for (let n = 0; n < 20; n++) {
      nodes.append('n1', `${n}`)
      nodes.run(2)
    }
    nodes.settle()
    const indexes: number[] = []
    let portions = 0
    for (let after = 0; after < 22; portions++) {
      let found: readonly Entry[] = []
      nodes.server('n1').read(after, 100, (_, entries) => {
        found = entries
      })
      nodes.run(1)
      indexes.push(...found.map(({ index }) => index))
      expect(found.length).toBeGreaterThan(0)
      after = found.at(-1)!.index
    }
    expect(indexes).toEqual(Array.from({ length: 22 }, (_, n) => n + 1))
    expect(portions).toBeGreaterThan(5)
    let none: readonly Entry[] | undefined
    nodes.server('n1').read(22, 100, (_, entries) => {
      none = entries
    })
    nodes.run(1)
    expect(none).toEqual([])
  })

  it('a store that fails to read stops the server', () => {
    const nodes = cluster(1, { settings: { cacheBytes: 100 } })
    nodes.electLeader('n1')
    for (let n = 0; n < 10; n++) {
      nodes.append('n1', `${n}`)
      nodes.run(2)
    }
    nodes.settle()
    nodes.node('n1').store.fail('unreadable')
    let error: Error | undefined
    nodes.server('n1').read(0, 100, (reason) => {
      error = reason
    })
    nodes.run(1)
    expect(error?.message).toBe('unreadable')
    expect(nodes.status('n1').role).toBe('stopped')
  })

  it('when the connection comes back, what was under way is sent again at once', () => {
    const nodes = cluster(3)
    nodes.electLeader('n1')
    nodes.settle()
    nodes.network.loses = () => true
    const appended = nodes.append('n1', 'a')
    nodes.run(5)
    nodes.network.loses = () => false
    nodes.network.reconnect('n1')
    nodes.run(5)
    expect(appended.outcomes[0]?.type).toBe('appended')
  })

  it('a node can carry what its transport and its client can', () => {
    const { clock, random } = cluster(1)
    const network = new TestNetwork(clock)
    const limited = {
      join: (id: string) => ({ ...network.join(id), maxEntryBytes: 500 }),
      client: () => ({ ...network.client(), maxEntryBytes: 400 }),
    }
    const store = new TestStore(new TestDisk('s'), clock)
    expect(new RaftNode({ id: 'n1', network: limited, store, clock, random }).maxEntryBytes).toBe(400)
  })
})

describe('what an application does when it is told of something', () => {
  type World = ReturnType<typeof lone>

  /** One flush in which `first` has a write to hand over, and `second` tells: of its status, an answer, or entries. */
  function provoke(
    world: World,
    by: 'status' | 'answer' | 'apply',
    reaction: () => void,
    meanwhile: () => void = () => {},
  ): void {
    world.store.isHeld = true
    world.append('second', 'told', by === 'answer' ? reaction : undefined)
    world.clock.run(1)
    if (by !== 'answer') world.reactions[by].set('second', reaction)
    world.append('first', '1')
    meanwhile()
    world.store.release()
    world.clock.run(1000)
  }

  const occasions = [['status'], ['answer'], ['apply']] as const

  it.each(occasions)('by %s: closing a group makes no write overtake another that was taken before', (by) => {
    const world = lone(['first', 'second', 'third'])
    provoke(world, by, () => {
      world.append('first', '2')
      world.node.close('third')
      world.append('first', '3')
    })
    world.append('first', '4')
    world.clock.run(1000)
    expect(world.stored('first')).toEqual(['1', '2', '3', '4'])
    expect([...world.outcomes.values()]).toEqual(Array(5).fill(['appended']))
    expect(world.role('third')).toBe('stopped')
  })

  it.each(occasions)('by %s: closing the node loses no write and no answer', (by) => {
    const world = lone(['first', 'second'])
    let closed: unknown = 'not closed'
    // Its answer is due in the flush in which the node is closed.
    world.store.isHeld = true
    world.append('first', '0')
    provoke(world, by, () =>
      world.node.closeNode((failure) => {
        closed = failure
      }),
    )
    expect(closed).toBeUndefined()
    expect(world.stored('first').slice(0, 1)).toEqual(['0'])
    expect([...world.outcomes.keys()]).toEqual(['0', 'told', '1'])
    for (const outcomes of world.outcomes.values()) expect(outcomes).toHaveLength(1)
    expect(world.outcomes.get('0')).toEqual(['appended'])
    expect(world.stored('first')).toEqual(['0', '1'])
  })

  it.each(occasions)(
    'by %s: a group that is closed and opened at once begins with all that it had handed over',
    (by) => {
      const world = lone(['first', 'second'])
      let refusal: unknown
      let reopened: HostedServer | undefined
      const reopen = (): void => {
        world.node.close('second')
        try {
          reopened = world.open('second')
        } catch (error) {
          refusal = error
          world.node.whenQuiet('second', () => {
            reopened = world.open('second')
          })
        }
      }
      provoke(world, by, reopen, () => world.append('second', 'last'))
      // The state machine is told before the write is taken: there is nothing under way then, and will not be.
      if (by === 'apply') expect(refusal).toBeUndefined()
      else expect(refusal).toMatchObject({ message: 'group second has a write under way; open it when that is over' })
      expect(world.stored('second')).toEqual(by === 'apply' ? ['told'] : ['told', 'last'])
      expect(reopened!.status).toMatchObject({ role: 'leader', lastIndex: world.disk.entriesOf('second').length })
      reopened!.append([{ data }], ({ type }) => world.outcomes.set('anew', [type]))
      world.clock.run(100)
      expect(world.outcomes.get('anew')).toEqual(['appended'])
      expect(world.stored('first')).toEqual(['1'])
    },
  )

  it.each(occasions)('by %s: what it throws stops its own group; the writes and answers of the others arrive', (by) => {
    const world = lone(['first', 'second', 'third'])
    world.store.isHeld = true
    world.append('third', '0')
    provoke(world, by, () => {
      world.append('third', '2')
      throw new Error('the application is broken')
    })
    world.append('first', '3')
    world.clock.run(1000)
    expect(world.servers.get('second')!.status).toMatchObject({
      role: 'stopped',
      failure: { message: 'the application is broken' },
    })
    expect([world.role('first'), world.role('third')]).toEqual(['leader', 'leader'])
    expect([world.stored('first'), world.stored('third')]).toEqual([
      ['1', '3'],
      ['0', '2'],
    ])
    for (const text of ['0', '1', '2', '3']) expect(world.outcomes.get(text), text).toEqual(['appended'])
  })

  it('a client transport that throws when it is to serve a group stops that group alone', () => {
    const world = lone(['first', 'second', 'third'], {
      network: (network) => ({
        join: (id) => network.join(id),
        client: () => {
          const client = network.client()
          const serve: typeof client.serve = (group, term, handler) => {
            if (group === 'second') throw new Error('not connected')
            return client.serve(group, term, handler)
          }
          return { ...client, serve }
        },
      }),
    })
    for (const group of ['first', 'third']) world.append(group, group)
    world.clock.run(1000)
    expect(world.servers.get('second')!.status).toMatchObject({
      role: 'stopped',
      failure: { message: 'not connected' },
    })
    expect([...world.outcomes.values()]).toEqual([['appended'], ['appended']])
  })
})

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
      expect(() => raft.bootstrap(group, ['n1'], 1000, () => {})).toThrow(ServerStoppedError)
    }
    expect(() => raft.open(GROUP, { stateMachine: { apply } })).toThrow('no space left')
  })

  it.each([
    [
      'an entry that was handed in, and never flushed, is not acknowledged',
      { type: 'appendEntries', term: 2, session: 1, prevLog: { index: 1, term: 1 }, leaderCommit: 0 },
      'appendEntries.accepted',
    ],
    [
      'nor is a vote given that was handed in, and never flushed',
      { type: 'requestVote', term: 2, lastLog: { index: 1, term: 1 } },
      'requestVote.granted',
    ],
  ] as const)('%s, by a server that is opened anew', (_, request, answer) => {
    const clock = new TestClock()
    const network = new TestNetwork(clock)
    const store = new MemoryStore({ clock, random: new TestRandom(1) })
    const stores = new Map([...['n1', 'n3'].map((id) => [id, `store-of-${id}`] as const), ['n2', store.identity]])
    const entries = [firstEntry('the-group', stores, 0)]
    const hardState = { currentTerm: 1, votedFor: undefined }
    store.write([{ group: GROUP, hardState, truncateAfter: undefined, entries }], () => {})
    // What was handed in is what it recovers, flushed or not.
    const take = store.write.bind(store)
    store.write = (batch, done) => take(batch, () => done({ error: new Error('no space left') }))
    const node = new RaftNode({ id: 'n2', network, store, clock, random: new TestRandom(2) })
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

it('an inspector that throws over one group takes no heartbeats from the others', () => {
  const watched = new Set<string>()
  let thrown = 0
  const inspect: Inspect = (event) => {
    const isTick = event.type === '@xstate.event' && event.event.type === 'heartbeatTick.elapsed'
    if (!watched.has(event.rootId) || thrown === 2 || (thrown === 0 && !isTick)) return
    thrown++
    throw new Error('the inspector is broken')
  }
  const { clock, network, leaders } = hosts(2, {}, inspect)
  const isLed = (): boolean => leaders().every((leader) => leader?.server.id === 'n1')
  network.loses = ({ from, packet }) => from !== 'n1' && packet.messages.some(({ type }) => type === 'requestVote')
  clock.run(20_000, isLed)
  network.loses = () => false
  clock.run(500)
  const [broken, innocent] = leaders()
  const { term } = innocent!.status
  watched.add(broken!.server.actor.sessionId)
  const end = clock.now() + 3000
  while (clock.now() < end) {
    try {
      clock.run(end - clock.now())
    } catch {
      // What escapes to the event loop would end the process.
    }
  }
  expect(innocent!.status).toMatchObject({ role: 'leader', term })
  expect(broken!.status.failure).toBeUndefined()
  expect(thrown).toBe(1)
})

describe('the timers of a node', () => {
  it('fire in the order of their time, those of one moment in the order they were set, over one timer of the clock', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    const random = new TestRandom(3)
    const fired: number[] = []
    const delays = Array.from({ length: 500 }, () => random.below(100))
    const set = delays.map((delay, n) => timers.setTimeout(() => fired.push(n), delay))
    const cleared = set.filter((_, n) => n % 7 === 0)
    for (const timer of cleared) timers.clearTimeout(timer)
    expect(clock.timers).toBe(1)
    clock.run(1000)
    const expected = delays
      .map((delay, n) => ({ delay, n }))
      .filter(({ n }) => n % 7 !== 0)
      .sort((a, b) => a.delay - b.delay || a.n - b.n)
      .map(({ n }) => n)
    expect(fired).toEqual(expected)
    expect(clock.timers).toBe(0)
  })

  it('an earlier one moves the alarm forward; one that is set anew while they fire waits its time', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    const fired: string[] = []
    timers.setTimeout(() => fired.push(`late ${clock.now()}`), 100)
    timers.setTimeout(() => {
      fired.push(`early ${clock.now()}`)
      timers.setTimeout(() => fired.push(`again ${clock.now()}`), 0)
      timers.setTimeout(() => fired.push(`then ${clock.now()}`), 20)
    }, 10)
    clock.run(200)
    expect(fired).toEqual(['early 10', 'again 10', 'then 30', 'late 100'])
  })

  it('one whose callback throws takes no other with it: neither those due with it nor those to come', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    const fired: string[] = []
    timers.setTimeout(() => {
      throw new Error('the callback is broken')
    }, 10)
    timers.setTimeout(() => fired.push(`with it ${clock.now()}`), 10)
    timers.setTimeout(() => fired.push(`later ${clock.now()}`), 30)
    expect(() => clock.run(200)).toThrow('the callback is broken')
    clock.run(200)
    expect(fired).toEqual(['with it 10', 'later 30'])
  })

  it('closed, fire no more', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    timers.setTimeout(() => expect.fail('it fired'), 10)
    timers.close()
    clock.run(100)
    expect(clock.timers).toBe(0)
  })
})
