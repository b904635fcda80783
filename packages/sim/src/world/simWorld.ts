import { resolveSettings, type Message, type NodeId, type RaftSettings, type ServerStatus } from '@quorate/core'
import { Invariants } from '../invariants/invariants.ts'
import { InvariantBroken } from '../invariants/invariant.ts'
import { WorldRecord } from '../invariants/worldRecord.ts'
import { SimRandom } from '../random.ts'
import { mix, mixText } from './entryDigest.ts'
import { EventQueue, type SimEvent } from './eventQueue.ts'
import type { MachineFactory } from './machine.ts'
import { SimNetwork, type Letter, type NetworkConditions, type NetworkWatcher } from './simNetwork.ts'
import { GROUP, SimNode, type NodeConditions, type NodeWatcher } from './simNode.ts'
import type { WorldWatcher } from './worldWatcher.ts'

export interface WorldOptions {
  readonly seed: number
  readonly servers: number
  /** How many of them the group is born with; undefined for all, and it stays so. */
  readonly members?: number | undefined
  readonly settings: Partial<RaftSettings>
  readonly network: NetworkConditions
  /** Whether messages travel as bytes. */
  readonly encodes: boolean
  readonly node: (random: SimRandom) => NodeConditions
  readonly machine: MachineFactory
  /** The largest command that clients send, in bytes. */
  readonly largestCommandBytes: number
  readonly watcher?: WorldWatcher | undefined
}

/** So long a bootstrap may take in a calm world. */
const BIRTH_TIMEOUT_MS = 5_000

/**
 * Some nodes of one group, with their clocks, network and disks: everything in it follows from a seed. It goes on event
 * by event, and looks at all invariants after each.
 */
export class SimWorld {
  readonly queue = new EventQueue()
  readonly random: SimRandom
  readonly network: SimNetwork
  readonly nodes = new Map<NodeId, SimNode>()
  readonly ids: readonly NodeId[]
  readonly invariants: Invariants
  readonly settings: RaftSettings
  /** Everything that has happened in it. */
  events = 0
  readonly #options: WorldOptions
  readonly #watcher: WorldWatcher | undefined
  readonly #record = new WorldRecord()
  #digest = 0
  #broken: Error | undefined
  #starting: (() => Promise<void>)[] = []

