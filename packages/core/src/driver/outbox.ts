import type { NodeId } from '../identifiers.ts'
import type { Message, Packet } from '../messages.ts'
import type { Transport } from '../ports.ts'

/** Who sends: what stands on each packet beside its messages. */
export type Sender = Omit<Packet, 'messages'>

/** The messages of one turn of a node, put together by destination: one hand-over to the transport for each. */
export class Outbox {
  readonly #packets = new Map<NodeId, Map<Sender, Message[]>>()

  /** Messages of the same sender object to the same node share a packet. */
  add(to: NodeId, sender: Sender, message: Message): void {
    let packets = this.#packets.get(to)
    if (packets === undefined) this.#packets.set(to, (packets = new Map()))
    const messages = packets.get(sender)
    if (messages === undefined) packets.set(sender, [message])
    else messages.push(message)
  }

  sendAll(transport: Transport): void {
    for (const [to, bySender] of this.#packets) {
      const packets = [...bySender].map(([sender, messages]): Packet => ({ ...sender, messages }))
      try {
        transport.send(to, packets)
      } catch {
        // It must not throw. If it does all the same, the packets count as lost, which Raft survives.
      }
    }
    this.#packets.clear()
  }
}
