import type {
  ClientTransport,
  Network,
  NodeId,
  Packet,
  StoreIdentity,
  Transport,
  TransportReceiver,
} from '@quorate/core'
import { decodeFrame, encodeFrames } from '@quorate/wire'
import type { SimRandom } from '../random.ts'
import { PHASES, type EventQueue } from './eventQueue.ts'
import { SimClients } from './simClients.ts'
import type { SimProcess } from './simProcess.ts'

/** How the network treats what it carries. */
export interface NetworkConditions {
  /** Milliseconds on the way, drawn between these two. */
  readonly delayMs: readonly [low: number, high: number]
  /** Whether messages of one link may overtake one another. */
  readonly reorders: boolean
  readonly lossProbability: number
  readonly copyProbability: number
  /** Some messages are held up, for as long as `lateMs`. */
  readonly lateProbability: number
  readonly lateMs: readonly [low: number, high: number]
  /** Whether the messages of one hand-over travel one by one. */
  readonly splits: boolean
}

export const CALM_CONDITIONS: NetworkConditions = {
  delayMs: [0.2, 0.6],
  reorders: false,
  lossProbability: 0,
  copyProbability: 0,
  lateProbability: 0,
  lateMs: [0, 0],
  splits: false,
}

/** What one node sent to another in one piece. */
export interface Letter {
  readonly number: number
  readonly from: NodeId
  readonly to: NodeId
  readonly packets: readonly Packet[]
}

/** Looks on. */
export interface NetworkWatcher {
  sent(letter: Letter): void
  received(letter: Letter): void
  lost(letter: Letter, why: string): void
}

/** Links that do not carry anything while the cut lasts. */
export interface Cut {
  readonly links: readonly (readonly [from: string, to: string])[]
}

export interface SimNetworkOptions {
  readonly queue: EventQueue
  readonly random: SimRandom
  readonly conditions: NetworkConditions
  /** Send frames as bytes, with the codec that production uses. */
  readonly encodes: boolean
  readonly watcher: NetworkWatcher
}

interface Joined {
  readonly process: SimProcess
  readonly receiver: TransportReceiver
}

const LARGEST_FRAME_BYTES = 64 * 1024

/** What all nodes and clients of a world meet over. It loses, doubles, delays and reorders what it carries. */
export class SimNetwork {
  conditions: NetworkConditions
  /** Nothing is delivered until somebody calls `deliver`: then this list is what is on its way. Cut links lose all the same. */
  isHeld = false
  held: Letter[] = []
  readonly clients: SimClients
  readonly #queue: EventQueue
  readonly #random: SimRandom
  readonly #encodes: boolean
  readonly #watcher: NetworkWatcher
  readonly #joined = new Map<NodeId, Joined>()
  readonly #cuts = new Map<string, number>()
  readonly #lastArrivalMs = new Map<string, number>()
  readonly #onTheirWay = new Set<Letter>()
  readonly #past: Letter[] = []
  /** The last that brought pieces of snapshots: among all letters they are few. */
  readonly #pastPieces: Letter[] = []
  #arrived = 0
  #letters = 0

  constructor({ queue, random, conditions, encodes, watcher }: SimNetworkOptions) {
    this.#queue = queue
    this.#random = random
    this.conditions = conditions
    this.#encodes = encodes
    this.#watcher = watcher
    this.clients = new SimClients(this, queue, random)
  }

  /** The network as one process sees it. */
  of(process: SimProcess): Network {
    return {
      join: (node) => this.#join(node, process),
      client: (): ClientTransport => this.clients.open(process.node, process),
    }
  }

  /** How many letters are on their way. */
  get onTheirWay(): number {
    return this.#onTheirWay.size + this.held.length
  }

