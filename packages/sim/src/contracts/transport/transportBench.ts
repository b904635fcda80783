import type { GroupId, Message, NodeId, Packet, Transport, TransportReceiver } from '@quorate/core'
import { Callbacks, type Called } from '../callbacks.ts'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { shown } from '../difference.ts'
import { Waiting, type Patience } from '../patience.ts'
import { SAMPLE_GROUP_UUID, SAMPLE_STORE } from '../sampleEntries.ts'
import { isPartOf } from './partOf.ts'

/** Where transports meet. */
export interface TransportMeeting {
  /** The transport of `node`, which is not open yet. Each node joins once. */
  join(node: NodeId): Promise<Transport>
  /** Clears up. Called once, after all transports were closed. */
  remove?(): Promise<void>
}

/** What a contract needs to put transports to the test. */
export interface TransportHarness extends Patience {
  /** A meeting of its own for each call: nobody hears what is said in another one. */
  meeting(): Promise<TransportMeeting>
}

/** Promises by their titles, and how to put each to the test. */
export type TransportTests = Readonly<Record<string, (bench: TransportBench) => Promise<void>>>

/** A node that has joined, and what its transport has told it. */
export interface JoinedNode {
  readonly id: NodeId
  readonly transport: Transport
  readonly received: { readonly from: NodeId; readonly packet: Packet }[]
  /** How often it heard so. */
  readonly heard: { connected: number; disconnected: number }
}

interface Sent {
  readonly from: NodeId
  readonly to: NodeId
  readonly packet: Packet
}

/** A transport may lose what it is given, so everything is sent again and again until it is there. */
const SEND_AGAIN_MS = 40

/** Nodes in a meeting of their own, as the cases of a contract deal with them. */
export class TransportBench {
  readonly callbacks: Callbacks
  readonly waiting: Waiting
  readonly #meeting: TransportMeeting
  readonly #nodes: JoinedNode[] = []
  readonly #closed = new Set<JoinedNode>()
  readonly #sent: Sent[] = []

  constructor(harness: TransportHarness, meeting: TransportMeeting) {
    this.waiting = new Waiting(harness)
    this.callbacks = new Callbacks(this.waiting)
    this.#meeting = meeting
  }

