import type { NodeId, Packet, StoreIdentity, Transport, TransportReceiver } from '@quorate/core'
import { assertName, isName } from '@quorate/core'
import { MAX_FRAME_BYTES, decodeFrame, encodeFrames, maxEntryBytesFor } from '@quorate/wire'
import { reportUnreadable } from './badFrames.ts'
import type { Denial, NatsConnectionLike, NatsMessageLike } from './connection.ts'
import { messageOf } from './errors.ts'
import { Link } from './link.ts'
import { hold, release } from './ownership.ts'
import { type ProblemCounts, type ProblemHandler, Problems } from './problems.ts'
import { Subjects } from './subjects.ts'

export interface NatsTransportOptions {
  /** One of yours, which is then left as it was found, or one made by `connectNats`. */
  readonly connection: NatsConnectionLike
  /** The node that this process is. */
  readonly node: NodeId
  /** What all subjects begin with; the same for all nodes and clients. `quorate` unless given. */
  readonly prefix?: string
  /** The store of this node. Unless given, frames name the store of their packets. */
  readonly store?: StoreIdentity
  /** Frames stay below this and below the `max_payload` of the server. */
  readonly maxFrameBytes?: number
  /** Hears of the first problem of each kind, and of every thousandth. */
  readonly onProblem?: ProblemHandler
}

export interface NatsTransportCounters {
  framesSent: number
  framesReceived: number
  /** Packets that were dropped because there was no connection. */
  packetsUnsent: number
  readonly problems: ProblemCounts
}

/** Node to node over NATS subjects. */
export interface NatsTransport extends Transport {
  readonly counters: Readonly<NatsTransportCounters>
}

const MIN_FRAME_BYTES = 1024

/** @throws TypeError when a name, the prefix or `maxFrameBytes` cannot be used. */
export function natsTransport(options: NatsTransportOptions): NatsTransport {
  return new SubjectTransport(options)
}

class SubjectTransport implements NatsTransport {
  readonly counters: NatsTransportCounters
  readonly #connection: NatsConnectionLike
  readonly #node: NodeId
  readonly #subjects: Subjects
  readonly #store: StoreIdentity | undefined
  readonly #frameLimit: number
  readonly #problems: Problems
  readonly #link: Link
  #receiver: TransportReceiver | undefined
  #hasClosed = false

  constructor({ connection, node, prefix = 'quorate', store, maxFrameBytes, onProblem }: NatsTransportOptions) {
    assertName('node', node)
    assertFrameLimit(maxFrameBytes)
    this.#connection = connection
    this.#node = node
    this.#subjects = new Subjects(prefix)
    this.#store = store
    this.#frameLimit = Math.min(maxFrameBytes ?? MAX_FRAME_BYTES, MAX_FRAME_BYTES)
    this.#problems = new Problems(onProblem)
    this.#link = new Link(connection, this.#problems)
    this.counters = { framesSent: 0, framesReceived: 0, packetsUnsent: 0, problems: this.#problems.counts }
    hold(connection)
  }

  get maxEntryBytes(): number {
    return maxEntryBytesFor(this.#maxFrameBytes)
  }

  get #maxFrameBytes(): number {
    return Math.min(this.#frameLimit, this.#link.maxPayload)
  }

  open(receiver: TransportReceiver): void {
    if (this.#receiver !== undefined) throw new Error(`the transport of node ${this.#node} is open already`)
    this.#receiver = receiver
    this.#link.subscribe(this.#subjects.mailbox(this.#node), 'a frame', (message) => this.#received(message))
    let wasConnected = false
    this.#link.watch({
      connected: () => {
        wasConnected = true
        receiver.connected()
      },
      disconnected: () => {
        if (wasConnected) receiver.disconnected()
      },
      isOurs: ({ subject }: Denial) => subject.startsWith(this.#subjects.rpcRoot),
    })
  }

  send(to: NodeId, packets: readonly Packet[]): void {
    const [first] = packets
    if (first === undefined) return
    if (this.#hasClosed || !this.#link.isUp || !isName(to)) {
      this.counters.packetsUnsent += packets.length
      return
    }
    const group = packets.every((packet) => packet.group === first.group) ? first.group : undefined
    const subject = this.#subjects.rpc(group, to, this.#node)
    for (const frame of this.#encode(this.#store ?? first.store, packets)) {
      if (this.#link.publish(subject, frame)) this.counters.framesSent++
    }
  }

  close(done: () => void): void {
    this.#hasClosed = true
    void this.#link
      .close()
      .then(() => release(this.#connection))
      .catch(() => {
        // The connection ended first.
      })
      .then(done)
  }

  #encode(store: StoreIdentity, packets: readonly Packet[]): Uint8Array[] {
    try {
      return encodeFrames(store, packets, this.#maxFrameBytes)
    } catch (error) {
      const parts = packets.flatMap((packet) => packet.messages.map((message) => ({ ...packet, messages: [message] })))
      // One that cannot be encoded must not take the others with it.
      if (parts.length > 1) return parts.flatMap((part) => this.#encode(store, [part]))
      this.#problems.report('tooLarge', `a message could not be encoded: ${messageOf(error)}`, { error })
      return []
    }
  }

  #received(message: NatsMessageLike): void {
    if (this.#hasClosed) return
    const { subject } = message
    const address = this.#subjects.rpcAddress(subject)
    if (address === undefined) {
      this.#problems.report('misaddressed', `${subject} names no group or no sender`, { subject })
      return
    }
    if (address.from === this.#node) return
    this.counters.framesReceived++
    let packets: readonly Packet[]
    try {
      packets = decodeFrame(message.data, MAX_FRAME_BYTES).packets
    } catch (error) {
      reportUnreadable(this.#problems, subject, error)
      return
    }
    for (const packet of packets) {
      if (address.group === undefined || packet.group === address.group) {
        this.#hand(address.from, packet)
      } else {
        const what = `a packet of group ${packet.group} came in a frame of group ${address.group}`
        this.#problems.report('misaddressed', what, { subject })
      }
    }
  }

  #hand(from: NodeId, packet: Packet): void {
    try {
      this.#receiver?.received(from, packet)
    } catch (error) {
      const what = `a packet of group ${packet.group} from ${from} could not be handled: ${messageOf(error)}`
      this.#problems.report('callback', what, { error })
    }
  }
}

function assertFrameLimit(maxFrameBytes: number | undefined): void {
  if (maxFrameBytes === undefined || maxFrameBytes >= MIN_FRAME_BYTES) return
  throw new TypeError(`maxFrameBytes ${maxFrameBytes}: a frame needs ${MIN_FRAME_BYTES} bytes at least`)
}
