import {
  MemoryNetwork,
  MemoryStore,
  RaftNode,
  type ClientOutcome,
  type ConfigurationEntry,
  type Entry,
  type Packet,
  type StoredSnapshot,
} from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { logOf } from './world/serverWorld.ts'
import { TestClock } from './world/testClock.ts'
import { TestRandom } from './world/testRandom.ts'

describe('the memory store', () => {
  function store() {
    const clock = new TestClock()
    return { clock, store: new MemoryStore({ clock, random: new TestRandom(1) }) }
  }

  const hardState = { currentTerm: 2, votedFor: 'S1' }

  it('keeps the pieces of a snapshot, though their giver goes on to use the buffers', () => {
    const { clock, store: memory } = store()
    const [entry] = logOf([1])
    const configuration = { index: 1, configuration: (entry as ConfigurationEntry).configuration }
    const head = { lastIncluded: { index: 1, term: 1 }, lastTime: 0, configuration }
    const draft = memory.beginSnapshot('g', head)
    let stored: StoredSnapshot | undefined
    for (const piece of [Buffer.from('one '), Buffer.from('two')]) {
      draft.write(piece, () => {})
      piece.fill(0xee)
    }
    draft.finish((_failure, snapshot) => (stored = snapshot))
    clock.finishTurn()
    const snapshot = { snapshot: stored!, logStartsAfter: { index: 0, term: 0 } }
    memory.write([{ group: 'g', hardState, truncateAfter: undefined, snapshot, entries: [entry!] }], () => {})
    const read: string[] = []
    const reader = memory.openSnapshot('g')
    reader.read(0, 100, (_failure, bytes) => read.push(new TextDecoder().decode(bytes)))
    clock.finishTurn()
    expect(read).toEqual(['one '])
  })

  it('answers in the order of the calls, never from within a call', () => {
    const { clock, store: memory } = store()
    const answers: string[] = []
    memory.write([], () => answers.push('write'))
    memory.read('g', { after: 0, upTo: 9, maxBytes: 9 }, () => answers.push('read'))
    memory.write([], () => answers.push('write again'))
    memory.close(() => answers.push('close'))
    expect(answers).toEqual([])
    clock.finishTurn()
    expect(answers).toEqual(['write', 'read', 'write again', 'close'])
  })

  it('recovers what was written: term, vote, log, and nothing of other groups', () => {
    const { store: memory } = store()
    expect(memory.recover('g')).toBeUndefined()
    const entries = logOf([1, 2, 2, 3])
    memory.write([{ group: 'g', hardState, truncateAfter: undefined, snapshot: undefined, entries }], () => {})
    memory.write([{ group: 'g', hardState: undefined, truncateAfter: 3, snapshot: undefined, entries: [] }], () => {})
    expect(memory.recover('g')).toEqual({
      hardState,
      snapshot: undefined,
      logStartsAfter: { index: 0, term: 0 },
      lastIndex: 3,
      lastTime: 0,
      termStarts: [
        { index: 1, term: 1 },
        { index: 2, term: 2 },
      ],
      configurations: [entries[0]],
    })
    expect(memory.groups).toEqual(['g'])
    expect(memory.recover('other')).toBeUndefined()
  })

  it('reads in order, as many as fit and at least one', () => {
    const { clock, store: memory } = store()
    memory.write(
      [{ group: 'g', hardState, truncateAfter: undefined, snapshot: undefined, entries: logOf([1, 1, 1, 1]) }],
      () => {},
    )
    const read = (after: number, upTo: number, maxBytes: number): number[] => {
      let found: readonly Entry[] = []
      memory.read('g', { after, upTo, maxBytes }, (_, entries) => {
        found = entries
      })
      clock.finishTurn()
      return found.map(({ index }) => index)
    }
    expect(read(1, 3, 10_000)).toEqual([2, 3])
    expect(read(1, 4, 1)).toEqual([2])
    expect(read(4, 4, 1)).toEqual([])
  })

  it('refuses snapshots that do not go with its log', () => {
    const { clock, store: memory } = store()
    const configuration = { index: 1, configuration: { groupUuid: 'u', members: [], voters: [] } }
    const write = (index: number, startsAfter: number): void => {
      const draft = memory.beginSnapshot('g', { lastIncluded: { index, term: 1 }, lastTime: 0, configuration })
      let stored: StoredSnapshot | undefined
      draft.finish((_, snapshot) => {
        stored = snapshot
      })
      clock.finishTurn()
      const snapshot = { snapshot: stored!, logStartsAfter: { index: startsAfter, term: 1 } }
      memory.write([{ group: 'g', hardState, truncateAfter: undefined, snapshot, entries: [] }], () => {})
    }
    write(5, 3)
    expect(() => write(5, 4)).toThrow('stands for more')
    expect(() => write(6, 2)).toThrow('begins no earlier')
    expect(() => write(6, 7)).toThrow('at most behind')
    write(6, 6)
    expect(memory.recover('g')).toMatchObject({ lastIndex: 6, logStartsAfter: { index: 6, term: 1 } })
  })

  it('each is another store', () => {
    const random = new TestRandom(1)
    const clock = new TestClock()
    expect(new MemoryStore({ clock, random }).identity).not.toBe(new MemoryStore({ clock, random }).identity)
  })
})

