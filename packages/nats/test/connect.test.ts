import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type NatsServer, startNatsServer } from '../../../test/setup/nats-server.mjs'
import {
  NatsClientMissingError,
  NatsUnreachableError,
  connectNats,
  natsClientTransport,
  natsNetwork,
  natsTransport,
} from '@quorate/nats'
import { PATIENCE, RecordingReceiver } from './recordingReceiver.ts'
import { packet, vote } from './samples.ts'

let server: NatsServer
const AUTHORIZATION = 'authorization { users: [ { user: n1, password: right } ] }'

beforeAll(async () => {
  server = await startNatsServer({ config: AUTHORIZATION })
})
afterAll(() => server.stop())

const CLIENTS = ['nats', '@nats-io/transport-node'] as const
const credentials = { user: 'n1', pass: 'right' }

describe.each(CLIENTS)('connectNats with %s', (client) => {
  it('opens a connection that the last of its transports closes', async () => {
    const connection = await connectNats({ servers: server.url, client, name: 'shop', ...credentials })
    const transport = natsTransport({ connection, node: 'n1' })
    const clientTransport = natsClientTransport({ connection })
    transport.open(new RecordingReceiver())

    await new Promise<void>((done) => transport.close(done))
    expect(connection.isClosed()).toBe(false)
    await new Promise<void>((done) => clientTransport.close(done))
    expect(connection.isClosed()).toBe(true)
  })

  it('keeps on trying as long as it was told to', async () => {
    const port = await freePort()
    const connecting = connectNats({ servers: `nats://127.0.0.1:${port}`, client, waitMs: 5_000 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const late = await startNatsServer({ port })
    try {
      const connection = await connecting
      expect(connection.isClosed()).toBe(false)
      await connection.close()
    } finally {
      await late.stop()
    }
  })

  it('says which servers it could not reach', async () => {
    const servers = [`nats://127.0.0.1:${await freePort()}`]

    const error = await connectNats({ servers, client, waitMs: 0 }).catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(NatsUnreachableError)
    expect(error).toMatchObject({ code: 'NATS_UNREACHABLE', servers, cause: expect.any(Error) })
  })

  it('does not try again with credentials that are wrong', async () => {
    const start = performance.now()
    const connecting = connectNats({ servers: server.url, client, user: 'n1', pass: 'wrong' })

    await expect(connecting).rejects.toThrow(NatsUnreachableError)
    expect(performance.now() - start).toBeLessThan(1_500)
  })

  it('does not give the connection up for good', async () => {
    const port = await freePort()
    const first = await startNatsServer({ port, config: AUTHORIZATION })
    const connection = await connectNats({ servers: first.url, client, ...credentials })
    const transport = natsTransport({ connection, node: 'n1' })
    const receiver = new RecordingReceiver()
    transport.open(receiver)
    await receiver.untilConnected()

    // Back first with other credentials, so that the client is refused more than once, and then as it was.
    await first.stop('SIGKILL')
    const stranger = await startNatsServer({ port, config: AUTHORIZATION.replace('right', 'changed') })
    await vi.waitUntil(() => (stranger.output().match(/authentication error/gi) ?? []).length >= 3, PATIENCE)
    await stranger.stop('SIGKILL')
    const again = await startNatsServer({ port, config: AUTHORIZATION })

    await receiver.untilConnected(2)
    await new Promise<void>((done) => transport.close(done))
    await again.stop()
  })
})

describe('connectNats', () => {
  it('takes the client that is installed', async () => {
    const connection = await connectNats({ servers: server.url, ...credentials })
    expect(connection.isClosed()).toBe(false)
    await connection.close()
  })

  it('hands the options of the client on, and lets them win', async () => {
    const connection = await connectNats({ servers: server.url, ...credentials, options: { inboxPrefix: '_I.n1' } })
    expect(connection.options).toMatchObject({ inboxPrefix: '_I.n1', maxReconnectAttempts: -1, maxPingOut: 2 })
    await connection.close()
  })
})

describe('findConnect', () => {
  type FindConnect = (client: string, importClient: (name: string) => Promise<{ connect: string }>) => Promise<string>

  async function findConnect(): Promise<FindConnect> {
    // Not public, so not to be imported by the name of the package.
    const source = new URL('../src/connect.ts', import.meta.url).pathname
    return ((await import(source)) as { findConnect: FindConnect }).findConnect
  }

  const missing = (name: string): Promise<never> =>
    Promise.reject(
      Object.assign(new Error(`Cannot find package '${name}' imported from x`), { code: 'ERR_MODULE_NOT_FOUND' }),
    )

  it('says what to install when there is no client', async () => {
    const finding = (await findConnect())('auto', missing)

    await expect(finding).rejects.toThrow(NatsClientMissingError)
    await expect(finding).rejects.toThrow('npm install @nats-io/transport-node')
    await expect((await findConnect())('nats', missing)).rejects.toThrow('npm install nats')
  })

  it('takes nats where the newer client is not installed', async () => {
    const onlyNats = (name: string) => (name === 'nats' ? Promise.resolve({ connect: 'of nats' }) : missing(name))
    expect(await (await findConnect())('auto', onlyNats)).toBe('of nats')
  })

  it('does not hide that an installed client is broken', async () => {
    const broken = () => missing('@nats-io/nats-core')
    await expect((await findConnect())('auto', broken)).rejects.toThrow(`'@nats-io/nats-core'`)
  })
})

describe('natsNetwork', () => {
  it('gives both transports over one connection', async () => {
    const connection = await connectNats({ servers: server.url, ...credentials })
    const network = natsNetwork({ connection, prefix: 'acme' })
    const [n1, n2] = [network.join('n1'), network.join('n2')]
    const client = network.client()
    const receiver = new RecordingReceiver()
    n1.open(new RecordingReceiver())
    n2.open(receiver)
    client.serve('orders', 1, (_, reply) => reply({ type: 'status', leaderId: 'n1', term: 1, commitIndex: 1 }))

    n1.send('n2', [packet('orders', vote(1))])
    await receiver.untilPackets(1)
    const answer = await new Promise((settled) => client.request('orders', { type: 'status' }, 1_000, settled))
    expect(answer).toMatchObject({ leaderId: 'n1' })

    await Promise.all([n1, n2, client].map((each) => new Promise<void>((done) => each.close(done))))
    expect(connection.isClosed()).toBe(true)
  })
})

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}