  /** Nodes that have joined, opened, and heard that they are connected. */
  async join<const Ids extends readonly NodeId[]>(...ids: Ids): Promise<{ [Place in keyof Ids]: JoinedNode }> {
    const nodes: JoinedNode[] = []
    for (const id of ids) {
      const node: JoinedNode = {
        id,
        transport: await this.#meeting.join(id),
        received: [],
        heard: { connected: 0, disconnected: 0 },
      }
      this.#nodes.push(node)
      nodes.push(node)
      node.transport.open(this.#receiver(node))
    }
    for (const node of nodes) {
      const missing = (): string =>
        `node ${node.id} was never told that it is connected, after its transport was opened`
      await this.waiting.until(() => node.heard.connected > 0, missing)
    }
    return nodes as { [Place in keyof Ids]: JoinedNode }
  }

  /** @throws ContractBrokenError when the transport throws: it must not. */
  send(from: JoinedNode, to: NodeId, packets: readonly Packet[]): void {
    for (const packet of packets) this.#sent.push({ from: from.id, to, packet })
    const what = `send of ${packets.length} packets from ${from.id} to ${shown(to)}`
    this.callbacks.during(what, () => from.transport.send(to, packets))
  }

  /** Sends again and again until `to` has all messages of `packets`, whole or in parts. */
  async bring(from: JoinedNode, to: JoinedNode, packets: readonly Packet[]): Promise<void> {
    let sentMs = -Infinity
    const isThere = (): boolean => {
      if (packets.every((packet) => hasArrived(from.id, to, packet))) return true
      if (performance.now() - sentMs >= SEND_AGAIN_MS) {
        sentMs = performance.now()
        this.send(from, to.id, packets)
      }
      return false
    }
    await this.waiting.until(isThere, () => {
      const missing = packets.find((packet) => !hasArrived(from.id, to, packet))
      const types = missing?.messages.map(({ type }) => type).join(', ')
      return `a packet of ${missing?.group} (${types}) from ${from.id} never reached ${to.id}, however often it was sent`
    })
  }

  beginClose(node: JoinedNode): Called {
    this.#closed.add(node)
    const expected = this.callbacks.expect<[]>(`close of ${node.id}`)
    // Whether a transport closes at once or later is its own affair.
    node.transport.close(expected.callback)
    return expected
  }

  async close(node: JoinedNode): Promise<void> {
    await this.callbacks.valuesOf(this.beginClose(node))
  }

  /** Nothing has arrived that was not sent, and all callbacks have come. */
  async finish(): Promise<void> {
    await this.callbacks.finish()
    for (const node of this.#nodes) {
      for (const { from, packet } of node.received) this.#assertSent(node, from, packet)
    }
  }

  /** Lets go of all nodes, whatever state they are in. */
  async dispose(): Promise<void> {
    for (const node of this.#nodes) {
      if (this.#closed.has(node)) continue
      let isDone = false
      node.transport.close(() => {
        isDone = true
      })
      // A transport that is broken enough never says so; the case has told what is wrong with it.
      await this.waiting
        .until(
          () => isDone,
          () => 'close never called back',
        )
        .catch(() => {})
    }
    await this.#meeting.remove?.()
  }

  #receiver(node: JoinedNode): TransportReceiver {
    return {
      received: (from, packet) => {
        node.received.push({ from, packet })
        if (this.callbacks.isWithin) {
          this.callbacks.fail(`node ${node.id} received a packet from within a send; it must come in a later turn`)
        }
      },
      connected: () => {
        node.heard.connected++
      },
      disconnected: () => {
        node.heard.disconnected++
      },
    }
  }

  #assertSent(node: JoinedNode, from: NodeId, packet: Packet): void {
    const candidates = this.#sent.filter((sent) => sent.from === from && sent.to === node.id)
    for (const message of packet.messages) {
      if (candidates.some((sent) => isSameSender(sent.packet, packet) && hasPart(sent.packet, message))) continue
      const { group, groupUuid, store } = packet
      const what = `${shown(message)} in a packet of ${shown({ group, groupUuid, store })}`
      throw new ContractBrokenError(`node ${node.id} received from ${from} what ${from} never sent to it: ${what}`)
    }
  }
}

/** A packet of the sample group, or of another one that was born with it. */
export function samplePacket(group: GroupId, ...messages: Message[]): Packet {
  return { group, groupUuid: SAMPLE_GROUP_UUID, store: SAMPLE_STORE, messages }
}

/** A message that no other `term` has. */
export function sampleVote(term: number): Message {
  return { type: 'requestVote', term, lastLog: { index: term, term: 1 }, isTransfer: false }
}

/** Whether `node` has every message of the packet; an AppendEntries by all of its entries. */
function hasArrived(from: NodeId, node: JoinedNode, packet: Packet): boolean {
  const messages = node.received
    .filter((received) => received.from === from && isSameSender(received.packet, packet))
    .flatMap((received) => received.packet.messages)
  return packet.messages.every((sent) => {
    const parts = messages.filter((message) => isPartOf(sent, message))
    if (sent.type !== 'appendEntries' || sent.entries.length === 0) return parts.length > 0
    const indexes = new Set(parts.flatMap((part) => (part.type === 'appendEntries' ? part.entries : [])).map(indexOf))
    return sent.entries.every(({ index }) => indexes.has(index))
  })
}

function hasPart(sent: Packet, message: Message): boolean {
  return sent.messages.some((whole) => isPartOf(whole, message))
}

function isSameSender(one: Packet, other: Packet): boolean {
  return one.group === other.group && one.groupUuid === other.groupUuid && one.store === other.store
}

function indexOf({ index }: { readonly index: number }): number {
  return index
}
