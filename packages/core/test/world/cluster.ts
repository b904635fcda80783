import {
  RaftNode,
  firstEntry,
  type AppendOutcome,
  type CompactionPolicy,
  type Entry,
  type HostedServer,
  type Index,
  type Inspect,
  type MachineVersions,
  type NodeId,
  type RaftSettings,
  type RaftState,
  type ServerStatus,
  type SnapshotSource,
  type StateMachine,
} from '@quorate/core'
import { TestClock } from './testClock.ts'
import { TestNetwork } from './testNetwork.ts'
import { TestRandom } from './testRandom.ts'
import { TestDisk, TestStore } from './testStore.ts'

export const GROUP = 'orders'

/** An append and how it ended. */
export interface Appended {
  readonly text: string
  readonly by: NodeId
  readonly outcomes: AppendOutcome[]
}

export interface ClusterOptions {
  readonly settings?: Partial<RaftSettings>
  readonly seed?: number
  readonly inspect?: Inspect
  readonly compaction?: CompactionPolicy
  /** What the code of all nodes can run at first, and what the group begins with. */
  readonly versions?: MachineVersions
  readonly machineVersion?: number
  /** Only the first so many are members of the group. */
  readonly members?: number
  /** Nobody bootstraps the group. */
  readonly isUnborn?: boolean
  /** As `Cluster.draws`, from the start. */
  readonly draws?: Readonly<Record<NodeId, number>>
}

/** One node of a cluster, over all its processes. */
export interface ClusterNode {
  readonly id: NodeId
  disk: TestDisk
  store: TestStore
  raft: RaftNode
  /** Undefined while the process is down. */
  server: HostedServer | undefined
  /** What the code of its next process can run; undefined: the first version alone, and it does not say so. */
  versions: MachineVersions | undefined
  /** Applied by this process, in order. */
  applied: Entry[]
  /** By which version, of the entry of each index. */
  appliedBy: Map<Index, number>
  /** By which version its state was restored last. */
  restoredBy: number | undefined
  /** What the state machine holds: the texts of all commands. */
  texts: string[]
  /** How often this process put a snapshot in the place of its state. */
  restores: number
  /** What the state machine gives instead of a snapshot, or of taking one. */
  snapshotFails: Error | undefined
  /** Snapshots that are being read from the state machine, piece by piece, wait for this to be called. */
  pieceDone: (() => void) | undefined
  isPieceHeld: boolean
  /** The state machine puts its answer off until this is called. */
  applyDone: (() => void) | undefined
  isApplyHeld: boolean
  statuses: ServerStatus[]
}

/** Nodes of one group in a world that is all in the hands of the test. */
export class Cluster {
  readonly clock = new TestClock()
  readonly network = new TestNetwork(this.clock)
  readonly random: TestRandom
  readonly ids: readonly NodeId[]
  readonly nodes = new Map<NodeId, ClusterNode>()
  readonly appends: Appended[] = []
  /** The next election timeouts of these nodes: 0 is the shortest, almost 1 the longest. */
  readonly draws = new Map<NodeId, number>()
  /** Looks at the world while time passes. */
  afterEvent: () => void = () => {}
  readonly #options: ClusterOptions

  constructor(size: number, options: ClusterOptions) {
    this.#options = options
    this.random = new TestRandom(options.seed ?? 1)
    for (const [id, draw] of Object.entries(options.draws ?? {})) this.draws.set(id, draw)
    this.ids = Array.from({ length: size }, (_, place) => `n${place + 1}`)
    const disks = this.ids.map((id) => new TestDisk(`store-of-${id}`))
    if (options.isUnborn !== true) {
      const members = this.ids.slice(0, options.members ?? size)
      const stores = new Map(members.map((id, place) => [id, disks[place]!.identity]))
      const entry = firstEntry('the-group', stores, this.clock.wallTime(), options.machineVersion)
      for (const disk of disks.slice(0, members.length)) {
        const hardState = { currentTerm: entry.term, votedFor: undefined }
        disk.flush({ group: GROUP, hardState, truncateAfter: undefined, snapshot: undefined, entries: [entry] })
      }
    }
    for (const [place, id] of this.ids.entries()) this.#start(id, disks[place]!)
    this.clock.finishTurn()
  }