  constructor(options: WorldOptions) {
    this.#options = options
    this.#watcher = options.watcher
    this.random = new SimRandom(options.seed)
    this.settings = resolveSettings(options.settings)
    this.network = new SimNetwork({
      queue: this.queue,
      random: this.random.fork(),
      conditions: options.network,
      encodes: options.encodes,
      watcher: this.#networkWatcher(),
    })
    this.ids = Array.from({ length: options.servers }, (_, place) => `s${place + 1}`)
    for (const id of this.ids) this.nodes.set(id, this.#makeNode(id))
    this.invariants = new Invariants(this.#record, this.nodes, largestEntryBytes(options), () => this.now)
  }

  get now(): number {
    return this.queue.now
  }

  /** 32 bits that stand for all that has happened so far: the same seed gives the same. */
  get traceHash(): string {
    return (this.#digest >>> 0).toString(16).padStart(8, '0')
  }

  node(id: NodeId): SimNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new RangeError(`there is no server ${id}; there are ${this.ids.join(', ')}`)
    return node
  }

  /** Whether others than those it was born with may belong to the group. */
  get changesMembers(): boolean {
    return this.#options.members !== undefined
  }

  get up(): SimNode[] {
    return [...this.nodes.values()].filter(({ isUp }) => isUp)
  }

  /** The leader of the latest term that is led. */
  get leader(): SimNode | undefined {
    let leader: SimNode | undefined
    for (const node of this.nodes.values()) {
      const isLater = termOf(node) > (leader === undefined ? -1 : termOf(leader))
      if (node.role === 'leader' && isLater) leader = node
    }
    return leader
  }

  /** Starts all processes and gives birth to the group. */
  async begin(): Promise<void> {
    for (const node of this.nodes.values()) await node.start()
    let outcome: { readonly error: Error | undefined } | undefined
    const first = this.node(this.ids[0] as NodeId)
    first.process?.arrive(0, () => {
      const members = this.ids.slice(0, this.#options.members)
      first.raft?.bootstrap(GROUP, { nodes: members, timeoutMs: BIRTH_TIMEOUT_MS }, (error) => (outcome = { error }))
    })
    await this.run(BIRTH_TIMEOUT_MS + 1000, () => outcome !== undefined)
    if (outcome?.error !== undefined) throw outcome.error
  }

  /** Notes what the world itself does. */
  happened(what: string): void {
    this.#mixIn(what)
    this.#watcher?.happened?.(what)
  }

  /** Something that the world itself does at a moment. */
  at(dueMs: number, happen: () => void): SimEvent {
    return this.queue.add(dueMs, 0, undefined, happen)
  }

  /** Starts a process of a node that is down: after the event that is under way. */
  start(node: SimNode, killedAfterCalls?: number): void {
    this.#starting.push(async () => {
      if (!node.isDown) return
      const outcome = await node.start(killedAfterCalls)
      this.#mixIn(`${node.id} ${outcome}`)
      this.#watcher?.started?.(node, outcome)
    })
  }

  kill(node: SimNode): void {
    node.kill()
    this.#mixIn(`${node.id} killed`)
    this.#watcher?.killed?.(node)
  }

  /**
   * Lets so much time pass, or as much as `until` takes to come true: asked after every event.
   * @throws InvariantBroken as soon as something is wrong.
   */
  async run(durationMs: number, until: () => boolean = () => false): Promise<boolean> {
    const endMs = this.queue.now + durationMs
    for (;;) {
      if (this.#starting.length > 0) for (const start of this.#starting.splice(0)) await start()
      this.#throwBroken()
      if (until()) return true
      if (!this.#step(endMs)) return false
    }
  }

  /** The next event, if one is due by then. */
  #step(endMs: number): boolean {
    const event = this.queue.take(endMs)
    if (event === undefined) return false
    const owner = typeof event.owner === 'function' ? event.owner() : event.owner
    if (event.isCleared || (owner !== undefined && !owner.admits(event))) return true
    this.events++
    this.#digest = mix(mix(this.#digest, this.queue.now), event.phase)
    try {
      event.run()
    } catch (error) {
      this.#broken ??= asBroken(error)
    }
    if (owner === undefined) return true
    const node = this.nodes.get(owner.node)
    if (node !== undefined && node.process === owner) this.#note(() => this.#look(node))
    return true
  }

  #look(node: SimNode): void {
    this.#watcher?.beforeLook?.(node)
    this.invariants.look(node)
    this.#watcher?.looked?.(node)
  }

  #throwBroken(): void {
    if (this.#broken !== undefined) throw this.#broken
  }

  /** What throws within the driver may be taken for a failure of a port: it is kept, and thrown after the event. */
  #note(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#broken ??= asBroken(error)
    }
  }

  #makeNode(id: NodeId): SimNode {
    const { settings, machine } = this.#options
    return new SimNode({
      id,
      queue: this.queue,
      network: this.network,
      random: this.random.fork(),
      settings,
      conditions: this.#options.node(this.random),
      machine,
      known: this.#record,
      watcher: this.#nodeWatcher(),
    })
  }

  #networkWatcher(): NetworkWatcher {
    return {
      sent: (letter) => {
        this.#mixInLetter(letter)
        this.#note(() => this.invariants.sent(letter))
        this.#watcher?.sent?.(letter)
      },
      received: (letter) => {
        this.invariants.received(letter)
        this.#watcher?.received?.(letter)
      },
      lost: (letter, why) => this.#watcher?.lost?.(letter, why),
    }
  }

  #nodeWatcher(): NodeWatcher {
    return {
      opened: (node, found) => {
        this.#note(() => this.invariants.opened(node, found))
        this.#watcher?.opened?.(node, found)
      },
      refused: (node, error) => this.#watcher?.refused?.(node, error),
      repaired: (node, error) => {
        this.#mixIn(`${node.id} ${error === undefined ? 'repaired' : 'not repaired'}`)
        this.#watcher?.repaired?.(node, error)
        if (error === undefined) this.start(node)
      },
      exchanged: (node) => this.invariants.votes.exchanged(node.id),
      writing: (node, write) => {
        this.#note(() => this.invariants.writing(node, write))
        this.#watcher?.writing?.(node, write)
      },
      wrote: (node, write) => this.#note(() => this.invariants.wrote(node, write)),
      written: (node, failure) => {
        this.#note(() => this.invariants.written(node, failure))
        this.#watcher?.written?.(node, failure)
      },
      read: (node) => this.#watcher?.read?.(node),
      applied: (node, entry, result, version) => {
        this.#digest = mix(mix(this.#digest, entry.index), entry.term)
        this.#note(() => this.invariants.applied(node, entry, result, version))
        this.#watcher?.applied?.(node, entry, result)
      },
      snapshotTaken: (node, bytes) => {
        this.#digest = mix(mix(this.#digest, node.appliedIndex), bytes.length)
        this.#note(() => this.invariants.snapshotTaken(node, bytes))
      },
      restoring: (node, description) => this.#note(() => this.invariants.restoring(node, description)),
      restored: (node, description, version) => {
        this.#digest = mix(mix(this.#digest, description.lastIncluded.index), description.checksum)
        this.#note(() => this.invariants.restored(node, description, version))
        this.#watcher?.restored?.(node, description)
      },
      status: (node, status: ServerStatus) => {
        this.#note(() => this.invariants.status(node, status))
        this.#watcher?.status?.(node, status)
      },
      disk: (node, event) => this.#watcher?.disk?.(node, event),
    }
  }

  #mixInLetter({ from, to, packets }: Letter): void {
    let digest = mixText(mixText(this.#digest, from), to)
    for (const { messages } of packets) for (const message of messages) digest = mixMessage(digest, message)
    this.#digest = digest
  }

  #mixIn(text: string): void {
    this.#digest = mixText(this.#digest, text)
  }
}

