import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AppendRequest, ClientOutcome, ClientReply, ClientRequest, ClientRequestHandler } from '@quorate/core'
import { encodeClientReply } from '@quorate/wire'
import { type NatsServer, startNatsServer } from '../../../test/setup/nats-server.mjs'
import {
  type NatsClientTransport,
  type NatsClientTransportOptions,
  type Problem,
  natsClientTransport,
} from '@quorate/nats'
import { clients } from './clients.ts'
import { PATIENCE } from './recordingReceiver.ts'
import { command } from './samples.ts'

let server: NatsServer
let small: NatsServer
const transports: NatsClientTransport[] = []

beforeAll(async () => {
  ;[server, small] = await Promise.all([startNatsServer(), startNatsServer({ config: 'max_payload: 64KB' })])
})
afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => new Promise<void>((done) => transport.close(done))))
})
afterAll(async () => {
  await Promise.all([server.stop(), small.stop()])
})

const append: AppendRequest = { type: 'append', term: 5, commands: [{ data: new Uint8Array([1, 2, 3]) }] }
const read: ClientRequest = { type: 'read', after: 0, maxBytes: 1_000_000 }

interface Leader {
  readonly term: number
  readonly handler: ClientRequestHandler
}

/** Who leads in `term`: says so, and answers everything else with `answer`. */
function leaderOf(
  term: number,
  answer: (request: ClientRequest, reply: (reply: ClientReply) => void) => void = () => {},
): Leader {
  const handler: ClientRequestHandler = (request, reply) => {
    if (request.type === 'status') reply({ type: 'status', leaderId: `n${term}`, term, commitIndex: 9 })
    else answer(request, reply)
  }
  return { term, handler }
}

/** Who listens as the leader of `term`, and to whatever it hears says that it is not. */
function deposed(term: number, reply: ClientReply & { type: 'notLeader' }): Leader {
  return { term, handler: (_, answer) => answer(reply) }
}

function ask(
  transport: NatsClientTransport,
  request: ClientRequest,
  { group = 'orders', timeoutMs = 2_000 } = {},
): Promise<ClientOutcome> {
  return new Promise((resolve, reject) => {
    let calls = 0
    let isWithin = true
    transport.request(group, request, timeoutMs, (outcome) => {
      if (isWithin || ++calls > 1) reject(new Error(isWithin ? 'settled from within' : 'settled twice'))
      resolve(outcome)
    })
    isWithin = false
  })
}