  node(id: NodeId): ClusterNode {
    return this.nodes.get(id)!
  }

  server(id: NodeId): HostedServer {
    const { server } = this.node(id)
    if (server === undefined) throw new Error(`${id} is down`)
    return server
  }

  state(id: NodeId): RaftState {
    return this.server(id).server.state
  }

  status(id: NodeId): ServerStatus {
    return this.server(id).status
  }

  get up(): ClusterNode[] {
    return [...this.nodes.values()].filter(({ server }) => server !== undefined)
  }

  /** Who leads the latest term. */
  get leader(): NodeId | undefined {
    let leader: ServerStatus | undefined
    for (const { server } of this.nodes.values()) {
      const status = server?.status
      if (status?.role === 'leader' && status.term > (leader?.term ?? 0)) leader = status
    }
    return leader?.id
  }

  /** Lets time pass until `id`, or anyone, leads and has committed in its term. Nobody else is heard meanwhile. */
  electLeader(id?: NodeId): NodeId {
    const isReady = (): boolean => {
      const { leader } = this
      if (leader === undefined || (id !== undefined && leader !== id)) return false
      const state = this.state(leader)
      return state.log.termAt(state.commitIndex) === state.currentTerm
    }
    const { loses } = this.network
    if (id !== undefined) {
      this.network.loses = (letter) =>
        loses(letter) ||
        (letter.from !== id &&
          letter.packet.messages.some(({ type }) => type === 'requestVote' || type === 'appendEntries'))
    }
    this.run(10_000, isReady)
    this.network.loses = loses
    if (!isReady()) throw new Error(`no leader after ten seconds: ${this.describe()}`)
    return this.leader!
  }

  run(durationMs: number, until: () => boolean = () => false): void {
    this.clock.run(durationMs, () => {
      this.afterEvent()
      return until()
    })
  }

  /** Lets time pass until all that are up hold and have applied the same. */
  settle(withinMs: number = 10_000): void {
    const isSettled = (): boolean => {
      const { leader, up } = this
      if (leader === undefined) return false
      const { lastIndex, term } = this.status(leader)
      return up.every(({ server }) => {
        const { status } = server!
        return status.term === term && status.lastIndex === lastIndex && status.lastApplied === lastIndex
      })
    }
    this.clock.finishTurn()
    this.run(withinMs, isSettled)
    if (!isSettled()) throw new Error(`not settled after ${withinMs} ms: ${this.describe()}`)
    this.clock.finishTurn()
  }

  append(id: NodeId, ...texts: readonly string[]): Appended {
    const appended: Appended = { text: texts.join(' '), by: id, outcomes: [] }
    this.appends.push(appended)
    const commands = texts.map((text) => ({ data: new TextEncoder().encode(text) }))
    this.server(id).append(commands, (outcome) => appended.outcomes.push(outcome))
    return appended
  }

  partition(...ids: readonly NodeId[]): void {
    this.network.partition(...ids)
  }

  heal(): void {
    this.network.heal()
  }

  /** Only what was flushed, and `flushed` writes of which nobody was told, is there when it starts again. */
  crash(id: NodeId, flushed: number = 0): void {
    const node = this.node(id)
    node.server?.server.stop()
    node.server = undefined
    node.store.crash(flushed)
    this.network.cut(id)
    node.raft.closeNode(() => {})
  }

  restart(id: NodeId): void {
    this.#start(id, this.node(id).disk)
  }

  /** The disk is lost: the node comes back with a blank one. */
  wipe(id: NodeId): void {
    this.node(id).disk = new TestDisk(`new-store-of-${id}`)
  }

  /** The log in memory, as terms: `1 2 2 3`. */
  terms(id: NodeId): string {
    const { log } = this.state(id)
    return Array.from({ length: log.lastIndex }, (_, place) => log.termAt(place + 1)).join(' ')
  }

  /** What the state machine of a node holds. */
  texts(id: NodeId): string[] {
    return this.node(id).texts
  }

