import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AppendEntries, TransportReceiver } from '@quorate/core'
import { encodeFrames } from '@quorate/wire'
import { type NatsServer, startNatsServer } from '../../../test/setup/nats-server.mjs'
import {
  type NatsConnectionLike,
  type NatsTransport,
  type NatsTransportOptions,
  type Problem,
  natsTransport,
} from '@quorate/nats'
import { clients } from './clients.ts'
import { PATIENCE, RecordingReceiver } from './recordingReceiver.ts'
import { STORE, appendEntries, packet, vote } from './samples.ts'

let server: NatsServer
let small: NatsServer
const transports: NatsTransport[] = []

beforeAll(async () => {
  const MAX_PAYLOAD = 'max_payload: 64KB'
  ;[server, small] = await Promise.all([startNatsServer(), startNatsServer({ config: MAX_PAYLOAD })])
})
afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => new Promise<void>((done) => transport.close(done))))
})
afterAll(async () => {
  await Promise.all([server.stop(), small.stop()])
})

/** A transport with a receiver that remembers, open and connected. */
async function joined(options: NatsTransportOptions): Promise<{ transport: NatsTransport; node: RecordingReceiver }> {
  const node = new RecordingReceiver()
  return { transport: await opened(options, node), node }
}

async function opened(options: NatsTransportOptions, receiver: TransportReceiver): Promise<NatsTransport> {
  const transport = natsTransport(options)
  transports.push(transport)
  const connected = new Promise<void>((resolve) => {
    transport.open({
      received: (from, what) => receiver.received(from, what),
      connected: () => {
        receiver.connected()
        resolve()
      },
      disconnected: () => receiver.disconnected(),
    })
  })
  await connected
  return transport
}

