import { LogClosedError, ServerStoppedError } from '../errors.ts'
import { assertName, type GroupId, type NodeId } from '../identifiers.ts'
import { assertMachineVersions } from '../machineVersions.ts'
import { isBootstrapMessage, isRepairMessage, type Packet } from '../messages.ts'
import type {
  ClientTransport,
  Clock,
  GroupWrite,
  Network,
  Random,
  StateMachine,
  Store,
  StoreFailure,
  Transport,
} from '../ports.ts'
import { reloadSettings, resolveSettings, type RaftSettings } from '../settings.ts'
import type { WriteId } from '../state/durability.ts'
import { RaftServer, type Inspect } from '../statecharts/raftServer.ts'
import type { BirthRequest, BootstrapDone } from './birth.ts'
import { Bootstrapper } from './bootstrapper.ts'
import { assertCompactionPolicy, type CompactionPolicy } from './compactionPolicy.ts'
import { HostedServer } from './hostedServer.ts'
import { Outbox } from './outbox.ts'
import type { RepairDone } from './repair.ts'
import { assertWhole, Repairer } from './repairer.ts'
import type { ServerStatus } from './status.ts'
import { Timers } from './timers.ts'
import { Writes } from './writes.ts'

export interface RaftNodeOptions {
  readonly id: NodeId
  readonly network: Network
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly settings?: Partial<RaftSettings> | undefined
  readonly inspect?: Inspect | undefined
}

export interface OpenGroupOptions {
  readonly stateMachine: StateMachine
  /** When snapshots are taken, for which the state machine has `snapshot` and `restore`. Unless it is given, only when asked. */
  readonly compaction?: CompactionPolicy | undefined
  /** Told of each change of the server's status, at the end of the turn. */
  readonly onStatus?: ((status: ServerStatus) => void) | undefined
}

/**
 * A process's part in any number of groups, over one transport, one store and one clock. The loop: inputs come in and
 * are handled, each in one turn; at the end of the event loop's turn one flush carries out what all groups want, with
 * one hand-over a destination and one write for all.
 */
export class RaftNode {
  readonly id: NodeId
  readonly client: ClientTransport
  #settings: RaftSettings
  readonly #options: RaftNodeOptions
  readonly #transport: Transport
  readonly #timers: Timers
  readonly #bootstrapper: Bootstrapper
  readonly #repairer: Repairer
  readonly #outbox = new Outbox()
  readonly #hosted = new Map<GroupId, HostedServer>()
  readonly #writes: Writes
  #awake = new Set<HostedServer>()
  #isFlushDue = false
  #isFlushing = false
  #isClosing = false
  #isClosed = false