  describe(): string {
    return [...this.nodes.values()]
      .map(({ id, server }) => {
        if (server === undefined) return `${id} down`
        const { role, term, lastIndex, commitIndex, lastApplied, failure } = server.status
        return `${id} ${role} term ${term} last ${lastIndex} commit ${commitIndex} applied ${lastApplied} ${failure?.stack ?? ''}`
      })
      .join('; ')
  }

  #start(id: NodeId, disk: TestDisk): void {
    const { settings, inspect, seed = 1 } = this.#options
    const former = this.nodes.get(id)
    const store = new TestStore(disk, this.clock)
    if (former !== undefined) Object.assign(store, { isHeld: former.store.isHeld, latencyMs: former.store.latencyMs })
    const chance = new TestRandom(seed * 1000 + this.random.below(1_000_000))
    const raft = new RaftNode({
      id,
      network: this.network,
      store,
      clock: this.clock,
      random: { next: () => this.draws.get(id) ?? chance.next(), uuid: () => `${id}-${chance.uuid()}` },
      settings,
      inspect,
    })
    const node: ClusterNode = former ?? {
      id,
      disk,
      store,
      raft,
      server: undefined,
      versions: this.#options.versions,
      applied: [],
      appliedBy: new Map(),
      restoredBy: undefined,
      texts: [],
      restores: 0,
      snapshotFails: undefined,
      pieceDone: undefined,
      isPieceHeld: false,
      applyDone: undefined,
      isApplyHeld: false,
      statuses: [],
    }
    const applied: Entry[] = []
    Object.assign(node, { disk, store, raft, applied, appliedBy: new Map(), restoredBy: undefined })
    Object.assign(node, { texts: [], restores: 0, applyDone: undefined, statuses: [] })
    this.nodes.set(id, node)
    if ((store.recover(GROUP)?.damaged ?? []).length === 0) this.open(id)
  }

  /** The node's server starts: with the node, unless its log has to be made whole first. */
  open(id: NodeId): void {
    const node = this.node(id)
    const { compaction } = this.#options
    node.server = node.raft.open(GROUP, {
      stateMachine: stateMachineOf(node),
      compaction,
      onStatus: (status) => node.statuses.push(status),
    })
  }
}

const PIECE_BYTES = 16

/** Holds the texts of all commands; its snapshot is these, a line each. */
function stateMachineOf(node: ClusterNode): StateMachine {
  const { applied, appliedBy } = node
  return {
    ...(node.versions !== undefined && { versions: node.versions }),
    apply: (entries, done, version) => {
      applied.push(...entries)
      for (const { index } of entries) appliedBy.set(index, version)
      for (const entry of entries) if (entry.kind === 'command') node.texts.push(new TextDecoder().decode(entry.data))
      if (node.isApplyHeld) node.applyDone = done
      else done()
    },
    snapshot: () => {
      if (node.snapshotFails !== undefined) throw node.snapshotFails
      return piecesOf(node, new TextEncoder().encode(node.texts.join('\n')))
    },
    restore: (source, done, version) => {
      node.restoredBy = version
      const pieces: Uint8Array[] = []
      const next = (): void =>
        source.read((error, bytes) => {
          if (error !== undefined) done(error)
          else if (bytes !== undefined) {
            pieces.push(new Uint8Array(bytes))
            next()
          } else {
            const text = Buffer.concat(pieces).toString()
            node.texts = text === '' ? [] : text.split('\n')
            node.restores++
            if (node.isApplyHeld) node.applyDone = done
            else done(node.snapshotFails)
          }
        })
      next()
    },
  }
}

function piecesOf(node: ClusterNode, bytes: Uint8Array): SnapshotSource {
  let offset = 0
  return {
    read: (done) => {
      const piece = bytes.subarray(offset, offset + PIECE_BYTES)
      offset += piece.length
      const give = (): void => done(node.snapshotFails, piece.length === 0 ? undefined : piece)
      if (node.isPieceHeld) node.pieceDone = give
      else give()
    },
    close: () => {},
  }
}

export function cluster(size: number, options: ClusterOptions = {}): Cluster {
  return new Cluster(size, options)
}