describe.each(clients)('clients and leaders over $client', ({ connect }) => {
  async function joined({ url = server.url, ...options }: Partial<NatsClientTransportOptions> & { url?: string } = {}) {
    const connection = options.connection ?? (await connect({ servers: url }))
    const transport = natsClientTransport({ ...options, connection })
    transports.push(transport)
    return { transport, connection }
  }

  /** `transport` listens for `group`, and the server knows. */
  async function leading({ term, handler }: Leader, { group = 'orders', url = server.url } = {}) {
    const { transport, connection } = await joined({ url })
    const stop = transport.serve(group, term, handler)
    await connection.flush()
    return { transport, connection, stop }
  }

  it('brings a request to the leader, and its answer back', async () => {
    const requests: ClientRequest[] = []
    await leading(
      leaderOf(5, (request, reply) => {
        requests.push(request)
        reply({ type: 'appended', firstIndex: 7, term: 5 })
      }),
    )
    const { transport } = await joined()

    expect(await ask(transport, append)).toEqual({ type: 'appended', firstIndex: 7, term: 5 })
    expect(requests).toEqual([append])
    expect(await ask(transport, { type: 'status' })).toEqual({
      type: 'status',
      leaderId: 'n5',
      term: 5,
      commitIndex: 9,
    })
  })

  it('tells a thousand requests under way apart, answered in another order', async () => {
    const open: (() => void)[] = []
    await leading(
      leaderOf(5, (request, reply) => {
        const { data } = (request as AppendRequest).commands[0]!
        open.push(() => reply({ type: 'appended', firstIndex: Buffer.from(data).readUInt32BE(), term: 5 }))
        if (open.length === 1_000) for (const answer of open.reverse()) answer()
      }),
    )
    const { transport } = await joined()

    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, (_, place) => {
        const data = Buffer.alloc(4)
        data.writeUInt32BE(place)
        return ask(transport, { ...append, commands: [{ data }] })
      }),
    )

    expect(outcomes.map((outcome) => outcome.type === 'appended' && outcome.firstIndex)).toEqual(
      Array.from({ length: 1_000 }, (_, place) => place),
    )
  })

  it('says within milliseconds that nobody listens', async () => {
    const { transport } = await joined()
    await ask(transport, { type: 'status' })

    for (const request of [append, read, { type: 'status' } as const]) {
      const start = performance.now()
      expect(await ask(transport, request)).toEqual({ type: 'noResponder' })
      expect(performance.now() - start).toBeLessThan(200)
    }
  })

  it('tells the request that nobody heard from the one that somebody did', async () => {
    await leading(leaderOf(5, (_, reply) => reply({ type: 'entries', entries: [], commitIndex: 0, term: 5 })))
    const { transport } = await joined()

    const outcomes = [
      ask(transport, read, { group: 'stock' }),
      ask(transport, read),
      ask(transport, read, { group: 'x' }),
    ]

    expect((await Promise.all(outcomes)).map(({ type }) => type)).toEqual(['noResponder', 'entries', 'noResponder'])
  })

  it('finds nobody once the leader has stopped listening, while what is under way is answered', async () => {
    let answer: (() => void) | undefined
    const { stop, connection } = await leading(
      leaderOf(5, (_, reply) => {
        answer = () => reply({ type: 'unknown', term: 5 })
      }),
    )
    const { transport } = await joined()
    const underWay = ask(transport, append)
    await vi.waitUntil(() => answer !== undefined, PATIENCE)

    stop()
    await connection.flush()

    expect(await ask(transport, append)).toEqual({ type: 'noResponder' })
    expect(await ask(transport, { type: 'status' })).toEqual({ type: 'noResponder' })
    answer!()
    expect(await underWay).toEqual({ type: 'unknown', term: 5 })
  })

  // Two leaders at once are what Raft allows: of different terms, one of them deposed without knowing it (§5.2).
  it('brings an append to the leader of its term alone, so that a refusal is a proof', async () => {
    const heard: string[] = []
    const appending = leaderOf(5, (_, reply) => {
      heard.push('leader of 5')
      setTimeout(() => reply({ type: 'appended', firstIndex: 1, term: 5 }), 100)
    })
    const refusing = leaderOf(6, (request, reply) => {
      heard.push('leader of 6')
      if (request.type === 'append') reply({ type: 'notLeader', term: 6, leaderId: undefined })
    })
    await leading(appending)
    await leading(refusing)
    const { transport } = await joined()

    expect(await ask(transport, append)).toEqual({ type: 'appended', firstIndex: 1, term: 5 })
    expect(heard).toEqual(['leader of 5'])
    expect(await ask(transport, { ...append, term: 6 })).toEqual({ type: 'notLeader', term: 6, leaderId: undefined })
    expect(heard).toEqual(['leader of 5', 'leader of 6'])
  })

  it('names the leader there is to an append of a term that nobody leads any more', async () => {
    const handle = vi.fn<ClientRequestHandler>()
    await leading(leaderOf(6, handle))
    const { transport } = await joined()

    const start = performance.now()
    expect(await ask(transport, append)).toEqual({ type: 'notLeader', term: 6, leaderId: 'n6' })
    expect(performance.now() - start).toBeLessThan(500)
    expect(handle).not.toHaveBeenCalled()
  })

  it('takes the answer of the one who knows when another says that it does not', async () => {
    await leading(deposed(4, { type: 'notLeader', term: 5, leaderId: undefined }))
    await leading(
      leaderOf(
        6,
        (_, reply) => void setTimeout(() => reply({ type: 'entries', entries: [], commitIndex: 3, term: 6 }), 10),
      ),
    )
    const { transport } = await joined()

    expect(await ask(transport, read)).toMatchObject({ type: 'entries', commitIndex: 3 })
    await vi.waitUntil(() => transport.counters.requestsSent === 1, PATIENCE)
  })

  it('tells in the end of a "not I" that nobody contradicts', async () => {
    await leading(deposed(4, { type: 'notLeader', term: 5, leaderId: 'n2' }))
    const { transport } = await joined()

    const start = performance.now()
    expect(await ask(transport, read)).toEqual({ type: 'notLeader', term: 5, leaderId: 'n2' })
    expect(performance.now() - start).toBeLessThan(1_000)
  })

  it('ignores a second and a late answer', async () => {
    await leading(leaderOf(5))
    await leading(leaderOf(6))
    const { transport } = await joined()

    expect(await ask(transport, { type: 'status' })).toMatchObject({ type: 'status' })
    await vi.waitUntil(() => transport.counters.repliesIgnored === 1, PATIENCE)
  })

  it('brings its handler what clients ask, and nothing else', async () => {
    const handle = vi.fn<ClientRequestHandler>((_, reply) => reply({ type: 'appended', firstIndex: 1, term: 5 }))
    await leading({ term: 5, handler: handle })
    const { transport } = await joined()

    expect(await ask(transport, append)).toMatchObject({ type: 'appended' })
    expect(handle.mock.calls.map(([request]) => request)).toEqual([append])
  })

  it('listens in the term it was told last', async () => {
    const appending = (term: number): Leader =>
      leaderOf(term, (_, reply) => reply({ type: 'appended', firstIndex: 1, term }))
    const { transport: leader, connection } = await leading(appending(5))
    const { transport } = await joined()
    expect(await ask(transport, append)).toMatchObject({ type: 'appended', term: 5 })
    expect(await ask(transport, { ...append, term: 7 })).toEqual({ type: 'notLeader', term: 5, leaderId: 'n5' })

    leader.serve('orders', 7, appending(7).handler)
    await connection.flush()

    expect(await ask(transport, { ...append, term: 7 })).toMatchObject({ type: 'appended', term: 7 })
    expect(await ask(transport, append)).toEqual({ type: 'notLeader', term: 7, leaderId: 'n7' })
  })

  it('listens once when it is told twice', async () => {
    const heard: string[] = []
    const named = (name: string): Leader =>
      leaderOf(5, (_, reply) => {
        heard.push(name)
        reply({ type: 'appended', firstIndex: 1, term: 5 })
      })
    const { transport: leader, connection, stop } = await leading(named('first'))
    leader.serve('orders', 5, named('second').handler)
    await connection.flush()
    const { transport } = await joined()

    await ask(transport, append)
    stop()
    await connection.flush()
    await ask(transport, append)

    expect(heard).toEqual(['second', 'second'])
  })

  it('gives up after the timeout, and not before', async () => {
    await leading(leaderOf(5))
    const { transport } = await joined()

    const start = performance.now()
    const outcomes = [300, 50, 120].map(async (timeoutMs) => {
      const outcome = await ask(transport, append, { timeoutMs })
      expect(outcome).toEqual({ type: 'noAnswer', reason: 'timeout' })
      const elapsed = performance.now() - start
      expect(elapsed).toBeGreaterThanOrEqual(timeoutMs)
      return elapsed - timeoutMs
    })
    expect(Math.max(...(await Promise.all(outcomes)))).toBeLessThan(100)
  })

  it('reads an answer that has arrived in time before it tells of a timeout', async () => {
    const stall = (): void => {
      const until = performance.now() + 150
      while (performance.now() < until);
    }
    await leading(
      leaderOf(5, (_, reply) => {
        reply({ type: 'appended', firstIndex: 1, term: 5 })
        // The answer comes back into the socket while the process does something else, and the deadline passes.
        setImmediate(stall)
      }),
    )
    const { transport } = await joined()
    await ask(transport, { type: 'status' })

    expect(await ask(transport, append, { timeoutMs: 75 })).toEqual({ type: 'appended', firstIndex: 1, term: 5 })
  })

  it('sends nothing that is larger than a message may be', async () => {
    const { transport } = await joined({ url: small.url })
    const large = { ...append, commands: [{ data: new Uint8Array(64 * 1024) }] }

    expect(await ask(transport, large)).toEqual({ type: 'notSent', reason: 'tooLarge' })
    expect(transport.maxEntryBytes).toBeLessThan(64 * 1024)
    expect(transport.counters.requestsSent).toBe(0)
  })

  it('sends as many of the entries as fit a message', async () => {
    const entries = Array.from({ length: 64 }, (_, place) => command(place + 1, Buffer.alloc(3_000, 1)))
    const requests: ClientRequest[] = []
    await leading(
      leaderOf(5, (request, reply) => {
        requests.push(request)
        reply({ type: 'entries', entries, commitIndex: 64, term: 5 })
      }),
      { url: small.url },
    )
    const { transport } = await joined({ url: small.url })

    const outcome = await ask(transport, read)
    expect(outcome).toMatchObject({ type: 'entries', commitIndex: 64 })
    expect(outcome.type === 'entries' && outcome.entries.map(({ index }) => index)).toEqual(
      Array.from({ length: 16 }, (_, place) => place + 1),
    )
    expect(requests).toEqual([{ ...read, maxBytes: transport.maxEntryBytes }])
  })

  it('answers a request that it cannot read, and one that does not belong where it came', async () => {
    const handle = vi.fn<ClientRequestHandler>()
    const { transport: leader } = await leading(leaderOf(5, handle))
    const { transport, connection } = await joined()
    const inbox: string[] = []
    connection.subscribe('answers.*', { callback: (_, { subject }) => void inbox.push(subject) })

    connection.publish('quorate.v1.append.orders.5', Buffer.from('hello'), { reply: 'answers.1' })
    connection.publish('quorate.v1.append.orders.5', Buffer.from([0xc1, 99, 2]), { reply: 'answers.2' })
    connection.publish('quorate.v1.append.orders.5', Buffer.from('hello'))
    await vi.waitUntil(() => inbox.length === 2, PATIENCE)

    expect(leader.counters.problems).toMatchObject({ foreign: 1, newer: 1, misaddressed: 1 })
    expect(handle).not.toHaveBeenCalled()
    expect(await ask(transport, { type: 'status' })).toMatchObject({ type: 'status' })
  })

  it('waits on when an answer cannot be read or belongs to another request', async () => {
    const answers: Buffer[] = [Buffer.from('{"error":"?"}'), Buffer.from([0xc1, 99, 3])]
    answers.push(Buffer.from(encodeClientReply(77, { type: 'appended', firstIndex: 8, term: 5 })))
    const { connection: rogue } = await joined()
    rogue.subscribe('quorate.v1.append.orders.5', {
      callback: (_, { reply }) => {
        for (const answer of answers) rogue.publish(reply!, answer)
      },
    })
    await rogue.flush()
    await leading(leaderOf(5, (_, reply) => setTimeout(() => reply({ type: 'appended', firstIndex: 7, term: 5 }), 30)))
    const { transport } = await joined()

    expect(await ask(transport, append)).toEqual({ type: 'appended', firstIndex: 7, term: 5 })
    expect(transport.counters.problems).toMatchObject({ foreign: 1, newer: 1, misaddressed: 1 })
  })

  it('answers once, whatever the handler does, and outlives its exceptions', async () => {
    const { transport: leader, connection } = await leading(
      leaderOf(5, (request, reply) => {
        if (request.type === 'read') throw new Error('no store')
        reply({ type: 'appended', firstIndex: 1, term: 5 })
        reply({ type: 'unknown', term: 5 })
      }),
    )
    const { transport } = await joined()

    expect(await ask(transport, read, { timeoutMs: 50 })).toEqual({ type: 'noAnswer', reason: 'timeout' })
    expect(await ask(transport, append)).toMatchObject({ type: 'appended' })
    await connection.flush()
    expect(await ask(transport, { type: 'status' })).toMatchObject({ type: 'status' })
    expect(leader.counters.problems.callback).toBe(1)
    expect(transport.counters.repliesIgnored).toBe(0)
  })

  it('outlives a caller that throws', async () => {
    await leading(leaderOf(5))
    const { transport } = await joined()

    transport.request('orders', { type: 'status' }, 1_000, () => {
      throw new Error('no use for it')
    })
    expect(await ask(transport, { type: 'status' })).toMatchObject({ type: 'status' })
    expect(transport.counters.problems.callback).toBe(1)
  })

  it('settles what is open when it closes, and nothing is sent after', async () => {
    await leading(leaderOf(5))
    const { transport, connection } = await joined()
    const open = ask(transport, append)

    const closed = new Promise<void>((done) => transport.close(done))

    expect(await open).toEqual({ type: 'noAnswer', reason: 'closed' })
    expect(await ask(transport, append)).toEqual({ type: 'notSent', reason: 'closed' })
    await closed
    expect(connection.isClosed()).toBe(false)
  })

  it('leaves the connection and the subscriptions of its user alone when it closes', async () => {
    const { transport, connection } = await leading(leaderOf(5))
    const users: string[] = []
    connection.subscribe('quorate.>', { callback: (_, { subject }) => void users.push(subject) })

    await new Promise<void>((done) => transport.close(done))
    const other = await joined()

    expect(await ask(other.transport, append, { timeoutMs: 50 })).toEqual({ type: 'noAnswer', reason: 'timeout' })
    expect(users).toEqual(['quorate.v1.append.orders.5'])
  })

  it('receives its replies where the connection receives them, or where its name says', async () => {
    const subjects: string[] = []
    const { connection } = await leading(deposed(1, { type: 'notLeader', term: 1, leaderId: undefined }))
    connection.subscribe('quorate.v1.read.orders', { callback: (_, { reply }) => void subjects.push(reply!) })
    await connection.flush()
    const ownInbox = await connect({ servers: server.url, inboxPrefix: '_I.n1' })

    for (const options of [{}, { client: 'billing' }, { connection: ownInbox }, { inboxPrefix: 'acme.inbox' }]) {
      await ask((await joined(options)).transport, { type: 'status' })
    }

    expect(subjects.map((subject) => subject.replace(/[0-9a-f]{24}/, 'random'))).toEqual([
      'quorate.v1.reply._.random.1',
      'quorate.v1.reply.billing.random.1',
      '_I.n1.random.1',
      'acme.inbox.random.1',
    ])
    expect(() => natsClientTransport({ connection, inboxPrefix: 'a.>' })).toThrow(TypeError)
    expect(() => natsClientTransport({ connection, client: 'a.b' })).toThrow(TypeError)
  })

  it('refuses a group that is not a name', async () => {
    const { transport } = await joined()

    expect(await ask(transport, append, { group: '>' })).toMatchObject({ type: 'refused', reason: 'malformed' })
    expect(() => transport.serve('*', 5, () => {})).toThrow(TypeError)
  })

  it('is closed once the connection has ended for good', async () => {
    const problems: Problem[] = []
    await leading(leaderOf(5))
    const { transport, connection } = await joined({ onProblem: (problem) => problems.push(problem) })
    const open = ask(transport, append)

    await connection.close()

    expect(await open).toEqual({ type: 'noAnswer', reason: 'disconnected' })
    expect(await ask(transport, append)).toEqual({ type: 'notSent', reason: 'closed' })
    await vi.waitUntil(() => problems.some(({ kind }) => kind === 'closed'), PATIENCE)
  })
})