  /** Whether what `from` sends reaches `to`. */
  reaches(from: string, to: string): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(`${from}>${to}`)
  }

  cut(cut: Cut): void {
    for (const [from, to] of cut.links) this.#cuts.set(`${from}>${to}`, (this.#cuts.get(`${from}>${to}`) ?? 0) + 1)
  }

  heal(cut: Cut): void {
    for (const [from, to] of cut.links) {
      const left = (this.#cuts.get(`${from}>${to}`) ?? 0) - 1
      if (left > 0) this.#cuts.set(`${from}>${to}`, left)
      else this.#cuts.delete(`${from}>${to}`)
    }
  }

  healAll(): void {
    this.#cuts.clear()
  }

  /** The process is gone, and what it had open. */
  leave(process: SimProcess): void {
    if (this.#joined.get(process.node)?.process === process) this.#joined.delete(process.node)
    this.clients.leave(process)
  }

  /** The connection of a node breaks and comes back. */
  reconnect(node: NodeId): void {
    const joined = this.#joined.get(node)
    if (joined === undefined) return
    joined.process.arrive(0, () => joined.receiver.disconnected())
    joined.process.arrive(this.#random.between(0, 50), () => joined.receiver.connected())
  }

  /** The letter reaches its node, whatever the conditions. */
  deliver(letter: Letter): void {
    const joined = this.#joined.get(letter.to)
    if (!this.reaches(letter.from, letter.to)) this.#watcher.lost(letter, 'the link is cut')
    else if (joined === undefined) this.#watcher.lost(letter, 'nobody is there')
    else joined.process.arrive(0, () => this.#receive(joined, letter))
  }

  /** Some letter that has arrived before comes once more. Whether there was one comes back. */
  echo(): boolean {
    if (this.#past.length === 0) return false
    const isOfSnapshot = this.#pastPieces.length > 0 && this.#random.happens(PIECES_ECHOED)
    this.deliver(this.#random.pick(isOfSnapshot ? this.#pastPieces : this.#past))
    return true
  }

  /** Delivers all that is held up. */
  deliverAll(): void {
    const letters = [...this.#onTheirWay]
    this.#onTheirWay.clear()
    for (const letter of letters) this.deliver(letter)
  }

  #join(node: NodeId, process: SimProcess): Transport {
    let isOpen = false
    return {
      maxEntryBytes: this.#encodes ? LARGEST_FRAME_BYTES / 2 : Infinity,
      open: (receiver) => {
        isOpen = true
        this.#joined.set(node, { process, receiver })
        process.soon(() => receiver.connected())
      },
      send: (to, packets) => {
        if (isOpen && process.isAlive && packets.length > 0) this.#send(node, to, packets)
      },
      close: (done) => {
        isOpen = false
        if (this.#joined.get(node)?.process === process) this.#joined.delete(node)
        process.soon(done)
      },
    }
  }

  #send(from: NodeId, to: NodeId, packets: readonly Packet[]): void {
    if (!this.conditions.splits) {
      this.#post(from, to, packets)
      return
    }
    for (const { messages, ...sender } of packets) {
      for (const message of messages) this.#post(from, to, [{ ...sender, messages: [message] }])
    }
  }

  #post(from: NodeId, to: NodeId, packets: readonly Packet[]): void {
    const letter: Letter = { number: ++this.#letters, from, to, packets }
    this.#watcher.sent(letter)
    const { lossProbability, copyProbability } = this.conditions
    if (this.isHeld && this.reaches(from, to)) this.held.push(letter)
    else if (lossProbability > 0 && this.#random.happens(lossProbability)) this.#watcher.lost(letter, 'lost on the way')
    else if (!this.reaches(from, to)) this.#watcher.lost(letter, 'the link is cut')
    else {
      this.#carry(letter)
      if (copyProbability > 0 && this.#random.happens(copyProbability)) this.#carry(letter)
    }
  }

  #carry(letter: Letter): void {
    const encoded = this.#encodes ? encode(letter.packets) : undefined
    const arrival = encoded === undefined ? letter : { ...letter, packets: encoded }
    this.#onTheirWay.add(arrival)
    const addressee = (): SimProcess | undefined => this.#joined.get(letter.to)?.process
    this.#queue.add(this.#arrivalMs(letter), PHASES.sockets, addressee, () => this.#arrive(arrival))
  }

  #arrive(letter: Letter): void {
    if (!this.#onTheirWay.delete(letter)) return
    const joined = this.#joined.get(letter.to)
    if (!this.reaches(letter.from, letter.to)) this.#watcher.lost(letter, 'the link is cut')
    else if (joined === undefined) this.#watcher.lost(letter, 'nobody is there')
    else this.#receive(joined, letter)
  }

  #arrivalMs({ from, to }: Letter): number {
    const { delayMs, reorders, lateProbability, lateMs } = this.conditions
    const { now } = this.#queue
    if (lateProbability > 0 && this.#random.happens(lateProbability)) return now + this.#random.between(...lateMs)
    const arrivalMs = now + this.#random.between(...delayMs)
    if (reorders) return arrivalMs
    const link = `${from}>${to}`
    const inOrderMs = Math.max(arrivalMs, this.#lastArrivalMs.get(link) ?? 0)
    this.#lastArrivalMs.set(link, inOrderMs)
    return inOrderMs
  }

  /** A sample of all letters so far, old ones as likely as new ones. */
  #remember(letter: Letter): void {
    this.#arrived++
    if (bringsPiece(letter)) this.#pastPieces.push(letter)
    if (this.#pastPieces.length > PAST_PIECES) this.#pastPieces.shift()
    if (this.#past.length < PAST_LETTERS) this.#past.push(letter)
    else if (this.#random.happens(PAST_LETTERS / this.#arrived)) this.#past[this.#random.below(PAST_LETTERS)] = letter
  }

  #receive({ process, receiver }: Joined, letter: Letter): void {
    // Closed, or another process, since it came.
    if (this.#joined.get(letter.to)?.process !== process) return
    this.#remember(letter)
    this.#watcher.received(letter)
    for (const packet of letter.packets) receiver.received(letter.from, packet)
  }
}

/** How many letters are remembered. */
const PAST_LETTERS = 200
const PAST_PIECES = 20
/** How often it is a piece of a snapshot that comes once more. */
const PIECES_ECHOED = 0.25

function bringsPiece({ packets }: Letter): boolean {
  return packets.some(({ messages }) =>
    messages.some((message) => message.type === 'installSnapshot' && message.data.length > 0),
  )
}

/** As it comes out at the other end: encoded when it is sent, for what it holds may change later. */
function encode(packets: readonly Packet[]): readonly Packet[] {
  const store = (packets[0] as Packet).store as StoreIdentity
  const frames = encodeFrames(store, packets, LARGEST_FRAME_BYTES)
  return frames.flatMap((frame) => [...decodeFrame(new Uint8Array(frame)).packets])
}