describe('the memory network', () => {
  it('delivers in a later turn, in order, to who is there', () => {
    const clock = new TestClock()
    const network = new MemoryNetwork({ clock })
    const received: string[] = []
    const receiver = (node: string) => ({
      received: (from: string, packet: Packet) => void received.push(`${from} to ${node}: ${packet.group}`),
      connected: () => void received.push(`${node} is connected`),
      disconnected: () => {},
    })
    const [a, b] = ['a', 'b'].map((node) => {
      const transport = network.join(node)
      transport.open(receiver(node))
      return transport
    })
    const packet = (group: string): Packet => ({ group, groupUuid: undefined, store: 's', messages: [] })
    a!.send('b', [packet('1'), packet('2')])
    a!.send('b', [packet('3')])
    a!.send('nobody', [packet('4')])
    expect(received).toEqual([])
    clock.finishTurn()
    expect(received).toEqual(['a is connected', 'b is connected', 'a to b: 1', 'a to b: 2', 'a to b: 3'])
    expect(() => network.join('a').open(receiver('a'))).toThrow('joined')
    let isClosed = false
    b!.close(() => {
      isClosed = true
    })
    a!.send('b', [packet('5')])
    clock.finishTurn()
    expect([isClosed, received.length]).toEqual([true, 5])
  })

  it('carries requests to who serves, and settles each exactly once', () => {
    const clock = new TestClock()
    const network = new MemoryNetwork({ clock })
    const client = network.client()
    const outcomes: ClientOutcome[] = []
    const ask = (): void => client.request('g', { type: 'status' }, 100, (outcome) => outcomes.push(outcome))
    ask()
    clock.run(10)
    expect(outcomes).toEqual([{ type: 'noResponder' }])

    const stop = network.client().serve('g', 1, (_, reply) => {
      reply({ type: 'status', leaderId: 'a', term: 1, commitIndex: 1 })
      reply({ type: 'status', leaderId: 'b', term: 1, commitIndex: 1 })
    })
    ask()
    clock.run(1000)
    expect(outcomes.slice(1)).toMatchObject([{ type: 'status', leaderId: 'a' }])
    stop()

    network.client().serve('g', 1, () => {})
    ask()
    clock.run(99)
    expect(outcomes).toHaveLength(2)
    clock.run(2)
    expect(outcomes[2]).toEqual({ type: 'noAnswer', reason: 'timeout' })
    ask()
    client.close(() => {})
    clock.run(1000)
    expect(outcomes.slice(3)).toEqual([{ type: 'noAnswer', reason: 'closed' }])
  })

  it('hears the leader, though an old one still listens', () => {
    const clock = new TestClock()
    const network = new MemoryNetwork({ clock })
    network.client().serve('g', 1, (_, reply) => reply({ type: 'notLeader', term: 1, leaderId: undefined }))
    network.client().serve('g', 2, (_, reply) => reply({ type: 'status', leaderId: 'b', term: 2, commitIndex: 1 }))
    const outcomes: ClientOutcome[] = []
    network.client().request('g', { type: 'status' }, 100, (outcome) => outcomes.push(outcome))
    clock.run(10)
    expect(outcomes).toMatchObject([{ type: 'status', leaderId: 'b' }])
  })
})

it('three nodes over both are born, elect, replicate and apply', () => {
  const clock = new TestClock()
  const random = new TestRandom(7)
  const network = new MemoryNetwork({ clock })
  const ids = ['n1', 'n2', 'n3']
  const nodes = ids.map((id) => new RaftNode({ id, network, store: new MemoryStore({ clock, random }), clock, random }))
  const applied = new Map<string, Entry[]>(ids.map((id) => [id, []]))
  const servers = nodes.map((node) =>
    node.open('orders', {
      stateMachine: {
        apply: (entries, done) => {
          applied.get(node.id)!.push(...entries)
          done()
        },
      },
    }),
  )
  let born: unknown
  nodes[0]!.bootstrap('orders', { nodes: ids, timeoutMs: 1000 }, (error, groupUuid) => {
    born = error ?? groupUuid
  })
  clock.run(1000, () => born !== undefined)
  expect(born).toEqual(expect.any(String))
  clock.run(3000, () => servers.some((server) => server.status.role === 'leader'))
  const leader = servers.find((server) => server.status.role === 'leader')!
  const outcomes: unknown[] = []
  for (let n = 0; n < 10; n++) leader.append([{ data: new Uint8Array([n]) }], (outcome) => outcomes.push(outcome))
  clock.run(500)
  expect(outcomes).toMatchObject(Array(10).fill({ type: 'appended' }))
  const [first, second, third] = ids.map((id) => applied.get(id))
  expect(first).toHaveLength(12)
  expect(second).toEqual(first)
  expect(third).toEqual(first)
})