describe.each(clients)('node to node over $client', ({ connect }) => {
  /** n1 and n2, each with a connection of its own. */
  async function pair({ url = server.url, ...options }: Partial<NatsTransportOptions> & { url?: string } = {}) {
    const [one, two] = await Promise.all([connect({ servers: url }), connect({ servers: url })])
    const [n1, n2] = await Promise.all([
      joined({ connection: one, node: 'n1', ...options }),
      joined({ connection: two, node: 'n2', ...options }),
    ])
    return { n1, n2, connection1: one, connection2: two }
  }

  it('delivers packets in the order of their sending, from whom the subject names', async () => {
    const { n1, n2 } = await pair()

    for (let term = 1; term <= 200; term++) n1.transport.send('n2', [packet('orders', vote(term))])

    const packets = await n2.node.untilPackets(200)
    expect(packets).toEqual(Array.from({ length: 200 }, (_, place) => packet('orders', vote(place + 1))))
    expect(new Set(n2.node.deliveries.map(({ from }) => from))).toEqual(new Set(['n1']))
    expect(n1.node.deliveries).toEqual([])
  })

  it('sends the packets of several groups as one frame, and of one group under its name', async () => {
    const { n1, n2, connection2 } = await pair()
    const subjects: string[] = []
    connection2.subscribe('quorate.v1.rpc.>', { callback: (_, { subject }) => void subjects.push(subject) })
    await connection2.flush()

    n1.transport.send('n2', [packet('orders', vote(1)), packet('stock', vote(2))])
    n1.transport.send('n2', [packet('stock', vote(3)), packet('stock', vote(4))])

    expect(await n2.node.untilPackets(4)).toEqual([
      packet('orders', vote(1)),
      packet('stock', vote(2)),
      packet('stock', vote(3)),
      packet('stock', vote(4)),
    ])
    expect(subjects).toEqual(['quorate.v1.rpc._.n2.n1', 'quorate.v1.rpc.stock.n2.n1'])
    expect(n1.transport.counters.framesSent).toBe(2)
  })

  it('carries under a small max_payload what does not fit one message', async () => {
    const { n1, n2 } = await pair({ url: small.url })
    expect(n1.transport.maxEntryBytes).toBeLessThan(64 * 1024)

    n1.transport.send('n2', [packet('orders', appendEntries(100, 4_000)), packet('stock', vote(7))])

    await vi.waitUntil(() => n2.node.packets.some(({ group }) => group === 'stock'), PATIENCE)
    const messages = n2.node.packets.flatMap((each) => each.messages)
    const entries = messages.flatMap((message) => (message.type === 'appendEntries' ? message.entries : []))
    expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, place) => place + 1))
    expect(entries.every((entry) => entry.kind === 'command' && entry.data[3_999] === entry.index)).toBe(true)
    expect(n1.transport.counters).toMatchObject({ problems: { refused: 0, tooLarge: 0 } })
    expect(n1.transport.counters.framesSent).toBeGreaterThan(6)
  })

  it('carries an entry of maxEntryBytes, and refuses a larger one without losing what goes with it', async () => {
    const { n1, n2 } = await pair({ url: small.url })
    const { encoded, ...fits } = (appendEntries(1, n1.transport.maxEntryBytes - 20) as AppendEntries).entries[0]!
    const large = appendEntries(1, 70_000)
    expect(encoded).toBeUndefined()

    n1.transport.send('n2', [packet('orders', { ...(large as AppendEntries), entries: [fits] })])
    n1.transport.send('n2', [packet('orders', vote(1), large), packet('stock', vote(2))])

    const packets = await n2.node.untilPackets(3)
    expect(packets.map(({ group, messages }) => [group, messages[0]?.type])).toEqual([
      ['orders', 'appendEntries'],
      ['orders', 'requestVote'],
      ['stock', 'requestVote'],
    ])
    expect(n1.transport.counters.problems.tooLarge).toBe(1)
  })

  it('keeps frames below maxFrameBytes', async () => {
    const { n1, n2, connection2 } = await pair({ maxFrameBytes: 2_000 })
    const sizes: number[] = []
    connection2.subscribe('quorate.v1.rpc.>', { callback: (_, { data }) => void sizes.push(data.length) })
    await connection2.flush()

    n1.transport.send('n2', [packet('orders', appendEntries(20, 500))])

    await vi.waitUntil(() => n2.node.packets.flatMap(({ messages }) => messages).length >= 5, PATIENCE)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000)
    expect(() => natsTransport({ connection: connection2, node: 'n3', maxFrameBytes: 100 })).toThrow(TypeError)
  })

  it('owns what it sends: frames of one turn do not overwrite each other', async () => {
    const { n1, n2 } = await pair()
    const data = Buffer.from('first')
    const sent = appendEntries(1, 5) as AppendEntries
    const withData = packet('orders', { ...sent, entries: [{ index: 1, term: 1, time: 1, kind: 'command', data }] })

    n1.transport.send('n2', [withData])
    data.write('later')
    for (let term = 1; term <= 300; term++) n1.transport.send('n2', [packet('orders', vote(term))])

    const [first, ...others] = await n2.node.untilPackets(301)
    expect(first?.messages[0]).toMatchObject({ entries: [{ data: new Uint8Array(Buffer.from('first')) }] })
    expect(others).toEqual(Array.from({ length: 300 }, (_, place) => packet('orders', vote(place + 1))))
  })

  it('hands on entries that keep no chunk of the socket alive', async () => {
    const { n1, n2 } = await pair()
    n1.transport.send('n2', [packet('orders', appendEntries(1, 100))])

    const [received] = await n2.node.untilPackets(1)
    const [entry] = (received!.messages[0] as AppendEntries).entries
    expect(entry?.encoded?.buffer.byteLength).toBeLessThan(1_000)
  })

  it('counts and drops what is no frame of ours, and the connection serves on', async () => {
    const problems: Problem[] = []
    const { n1, n2, connection1, connection2 } = await pair({ onProblem: (problem) => problems.push(problem) })
    const users: string[] = []
    connection2.subscribe('orders.created', {
      callback: (_, { data }) => void users.push(Buffer.from(data).toString()),
    })
    await connection2.flush()
    const [frame] = encodeFrames(STORE, [packet('orders', vote(1))], 1_000)
    const newer = Buffer.from(frame!)
    newer[1] = 99

    const mailbox = 'quorate.v1.rpc.orders.n2.n1'
    for (let count = 0; count < 1_500; count++) connection1.publish(mailbox, Buffer.from(`{"count":${count}}`))
    connection1.publish(mailbox, Buffer.from([0x17, 0xfa, 0x00, 0x80]))
    connection1.publish(mailbox)
    connection1.publish(mailbox, newer)
    connection1.publish(mailbox, frame!.slice(0, -2))
    connection1.publish('quorate.v1.rpc.stock.n2.n1', frame)
    connection1.publish('quorate.v1.rpc.orders.n2.n$1', frame)
    connection1.publish('orders.created', Buffer.from('order 1'))
    n1.transport.send('n2', [packet('orders', vote(2))])

    expect(await n2.node.untilPackets(1)).toEqual([packet('orders', vote(2))])
    expect(users).toEqual(['order 1'])
    expect(n2.transport.counters.problems).toMatchObject({ foreign: 1_502, newer: 1, malformed: 1, misaddressed: 2 })
    expect(problems.map(({ kind, count }) => `${kind} ${count}`)).toEqual([
      'foreign 1',
      'foreign 1000',
      'newer 1',
      'malformed 1',
      'misaddressed 1',
    ])
  })

  it('takes the group from the subject: a packet of another group in the frame is dropped', async () => {
    const { n1, n2, connection1 } = await pair()
    const [frame] = encodeFrames(STORE, [packet('orders', vote(1)), packet('stock', vote(2))], 1_000)

    connection1.publish('quorate.v1.rpc.stock.n2.n1', frame)
    n1.transport.send('n2', [packet('orders', vote(3))])

    expect(await n2.node.untilPackets(2)).toEqual([packet('stock', vote(2)), packet('orders', vote(3))])
    expect(n2.transport.counters.problems.misaddressed).toBe(1)
  })

  it('ignores what comes back from itself', async () => {
    const connection = await connect({ servers: server.url })
    const { transport, node } = await joined({ connection, node: 'n1' })

    transport.send('n1', [packet('orders', vote(1))])
    await connection.flush()

    expect(node.deliveries).toEqual([])
    expect(transport.counters.framesSent).toBe(1)
  })

  it('outlives a receiver that throws', async () => {
    const connection = await connect({ servers: server.url })
    const seen: number[] = []
    const users: string[] = []
    const throwing: TransportReceiver = {
      received: (_, { messages: [message] }) => {
        seen.push((message as { term: number }).term)
        throw new Error('no use for it')
      },
      connected: () => {
        throw new Error('not now')
      },
      disconnected: () => {},
    }
    const transport = natsTransport({ connection, node: 'n2' })
    transports.push(transport)
    transport.open(throwing)
    connection.subscribe('orders.created', { callback: (_, { subject }) => void users.push(subject) })
    const sender = await connect({ servers: server.url })
    const n1 = await joined({ connection: sender, node: 'n1' })
    await connection.flush()

    n1.transport.send('n2', [packet('orders', vote(1)), packet('orders', vote(2))])
    n1.transport.send('n2', [packet('orders', vote(3))])
    await sender.flush()
    sender.publish('orders.created')

    await vi.waitUntil(() => users.length > 0, PATIENCE)
    expect(seen).toEqual([1, 2, 3])
    expect(transport.counters.problems.callback).toBe(4)
  })

  it('keeps from the client whatever goes wrong in reading a message', async () => {
    const connection = await connect({ servers: server.url })
    const broken = Object.create(connection, {
      subscribe: {
        value: (subject: string, { callback }: { callback: (error: null, message: unknown) => void }) =>
          connection.subscribe(subject, { callback: () => callback(null, undefined) }),
      },
    }) as NatsConnectionLike
    const { transport } = await joined({ connection: broken, node: 'n2' })
    const users: string[] = []
    connection.subscribe('orders.created', { callback: (_, { subject }) => void users.push(subject) })

    connection.publish('quorate.v1.rpc.orders.n2.n1', Buffer.from('anything'))
    await connection.flush()
    connection.publish('orders.created')

    await vi.waitUntil(() => users.length > 0, PATIENCE)
    expect(transport.counters.problems.callback).toBe(1)
  })

  it('survives an onProblem that throws', async () => {
    const onProblem = vi.fn(() => {
      throw new Error('no log today')
    })
    const { n1, n2, connection1 } = await pair({ onProblem })

    connection1.publish('quorate.v1.rpc.orders.n2.n1', Buffer.from('nonsense'))
    n1.transport.send('n2', [packet('orders', vote(1))])

    expect(await n2.node.untilPackets(1)).toHaveLength(1)
    expect(onProblem).toHaveBeenCalledOnce()
  })

  it('ends its own subscription alone when it closes', async () => {
    const { n1, n2, connection2 } = await pair()
    const users: string[] = []
    connection2.subscribe('quorate.>', { callback: (_, { subject }) => void users.push(subject) })
    await connection2.flush()

    await new Promise<void>((done) => n2.transport.close(done))
    n1.transport.send('n2', [packet('orders', vote(1))])
    n2.transport.send('n1', [packet('orders', vote(2))])

    await vi.waitUntil(() => users.length > 0, PATIENCE)
    expect(users).toEqual(['quorate.v1.rpc.orders.n2.n1'])
    expect(n2.node.deliveries).toEqual([])
    expect(n1.node.deliveries).toEqual([])
    expect(connection2.isClosed()).toBe(false)
    expect(n2.transport.counters.packetsUnsent).toBe(1)
  })

  it('is disconnected, and says why, once the connection has ended for good', async () => {
    const problems: Problem[] = []
    const { n1, connection1 } = await pair({ onProblem: (problem) => problems.push(problem) })

    await connection1.close()
    await vi.waitUntil(() => problems.length > 0, PATIENCE)
    n1.transport.send('n2', [packet('orders', vote(1))])

    expect(n1.node.events).toEqual(['connected', 'disconnected'])
    expect(problems).toMatchObject([{ kind: 'closed', message: expect.stringContaining('ended for good') }])
    expect(n1.transport.counters).toMatchObject({ framesSent: 0, packetsUnsent: 1 })
  })

  it('never calls connected on a connection that is closed already', async () => {
    const connection = await connect({ servers: server.url })
    await connection.close()
    const node = new RecordingReceiver()
    const transport = natsTransport({ connection, node: 'n1' })

    transport.open(node)
    transport.send('n2', [packet('orders', vote(1))])
    await vi.waitUntil(() => transport.counters.problems.closed > 0, PATIENCE)
    await new Promise<void>((done) => transport.close(done))

    expect(node.events).toEqual([])
    expect(transport.counters.packetsUnsent).toBe(1)
  })

  it('refuses names and prefixes that would end in the wrong subject', async () => {
    const connection = await connect({ servers: server.url })
    for (const node of ['', '_', 'a.b', '*', 'a b']) {
      expect(() => natsTransport({ connection, node })).toThrow(TypeError)
    }
    for (const prefix of ['', '.', 'a..b', 'a.', '>', 'a.*', 'a b', '_INBOX', '$JS', 'a._b', 'x'.repeat(129)]) {
      expect(() => natsTransport({ connection, node: 'n1', prefix })).toThrow(TypeError)
    }
    expect(() => natsTransport({ connection, node: 'n1', prefix: 'acme.quorate-2.eu_west' })).not.toThrow()
  })

  it('keeps clusters of different prefixes apart', async () => {
    const { n1 } = await pair({ prefix: 'acme.one' })
    const two = await joined({ connection: await connect({ servers: server.url }), node: 'n2', prefix: 'acme.two' })
    const same = await joined({ connection: await connect({ servers: server.url }), node: 'n3', prefix: 'acme.one' })

    n1.transport.send('n2', [packet('orders', vote(1))])
    n1.transport.send('n3', [packet('orders', vote(2))])

    await same.node.untilPackets(1)
    expect(two.node.deliveries).toEqual([])
  })
})