function mixMessage(digest: number, message: Message): number {
  const mixed = mixText(digest, message.type)
  switch (message.type) {
    case 'preVote':
    case 'requestVote':
    case 'timeoutNow':
      return mix(mix(mix(mixed, message.term), message.lastLog.index), message.lastLog.term)
    case 'appendEntries':
      return mix(
        mix(mix(mixed, message.term), message.prevLog.index),
        message.entries.length + message.leaderCommit / 1e6,
      )
    case 'appendEntries.accepted':
      return mix(mix(mixed, message.term), message.matchIndex)
    case 'appendEntries.rejected':
      return mix(mix(mixed, message.term), message.hint.index)
    case 'installSnapshot':
      return mix(
        mix(mix(mixed, message.term), message.description.checksum),
        message.offset + message.data.length / 1e6,
      )
    case 'installSnapshot.answered':
      return mix(mix(mixed, message.term), message.receivedBytes)
    default:
      return mix(mixed, 'term' in message ? message.term : 0)
  }
}

/** As they count against windows: a configuration may name all servers, and all once more as the next ones. */
function largestEntryBytes({ largestCommandBytes, servers }: WorldOptions): number {
  return Math.max(largestCommandBytes + 256, 256 * (2 + 2 * servers))
}

function termOf(node: SimNode): number {
  return node.server?.server.state.currentTerm ?? 0
}

function asBroken(error: unknown): Error {
  if (error instanceof InvariantBroken) return error
  const text = error instanceof Error ? error.message : String(error)
  return new InvariantBroken('nothingThrows', text, { cause: error })
}
