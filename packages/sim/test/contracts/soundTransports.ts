import { MemoryNetwork, type NodeId, type Packet, type Transport, type TransportReceiver } from '@quorate/core'
import type { TransportHarness } from '../../src/contracts/index.ts'
import { BRIEF } from './caught.ts'
import { loopClock } from './loopClock.ts'

/** Makes something else of the sound transport of a node. `others` are the nodes that have joined before. */
export type TransportChange = (transport: Transport, node: NodeId, others: readonly NodeId[]) => Transport

/** Meetings of sound transports, all changed by `change`. */
export function transportsLike(change: TransportChange = (transport) => transport): TransportHarness {
  return {
    ...BRIEF,
    meeting: async () => {
      const network = new MemoryNetwork({ clock: loopClock })
      const nodes: NodeId[] = []
      return {
        join: async (node) => {
          const transport = change(network.join(node), node, [...nodes])
          nodes.push(node)
          return transport
        },
      }
    },
  }
}

/** `transport` with some of its methods replaced. */
export function altered(transport: Transport, changes: Partial<Transport>): Transport {
  return {
    maxEntryBytes: transport.maxEntryBytes,
    open: (receiver) => transport.open(receiver),
    send: (to, packets) => transport.send(to, packets),
    close: (done) => transport.close(done),
    ...changes,
  }
}

/** A transport whose node hears something else. */
export function hearing(
  change: (receiver: TransportReceiver, node: NodeId) => Partial<TransportReceiver>,
): TransportChange {
  return (transport, node) =>
    altered(transport, {
      open: (receiver) => {
        transport.open({
          received: (from, packet) => receiver.received(from, packet),
          connected: () => receiver.connected(),
          disconnected: () => receiver.disconnected(),
          ...change(receiver, node),
        })
      },
    })
}

/** A transport that sends other packets than those it was given. */
export function sending(change: (packet: Packet) => Packet[]): TransportChange {
  return (transport) =>
    altered(transport, {
      send: (to, packets) =>
        transport.send(
          to,
          packets.flatMap((packet) => change(packet)),
        ),
    })
}
