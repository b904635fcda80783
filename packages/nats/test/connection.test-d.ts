import type { NatsConnection as TransportNodeConnection } from '@nats-io/transport-node'
import type { NatsConnection } from 'nats'
import type { NatsConnectionLike } from '@quorate/nats'

declare const fromNats: NatsConnection
declare const fromTransportNode: TransportNodeConnection

export const accepted: NatsConnectionLike[] = [fromNats, fromTransportNode]

// @ts-expect-error The reason why there is a NatsConnectionLike.
export const exchanged: TransportNodeConnection = fromNats

// @ts-expect-error A connection must be able to tell when it is down.
export const incomplete: NatsConnectionLike = { ...fromTransportNode, status: undefined }