  /** @throws TypeError for a bad id, RangeError for settings that do not fit together. */
  constructor(options: RaftNodeOptions) {
    assertName('node id', options.id)
    this.#options = options
    this.id = options.id
    this.#settings = resolveSettings(options.settings)
    this.#timers = new Timers(options.clock)
    this.#writes = new Writes(options.store, options.clock)
    this.client = options.network.client()
    this.#transport = options.network.join(options.id)
    this.#bootstrapper = new Bootstrapper({
      id: this.id,
      store: options.store,
      random: options.random,
      clock: options.clock,
      timers: this.#timers,
      writes: this.#writes,
      hosted: (group) => this.#hosted.get(group),
      send: (to, packet) => this.#transport.send(to, [packet]),
    })
    this.#repairer = new Repairer({
      id: this.id,
      store: options.store,
      timers: this.#timers,
      writes: this.#writes,
      hosted: (group) => this.#hosted.get(group),
      send: (to, packet) => this.#transport.send(to, [packet]),
    })
    this.#transport.open({
      received: (from, packet) => this.#receive(from, packet),
      connected: () => this.#reconnect(),
      disconnected: () => {},
    })
    this.#tickHeartbeats()
  }

  /** The largest entry that every way out of this node can carry, in bytes. */
  get maxEntryBytes(): number {
    return Math.min(this.#transport.maxEntryBytes, this.client.maxEntryBytes)
  }

  get settings(): RaftSettings {
    return this.#settings
  }

  /**
   * Changes settings while the node runs, for all its groups, from the next turn on; those that are not named stay.
   * @throws RangeError naming a setting that cannot change so, or values that do not fit together. Nothing has changed then.
   */
  reconfigure(changes: Partial<RaftSettings>): void {
    this.#settings = reloadSettings(this.#settings, changes)
    for (const { server } of this.#hosted.values()) server.reconfigure(this.#settings)
  }

  /** Calls back once no write of the group is under way: a server must not start from what is not flushed yet. */
  whenQuiet(group: GroupId, callback: () => void): void {
    this.#writes.whenQuiet(group, callback)
  }

  /**
   * Makes a log whole that its store cannot read any more in places, with entries of the other servers: before `open`, which refuses
   * such a log. Asks for up to `timeoutMs`. `done` is called once, in a later turn in which no write of the group is under way, with
   * a DamagedLogError if it could not be.
   * @throws TypeError for a bad name, LogClosedError on a closed node, ServerStoppedError when the store has failed.
   */
  repair(group: GroupId, timeoutMs: number, done: RepairDone): void {
    assertName('group', group)
    this.#assertUsable(group)
    this.#writes.whenQuiet(group, () => {
      // It may have been closed, or its store have failed, since it was asked.
      const refusal = this.#unusableFor(group)
      if (refusal === undefined) this.#repairer.repair(group, timeoutMs, done)
      else done(refusal)
    })
  }

  /**
   * Starts this node's server of a group, from what the store holds of it.
   * @throws TypeError for a bad name, RangeError for a bad policy or bad versions, ServerStoppedError when the store has failed or cannot read all of the log, Error when the group is open already
   * or was closed with a write under way that has not ended yet: see `whenQuiet`.
   */
  open(group: GroupId, { stateMachine, compaction = {}, onStatus }: OpenGroupOptions): HostedServer {
    assertName('group', group)
    assertCompactionPolicy(compaction)
    assertCompactable(group, stateMachine, compaction)
    if (stateMachine.versions !== undefined) assertMachineVersions(stateMachine.versions)
    this.#assertUsable(group)
    if (this.#hosted.has(group)) throw new Error(`group ${group} is open on node ${this.id} already`)
    if (!this.#writes.isQuiet(group)) throw new Error(`group ${group} has a write under way; open it when that is over`)
    const { store, clock, random, inspect } = this.#options
    assertWhole(group, store)
    const server = new RaftServer({
      id: this.id,
      group,
      store: store.identity,
      settings: this.settings,
      machineVersions: stateMachine.versions,
      recovered: store.recover(group),
      surroundings: { now: () => clock.now(), wallTime: () => clock.wallTime(), chance: () => random.next() },
      clock: this.#timers,
      onElapsed: () => this.#wake(hosted),
      inspect,
    })
    const hosted: HostedServer = new HostedServer({
      server,
      store,
      client: this.client,
      stateMachine,
      compaction,
      onStatus: onStatus ?? (() => {}),
      maxEntryBytes: () => this.maxEntryBytes,
      wake: (woken) => this.#wake(woken),
      now: () => clock.now(),
      afterPoll: (callback) => clock.afterPoll(callback),
      onHeardUnknown: (from) => this.#bootstrapper.askStanding(group, from),
      timers: this.#timers,
      say: (to, message) => this.#bootstrapper.say(group, to, message),
    })
    this.#hosted.set(group, hosted)
    hosted.input((started) => started.start())
    return hosted
  }

  /** Ends this node's part in one group; the others go on. */
  close(group: GroupId): void {
    const hosted = this.#hosted.get(group)
    if (hosted === undefined) return
    this.#hosted.delete(group)
    hosted.stop()
    // Within a flush the next one is due already.
    if (!this.#isFlushing) this.#flush()
  }

  /**
   * Gives birth to a group. `done` is called once.
   * @throws RangeError for what can be no group, LogClosedError on a closed node, ServerStoppedError when the store has failed.
   */
  bootstrap(group: GroupId, request: BirthRequest, done: BootstrapDone): void {
    this.#assertUsable(group)
    this.#bootstrapper.bootstrap(group, request, done)
  }

  /** Ends everything. The store is closed when its last write is flushed. */
  closeNode(done: (failure: StoreFailure | undefined) => void): void {
    if (this.#isClosing) return
    this.#isClosing = true
    for (const hosted of this.#hosted.values()) hosted.stop()
    this.#afterFlush(() => {
      this.#flush()
      this.#isClosed = true
      this.#hosted.clear()
      this.#bootstrapper.close()
      this.#repairer.close()
      this.#timers.close()
      this.client.close(() => this.#transport.close(() => this.#options.store.close(done)))
    })
  }

  #assertUsable(group: GroupId): void {
    const refusal = this.#unusableFor(group)
    if (refusal !== undefined) throw refusal
  }

  #unusableFor(group: GroupId): Error | undefined {
    if (this.#isClosing) return new LogClosedError(group)
    const { failure } = this.#writes
    return failure && new ServerStoppedError(group, failure.error.message, { cause: failure.error })
  }

  #receive(from: NodeId, packet: Packet): void {
    if (this.#isClosed) return
    for (const message of packet.messages) {
      if (isBootstrapMessage(message)) this.#bootstrapper.receive(from, packet, message)
      else if (isRepairMessage(message)) this.#repairer.receive(from, packet, message)
    }
    this.#hosted.get(packet.group)?.receive(from, packet)
  }

  #reconnect(): void {
    for (const hosted of this.#hosted.values()) {
      hosted.input((server) => server.handle({ type: 'connection.restored' }))
    }
  }

  /** One tick for all groups: their heartbeats leave together, a message to each node. */
  #tickHeartbeats(): void {
    this.#timers.setTimeout(() => {
      this.#tickHeartbeats()
      for (const hosted of this.#hosted.values()) {
        if (hosted.server.role === 'leader') hosted.input((server) => server.handle({ type: 'heartbeatTick.elapsed' }))
      }
    }, this.settings.heartbeatIntervalMs / 2)
  }

  #wake(hosted: HostedServer): void {
    this.#awake.add(hosted)
    if (this.#isFlushDue || this.#isClosed) return
    this.#isFlushDue = true
    this.#options.clock.soon(() => this.#flush())
  }

  /** First everything is handed over that must not get lost, then all are told: they may do anything, close included. */
  #flush(): void {
    this.#isFlushDue = false
    this.#isFlushing = true
    const awake = this.#awake
    this.#awake = new Set()
    try {
      this.#handOver(awake)
      for (const hosted of awake) hosted.tell()
    } finally {
      this.#isFlushing = false
    }
  }

  #handOver(awake: ReadonlySet<HostedServer>): void {
    const batch: GroupWrite[] = []
    const written: { hosted: HostedServer; id: WriteId }[] = []
    for (const hosted of awake) {
      const write = hosted.collect(this.#outbox)
      if (write === undefined) continue
      this.#writes.begin(hosted.server.group)
      batch.push({ group: hosted.server.group, ...write })
      written.push({ hosted, id: write.id })
    }
    if (batch.length > 0) this.#writes.handOver(batch, (failure) => this.#noteWritten(written, failure))
    this.#outbox.sendAll(this.#transport)
  }

  #afterFlush(callback: () => void): void {
    if (this.#isFlushing) this.#options.clock.soon(() => this.#afterFlush(callback))
    else callback()
  }

  #noteWritten(written: readonly { hosted: HostedServer; id: WriteId }[], failure: StoreFailure | undefined): void {
    for (const { hosted, id } of written) {
      hosted.input((server) => {
        if (failure === undefined) server.writeCompleted(id)
        else server.fail(new ServerStoppedError(server.group, failure.error.message, { cause: failure.error }))
      })
    }
  }
}

function assertCompactable(
  group: GroupId,
  stateMachine: StateMachine,
  { afterEntries, afterBytes }: CompactionPolicy,
): void {
  if (afterEntries === undefined && afterBytes === undefined) return
  if (stateMachine.snapshot !== undefined && stateMachine.restore !== undefined) return
  throw new TypeError(
    `group ${group} is to be compacted, and its state machine has no snapshot or no restore: give it both, or no compaction`,
  )
}
