import { afterAll, beforeAll, describe, it } from 'vitest'
import { type NatsServer, startNatsServer } from '../../../test/setup/nats-server.mjs'
import { clientTransportContract, transportContract } from '@quorate/sim'
import { natsClientTransport, natsTransport } from '@quorate/nats'
import { type UserConnection, clients } from './clients.ts'

const servers = new Map<string, NatsServer>()
const PAYLOADS = ['64KB', '1MB']

beforeAll(async () => {
  for (const payload of PAYLOADS) servers.set(payload, await startNatsServer({ config: `max_payload: ${payload}` }))
})
afterAll(async () => {
  for (const server of servers.values()) await server.stop()
})

describe.each(clients)('over $client', ({ client, connect }) => {
  describe.each(PAYLOADS)('and a max_payload of %s', (payload) => {
    const connections: UserConnection[] = []
    let meetings = 0

    async function connected(): Promise<UserConnection> {
      const connection = await connect({ servers: servers.get(payload)!.url })
      connections.push(connection)
      return connection
    }

    /** Subjects of its own for those who meet, and a connection for each of them. */
    function meet() {
      const prefix = `meeting-${client.length}-${++meetings}`
      return {
        join: async (node: string) => natsTransport({ connection: await connected(), node, prefix }),
        client: async () => natsClientTransport({ connection: await connected(), prefix }),
        remove: async () => {
          for (const connection of connections.splice(0)) await connection.close()
        },
      }
    }

    const harness = {
      meeting: async () => meet(),
      // A round trip: the server has heard what was published and subscribed before.
      settle: async () => {
        for (const connection of connections) await connection.flush()
      },
    }

    describe('natsTransport', () => {
      for (const { title, run } of transportContract(harness)) it(title, run)
    })
    describe('natsClientTransport', () => {
      for (const { title, run } of clientTransportContract(harness)) it(title, run)
    })
  })
})
