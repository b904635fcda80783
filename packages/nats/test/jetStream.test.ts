import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ClientOutcome } from '@quorate/core'
import { connect as connectNatsPackage } from 'nats'
import { type NatsServer, startNatsServer } from '../../../test/setup/nats-server.mjs'
import { type Problem, natsClientTransport } from '@quorate/nats'
import { clients } from './clients.ts'
import { PATIENCE } from './recordingReceiver.ts'

let server: NatsServer

beforeAll(async () => {
  server = await startNatsServer({ config: 'jetstream: { max_mem: 64MB, max_file: 0 }' })
  const admin = await connectNatsPackage({ servers: server.url })
  const manager = await admin.jetstreamManager()
  await manager.streams.add({ name: 'OOPS', subjects: ['quorate.>'], storage: 'memory' as never })
  await admin.close()
})
afterAll(() => server.stop())

describe.each(clients)('a JetStream stream over our subjects, over $client', ({ connect }) => {
  async function asked(timeoutMs: number, serve: boolean) {
    const problems: Problem[] = []
    const leader = natsClientTransport({ connection: await connect({ servers: server.url }) })
    const connection = await connect({ servers: server.url })
    const transport = natsClientTransport({ connection, onProblem: (problem) => problems.push(problem) })
    if (serve) {
      leader.serve('orders', 5, (request, reply) => {
        if (request.type !== 'append') reply({ type: 'status', leaderId: 'n1', term: 5, commitIndex: 0 })
        else setTimeout(() => reply({ type: 'appended', firstIndex: 1, term: 5 }), 50)
      })
      await vi.waitUntil(async () => (await request(transport, false, 500)).type === 'status', PATIENCE)
      problems.length = 0
    }
    return { outcome: await request(transport, true, timeoutMs), problems, transport }
  }

  it('is named, and its acknowledgement is not taken for an answer', async () => {
    const { outcome, problems, transport } = await asked(200, false)

    expect(outcome).toEqual({ type: 'noAnswer', reason: 'timeout' })
    expect(transport.counters.problems).toMatchObject({ stream: 1, foreign: 0 })
    expect(problems).toMatchObject([
      { kind: 'stream', subject: 'quorate.v1.append.orders.5', message: expect.stringContaining('stream OOPS stores') },
    ])
  })

  it('does not keep the answer of the leader from its client', async () => {
    const { outcome, transport } = await asked(2_000, true)

    expect(outcome).toEqual({ type: 'appended', firstIndex: 1, term: 5 })
    expect(transport.counters.problems.stream).toBeGreaterThan(0)
  })
})

function request(
  transport: ReturnType<typeof natsClientTransport>,
  append: boolean,
  timeoutMs: number,
): Promise<ClientOutcome> {
  return new Promise((settled) => {
    const what = append ? ({ type: 'append', term: 5, commands: [] } as const) : ({ type: 'status' } as const)
    transport.request('orders', what, timeoutMs, settled)
  })
}
