import type { Network, NodeId } from '@quorate/core'
import { type NatsClientTransportOptions, natsClientTransport } from './natsClientTransport.ts'
import { type NatsTransportOptions, natsTransport } from './natsTransport.ts'

export type NatsNetworkOptions = Omit<NatsTransportOptions, 'node' | 'store'> & NatsClientTransportOptions

/** Both transports over one connection. */
export function natsNetwork(options: NatsNetworkOptions): Network {
  return {
    join: (node: NodeId) => natsTransport({ ...options, node }),
    client: () => natsClientTransport(options),
  }
}
