import { connect as connectTransportNode } from '@nats-io/transport-node'
import { connect as connectNatsPackage } from 'nats'
import { afterEach } from 'vitest'
import type { NatsConnectionLike } from '@quorate/nats'

/** A connection as an application has it, with what tests look at beyond our own needs. */
export interface UserConnection extends NatsConnectionLike {
  stats(): { inMsgs: number; outMsgs: number }
}

const opened: UserConnection[] = []

function opening(connect: (options: object) => Promise<UserConnection>) {
  return async (options: object): Promise<UserConnection> => {
    const connection = await connect({
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      maxReconnectAttempts: -1,
      ...options,
    })
    opened.push(connection)
    return connection
  }
}

/** The two clients, for `describe.each`. What they open is closed after each test. */
export const clients = [
  { client: 'nats' as const, connect: opening(connectNatsPackage) },
  { client: '@nats-io/transport-node' as const, connect: opening(connectTransportNode) },
]

afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close()))
})
