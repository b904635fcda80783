import { RaftNode, firstEntry, type Entry, type HostedServer } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { GROUP, cluster } from './world/cluster.ts'
import { hosts } from './world/hosts.ts'
import { TestClock } from './world/testClock.ts'
import { TestNetwork } from './world/testNetwork.ts'
import { TestRandom } from './world/testRandom.ts'
import { TestDisk, TestStore } from './world/testStore.ts'

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
    expect(nodes.texts('n1')).toEqual(['a', 'b'])
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
      node.bootstrap(group, { nodes: ['n1'], timeoutMs: 1000 }, () => {})
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
      disk.flush({
        group,
        hardState: { currentTerm: 1, votedFor: undefined },
        truncateAfter: undefined,
        snapshot: undefined,
        entries,
      })
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
