import {
  RaftNode,
  type Clock,
  type GroupId,
  type GroupUuid,
  type Inspect,
  type Network,
  type NodeId,
  type RaftSettings,
  type Random,
  type Store,
} from '@quorate/core'
import { assertDuration } from './duration.ts'
import { ReplicatedLog, type OpenLogOptions } from './replicatedLog.ts'
import { systemClock, systemRandom } from './systemPorts.ts'

export interface NodeOptions {
  /** The node's name, its own for good: letters, digits, `-` and `_`. */
  readonly id: NodeId
  /** What it meets the others over: `memoryNetwork()`, or `natsNetwork(connection)` of `@quorate/nats`. */
  readonly network: Network
  /** Where it keeps what it promises: `memoryStore()`, or what `openDiskStore` of `@quorate/disk` gives. */
  readonly store: Store
  readonly settings?: Partial<RaftSettings>
  /** XState inspection of every group's statecharts on this node. */
  readonly inspect?: Inspect
  /** The process's own, unless a simulation brings others. */
  readonly clock?: Clock
  readonly random?: Random
}

export interface BootstrapOptions {
  /** How long the other nodes may take to answer. 10,000 by default. */
  readonly timeoutMs?: number
  /**
   * The version of its state machine by which the group begins: 1 by default. A server whose state machine cannot run it stops as
   * soon as it would apply the first entry.
   */
  readonly machineVersion?: number
}

/** A process's part in any number of groups. */
export class QuorateNode {
  readonly #node: RaftNode
  readonly #store: Store
  /** Those that are open: what was closed must not be held. */
  readonly #logs = new Set<ReplicatedLog>()
  #closing: Promise<void> | undefined

  /** @internal Use `openNode`. */
  constructor(node: RaftNode, store: Store) {
    this.#node = node
    this.#store = store
  }

  get id(): NodeId {
    return this.#node.id
  }

  /** How the servers of this node behave. */
  get settings(): RaftSettings {
    return this.#node.settings
  }

  /**
   * Changes settings while the node runs: amounts and times, for all its groups. Those that are not named stay.
   * @throws RangeError naming a setting that cannot change so, or values that do not fit together. Nothing has changed then.
   */
  reconfigure(changes: Partial<RaftSettings>): void {
    this.#node.reconfigure(changes)
  }

  /**
   * Gives birth to a group whose servers are on `nodes`, this one among them: once in its life, on one node, while all of
   * them run. Answers the group's UUID.
   * @throws AlreadyBootstrappedError, BootstrapIncompleteError, RangeError for a `timeoutMs` that cannot be waited, or a
   * `machineVersion` that is none.
   */
  async bootstrap(
    group: GroupId,
    nodes: readonly NodeId[],
    { timeoutMs = 10_000, machineVersion }: BootstrapOptions = {},
  ): Promise<GroupUuid> {
    assertDuration('timeoutMs', timeoutMs)
    return new Promise((resolve, reject) => {
      this.#node.bootstrap(group, { nodes, timeoutMs, machineVersion }, (error, groupUuid) => {
        if (groupUuid !== undefined && error === undefined) resolve(groupUuid)
        else reject(error)
      })
    })
  }

  /**
   * Starts this node's server of a group. On a store that holds nothing of it yet, waits for the group's birth or its leader.
   * @throws NotBootstrappedError when neither came in time, StoreReplacedError, WrongGroupError; RangeError for a policy of
   * compaction, or versions of the state machine, that cannot be meant, TypeError for a policy that the state machine cannot keep.
   */
  async openLog(group: GroupId, options: OpenLogOptions = {}): Promise<ReplicatedLog> {
    for (const option of ['joinTimeoutMs', 'repairTimeoutMs'] as const) {
      if (options[option] !== undefined) assertDuration(option, options[option])
    }
    // A log that was closed a moment ago may still be writing.
    await new Promise<void>((resolve) => this.#node.whenQuiet(group, resolve))
    await this.#repair(group, options)
    const log: ReplicatedLog = new ReplicatedLog(this.#node, group, this.#store, options, () => this.#logs.delete(log))
    this.#logs.add(log)
    await log.joined(options)
    return log
  }

  /** Ends all groups on this node and lets go of store and network. A connection that was given stays open. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What the store cannot read any more of the log comes from the other servers, before this one takes part. */
  #repair(group: GroupId, { repairTimeoutMs = 60_000 }: OpenLogOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#node.repair(group, repairTimeoutMs, (error) => (error === undefined ? resolve() : reject(error)))
    })
  }

  async #closeAll(): Promise<void> {
    for (const log of this.#logs) log.end()
    await new Promise<void>((resolve, reject) => {
      this.#node.closeNode((failure) => (failure === undefined ? resolve() : reject(failure.error)))
    })
  }
}

/**
 * Opens a node.
 * @throws TypeError for a bad id, RangeError for settings that do not fit together.
 */
export async function openNode({
  clock = systemClock,
  random = systemRandom,
  ...options
}: NodeOptions): Promise<QuorateNode> {
  return new QuorateNode(new RaftNode({ ...options, clock, random }), options.store)
}
