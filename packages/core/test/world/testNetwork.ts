import {
  MemoryNetwork,
  type ClientTransport,
  type Network,
  type NodeId,
  type Packet,
  type Transport,
  type TransportReceiver,
} from '@quorate/core'
import type { TestClock } from './testClock.ts'

/** A packet of one message on its way. */
export interface Letter {
  readonly from: NodeId
  readonly to: NodeId
  readonly packet: Packet
}

/** One call of a transport. */
export interface HandOver {
  readonly from: NodeId
  readonly to: NodeId
  readonly packets: readonly Packet[]
  readonly atMs: number
}

/** A network that delivers after `latencyMs`, or, held, when told to. It can lose, double and reorder all it carries. */
export class TestNetwork implements Network {
  latencyMs = 1
  isHeld = false
  /** The largest entry that the nodes' transports carry. */
  maxEntryBytes = Infinity
  /** What is lost without a trace. */
  loses: (letter: Letter) => boolean = () => false
  readonly handOvers: HandOver[] = []
  /** Told of each message when it is handed over, lost or not. */
  onSend: (letter: Letter) => void = () => {}
  /** On their way while the network is held. */
  letters: Letter[] = []
  readonly #clock: TestClock
  readonly #clients: MemoryNetwork
  readonly #receivers = new Map<NodeId, TransportReceiver>()
  #sides = new Map<NodeId, number>()

  constructor(clock: TestClock) {
    this.#clock = clock
    this.#clients = new MemoryNetwork({ clock })
  }

  join(node: NodeId): Transport {
    let own: TransportReceiver | undefined
    const limit = (): number => this.maxEntryBytes
    return {
      get maxEntryBytes() {
        return limit()
      },
      open: (receiver) => {
        own = receiver
        this.#receivers.set(node, receiver)
        this.#clock.soon(() => receiver.connected())
      },
      send: (to, packets) => {
        if (this.#receivers.get(node) === own) this.#take(node, to, packets)
      },
      close: (done) => {
        if (this.#receivers.get(node) === own) this.cut(node)
        this.#clock.soon(done)
      },
    }
  }

  client(): ClientTransport {
    return this.#clients.client()
  }

  /** The process of a node is gone. */
  cut(node: NodeId): void {
    this.#receivers.delete(node)
  }

  /** The named nodes hear one another, and nobody else; so do all the others. */
  partition(...nodes: readonly NodeId[]): void {
    const side = Math.max(0, ...this.#sides.values()) + 1
    for (const node of nodes) this.#sides.set(node, side)
  }

  heal(): void {
    this.#sides = new Map()
  }

  /** The transport of each node says that it is connected again. */
  reconnect(node: NodeId): void {
    this.#receivers.get(node)?.connected()
  }

  deliver(letter: Letter): void {
    if (this.#reaches(letter)) this.#receivers.get(letter.to)?.received(letter.from, letter.packet)
  }

  /** Delivers what is held and matches, oldest first. */
  deliverHeld(matches: (letter: Letter) => boolean = () => true): void {
    const [now, later] = [this.letters.filter(matches), this.letters.filter((letter) => !matches(letter))]
    this.letters = later
    for (const letter of now) this.deliver(letter)
  }

  release(): void {
    this.isHeld = false
    this.deliverHeld()
  }

  #reaches({ from, to }: Letter): boolean {
    return (this.#sides.get(from) ?? 0) === (this.#sides.get(to) ?? 0)
  }

  #take(from: NodeId, to: NodeId, packets: readonly Packet[]): void {
    this.handOvers.push({ from, to, packets, atMs: this.#clock.now() })
    if (this.isHeld) {
      for (const { messages, ...sender } of packets) {
        for (const message of messages) this.#send({ from, to, packet: { ...sender, messages: [message] } })
      }
    } else {
      for (const packet of packets) this.#send({ from, to, packet })
    }
  }

  #send(letter: Letter): void {
    this.onSend(letter)
    if (this.loses(letter) || !this.#reaches(letter)) return
    if (this.isHeld) this.letters.push(letter)
    else this.#clock.arrive(() => this.deliver(letter), this.latencyMs)
  }
}
