import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ClientOutcome } from '@quorate/core'
import { type NatsServer, startNatsServer } from '../../../test/setup/nats-server.mjs'
import { connectNats, natsClientTransport, natsTransport } from '@quorate/nats'
import { clients } from './clients.ts'
import { PATIENCE, RecordingReceiver } from './recordingReceiver.ts'
import { packet, vote } from './samples.ts'

const servers: NatsServer[] = []

async function started(): Promise<NatsServer> {
  const server = await startNatsServer()
  servers.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop('SIGKILL')))
})

function node(connection: Parameters<typeof natsTransport>[0]['connection'], id: string) {
  const transport = natsTransport({ connection, node: id })
  const receiver = new RecordingReceiver()
  transport.open(receiver)
  return { transport, receiver }
}

describe.each(clients)('outages over $client', ({ client, connect }) => {
  it('sends nothing while the server is down, and everything after it is back', async () => {
    const server = await started()
    const connection = await connect({ servers: server.url })
    const [n1, n2] = [node(connection, 'n1'), node(await connect({ servers: server.url }), 'n2')]
    await Promise.all([n1.receiver.untilConnected(), n2.receiver.untilConnected()])

    await server.kill()
    await vi.waitUntil(() => n1.receiver.events.includes('disconnected'), PATIENCE)
    // Sent all the way through the outage, the moment of the dial included: that is when the clients flush a buffer.
    let term = 0
    const sending = setInterval(() => {
      if (!n1.receiver.events.includes('connected', 1)) n1.transport.send('n2', [packet('orders', vote(++term))])
    }, 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await server.restart()
    await Promise.all([n1.receiver.untilConnected(2), n2.receiver.untilConnected(2)])
    clearInterval(sending)
    n1.transport.send('n2', [packet('orders', vote(10_000))])

    expect(await n2.receiver.untilPackets(1)).toEqual([packet('orders', vote(10_000))])
    expect(n1.receiver.events).toEqual(['connected', 'disconnected', 'connected'])
    expect(n1.transport.counters).toMatchObject({ framesSent: 1, packetsUnsent: term })
    expect(term).toBeGreaterThan(10)
    // Not even the client's buffer has seen it.
    expect(connection.stats().outMsgs).toBe(1)
  })

  it('answers nobody while the server is down', async () => {
    const server = await started()
    const connection = await connect({ servers: server.url })
    const leader = natsClientTransport({ connection })
    let answer: (() => void) | undefined
    leader.serve('orders', 5, (request, reply) => {
      if (request.type === 'read') answer = () => reply({ type: 'entries', entries: [], commitIndex: 1, term: 5 })
    })
    await connection.flush()
    const other = natsClientTransport({ connection: await connect({ servers: server.url }) })
    other.request('orders', { type: 'read', after: 0, maxBytes: 1_000 }, 5_000, () => {})
    await vi.waitUntil(() => answer !== undefined, PATIENCE)

    await server.kill()
    await vi.waitUntil(() => connection.info === undefined, PATIENCE)
    answer!()

    expect(connection.stats().outMsgs).toBe(0)
  })

  it('is connected again when the server has its subscriptions again', async () => {
    const server = await started()
    const connection = await connect({ servers: server.url })
    const flushes: (() => void)[] = []
    const slow = Object.create(connection, {
      flush: { value: () => new Promise<void>((resolve) => flushes.push(resolve)) },
    }) as typeof connection
    const { transport, receiver } = node(slow, 'n1')
    flushes[0]!()
    await receiver.untilConnected()

    await server.kill()
    await server.restart()
    await vi.waitUntil(() => flushes.length === 2, PATIENCE)
    transport.send('n2', [packet('orders', vote(1))])
    expect(receiver.events).toEqual(['connected', 'disconnected'])
    flushes[1]!()

    await receiver.untilConnected(2)
    transport.send('n2', [packet('orders', vote(2))])
    expect(transport.counters).toMatchObject({ framesSent: 1, packetsUnsent: 1 })
  })

  it('tells the requests under way that the answer is lost, and sends none before the server is back', async () => {
    const server = await started()
    const leader = natsClientTransport({ connection: await connect({ servers: server.url }) })
    const heard: string[] = []
    leader.serve('orders', 5, (request, reply) => {
      heard.push(request.type)
      if (request.type === 'status') reply({ type: 'status', leaderId: 'n1', term: 5, commitIndex: 1 })
    })
    const connection = await connect({ servers: server.url })
    const transport = natsClientTransport({ connection })
    const ask = (type: 'status' | 'append', timeoutMs = 5_000): Promise<ClientOutcome> =>
      new Promise((settled) => {
        transport.request('orders', type === 'status' ? { type } : { type, term: 5, commands: [] }, timeoutMs, settled)
      })
    await vi.waitFor(async () => expect(await ask('status')).toMatchObject({ type: 'status' }), PATIENCE)
    const open = ask('append')
    await vi.waitUntil(() => heard.includes('append'), PATIENCE)

    await server.kill()
    expect(await open).toEqual({ type: 'noAnswer', reason: 'disconnected' })
    expect(await ask('append')).toEqual({ type: 'notSent', reason: 'disconnected' })
    heard.length = 0
    await server.restart()

    await vi.waitFor(async () => expect(await ask('status')).toMatchObject({ type: 'status' }), PATIENCE)
    expect(heard.filter((type) => type === 'append')).toEqual([])
    expect(await ask('append', 50)).toEqual({ type: 'noAnswer', reason: 'timeout' })
    expect(heard).toContain('append')
  })

  it('keeps to what the next server takes', async () => {
    const server = await started()
    const connection = await connect({ servers: server.url })
    const { transport, receiver } = node(connection, 'n1')
    const clientTransport = natsClientTransport({ connection })
    await receiver.untilConnected()
    const before = transport.maxEntryBytes

    await server.kill()
    const smaller = await startNatsServer({ port: server.port, config: 'max_payload: 64KB' })
    servers.push(smaller)
    await receiver.untilConnected(2)

    expect(before).toBeGreaterThan(1_000_000)
    for (const { maxEntryBytes } of [transport, clientTransport]) {
      expect(maxEntryBytes).toBeGreaterThan(60_000)
      expect(maxEntryBytes).toBeLessThan(65_536)
    }
  })

  it('waits for a connection that is handed over while it is down', async () => {
    const server = await started()
    const connection = await connect({ servers: server.url })
    await server.kill()
    await vi.waitUntil(() => connection.info === undefined, PATIENCE)

    const { transport, receiver } = node(connection, 'n1')
    transport.send('n2', [packet('orders', vote(1))])
    expect(transport.counters.packetsUnsent).toBe(1)
    expect(receiver.events).toEqual([])
    await server.restart()

    await receiver.untilConnected()
    expect(receiver.events).toEqual(['connected'])
  })

  it('closes without waiting for a server that is down', async () => {
    const server = await started()
    const connection = await connect({ servers: server.url })
    const { transport, receiver } = node(connection, 'n1')
    const clientTransport = natsClientTransport({ connection })
    await receiver.untilConnected()
    await server.kill()
    await vi.waitUntil(() => receiver.events.includes('disconnected'), PATIENCE)

    const start = performance.now()
    await Promise.all([
      new Promise<void>((done) => transport.close(done)),
      new Promise<void>((done) => clientTransport.close(done)),
    ])

    expect(performance.now() - start).toBeLessThan(500)
    expect(connection.isClosed()).toBe(false)
  })

  it('notices within seconds, under our settings, that a server is frozen', async () => {
    const server = await started()
    const connection = await connectNats({ servers: server.url, client })
    const { transport, receiver } = node(connection, 'n1')
    await receiver.untilConnected()

    process.kill(server.pid, 'SIGSTOP')
    const start = performance.now()
    await vi.waitUntil(() => receiver.events.includes('disconnected'), { timeout: 10_000, interval: 5 })
    expect(performance.now() - start).toBeLessThan(4_000)

    process.kill(server.pid, 'SIGCONT')
    await receiver.untilConnected(2)
    await new Promise<void>((done) => transport.close(done))
    expect(connection.isClosed()).toBe(true)
  })
})
