import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeFrames } from '@quorate/wire'
import type { ClientOutcome } from '@quorate/core'
import { type NatsServer, startNatsServer } from '../../../test/setup/nats-server.mjs'
import { type Problem, natsClientTransport, natsTransport } from '@quorate/nats'
import { clients } from './clients.ts'
import { PATIENCE, RecordingReceiver } from './recordingReceiver.ts'
import { STORE, packet, vote } from './samples.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const config = /```nginx\n(authorization[^]*?)```/.exec(readme)?.[1]

let server: NatsServer

beforeAll(async () => {
  if (config === undefined) throw new Error('the README has lost its example of permissions')
  server = await startNatsServer({ config })
})
afterAll(() => server.stop())

describe.each(clients)('the permissions of the README over $client', ({ connect }) => {
  const as = (user: string) => connect({ servers: server.url, user, pass: `${user}-secret` })

  async function node(user: string, problems: Problem[] = []) {
    const connection = await as(user)
    const transport = natsTransport({ connection, node: user, onProblem: (problem) => problems.push(problem) })
    const receiver = new RecordingReceiver()
    transport.open(receiver)
    await receiver.untilConnected()
    return { connection, transport, receiver }
  }

  it('let nodes speak to nodes, and clients to leaders', async () => {
    const problems: Problem[] = []
    const onProblem = (problem: Problem): void => void problems.push(problem)
    const [n1, n2] = await Promise.all([node('n1', problems), node('n2', problems)])
    const leader = natsClientTransport({ connection: n1.connection, client: 'n1', onProblem })
    leader.serve('orders', 2, (request, reply) => {
      if (request.type === 'append') reply({ type: 'appended', firstIndex: 4, term: 2 })
      else reply({ type: 'status', leaderId: 'n1', term: 2, commitIndex: 3 })
    })
    const others = [
      natsClientTransport({ connection: n2.connection, client: 'n2', onProblem }),
      natsClientTransport({ connection: await as('shop'), client: 'shop', onProblem }),
    ]

    n1.transport.send('n2', [packet('orders', vote(1))])
    n2.transport.send('n1', [packet('orders', vote(2)), packet('stock', vote(3))])
    await Promise.all([n2.receiver.untilPackets(1), n1.receiver.untilPackets(2)])
    for (const other of others) {
      await vi.waitFor(async () => expect(await status(other)).toMatchObject({ type: 'status', term: 2 }), PATIENCE)
      expect(await append(other)).toMatchObject({ type: 'appended' })
    }
    expect(problems).toEqual([])
  })

  it('keep n2 from speaking as n1, and from reading what n1 is sent', async () => {
    const problems: Problem[] = []
    const [n1, n2, n3] = await Promise.all([node('n1'), node('n2', problems), node('n3')])
    const overheard = vi.fn()
    n2.connection.subscribe('quorate.v1.rpc.*.n1.*', { callback: (error) => overheard(error === null) })
    const [frame] = encodeFrames(STORE, [packet('orders', vote(666))], 1_000)

    n2.connection.publish('quorate.v1.rpc.orders.n3.n1', frame)
    n2.transport.send('n3', [packet('orders', vote(2))])
    n3.transport.send('n1', [packet('orders', vote(3))])

    expect(await n3.receiver.untilPackets(1)).toEqual([packet('orders', vote(2))])
    await n1.receiver.untilPackets(1)
    await vi.waitUntil(() => problems.length === 2, PATIENCE)
    expect(problems).toMatchObject([
      { kind: 'denied', subject: 'quorate.v1.rpc.*.n1.*' },
      { kind: 'denied', subject: 'quorate.v1.rpc.orders.n3.n1' },
    ])
    expect(overheard.mock.calls).toEqual([[false]])
  })

  it('show in the problems what a transport was denied, once for each subject', async () => {
    const problems: Problem[] = []
    const onProblem = (problem: Problem): void => void problems.push(problem)
    const connection = await as('shop')
    const intruder = natsTransport({ connection, node: 'n1', onProblem })
    intruder.open(new RecordingReceiver())
    for (let term = 1; term <= 5; term++) intruder.send('n2', [packet('orders', vote(term))])
    const client = natsClientTransport({ connection, client: 'other', onProblem })
    connection.publish('what.the.user.tries')
    await connection.flush()
    await new Promise((resolve) => setImmediate(resolve))
    client.serve('orders', 2, () => {})

    await vi.waitUntil(() => problems.length >= 5, PATIENCE)
    expect(problems.map(({ kind, subject }) => `${kind} ${subject?.replace(/[0-9a-f]{24}/, 'random')}`).sort()).toEqual(
      [
        'denied quorate.v1.append.orders.2',
        'denied quorate.v1.read.orders',
        'denied quorate.v1.reply.other.random.*',
        'denied quorate.v1.rpc.*.n1.*',
        'denied quorate.v1.rpc.orders.n2.n1',
      ],
    )
    intruder.send('n3', [packet('orders', vote(6))])
    await vi.waitUntil(() => intruder.counters.problems.denied === 7, PATIENCE)
    expect(client.counters.problems.denied).toBe(3)
    expect(problems[0]?.message).toMatch(/does not let us subscribe to quorate\.v1\.rpc\.\*\.n1\.\*/)
  })

  it('can be put right: a denied subscription is made anew when the connection is', async () => {
    const WIDE = 'authorization { users: [ { user: a, password: a } ] }'
    const NARROW = WIDE.replace('password: a', 'password: a, permissions: { subscribe: "nothing" }')
    const narrow = await startNatsServer({ config: NARROW })
    const wide = await startNatsServer({ config: WIDE })
    try {
      const both = await connect({ servers: [narrow.url, wide.url], noRandomize: true, user: 'a', pass: 'a' })
      const transport = natsTransport({ connection: both, node: 'n2' })
      const receiver = new RecordingReceiver()
      transport.open(receiver)
      await vi.waitUntil(() => transport.counters.problems.denied === 1, PATIENCE)

      await narrow.kill()
      await receiver.untilConnected(2)
      const n1 = natsTransport({ connection: await connect({ servers: wide.url, user: 'a', pass: 'a' }), node: 'n1' })
      n1.open(new RecordingReceiver())
      await both.flush()
      n1.send('n2', [packet('orders', vote(1))])

      expect(await receiver.untilPackets(1)).toEqual([packet('orders', vote(1))])
    } finally {
      await Promise.all([narrow.stop(), wide.stop()])
    }
  })
})

type Client = ReturnType<typeof natsClientTransport>

function status(transport: Client): Promise<ClientOutcome> {
  return new Promise((settled) => transport.request('orders', { type: 'status' }, 1_000, settled))
}

function append(transport: Client): Promise<ClientOutcome> {
  return new Promise((settled) =>
    transport.request('orders', { type: 'append', term: 2, commands: [] }, 1_000, settled),
  )
}
