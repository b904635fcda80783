import { MachineVersionError } from '@quorate/core'
import type {
  Entry,
  GroupWrite,
  NodeId,
  RaftState,
  ServerStatus,
  SnapshotDescription,
  StoreFailure,
} from '@quorate/core'
import type { Letter } from '../world/simNetwork.ts'
import type { SimNode } from '../world/simNode.ts'
import type { StoreContent } from '../world/storeLedger.ts'
import { ClientChecks } from './clientChecks.ts'
import { CommitChecks } from './commitChecks.ts'
import { ElectionChecks } from './electionChecks.ts'
import { InvariantBroken } from './invariant.ts'
import { LeadershipChecks } from './leadershipChecks.ts'
import { LogChecks } from './logChecks.ts'
import { ReplicationChecks } from './replicationChecks.ts'
import { glimpseOf, type Glimpse, type Sight, isConfiguredAnew } from './sight.ts'
import { SnapshotChecks } from './snapshotChecks.ts'
import { StorageChecks } from './storageChecks.ts'
import { TimerChecks } from './timerChecks.ts'
import { VersionChecks } from './versionChecks.ts'
import { VoteChecks } from './voteChecks.ts'
import type { WorldRecord } from './worldRecord.ts'

/** A machine's digest is compared after so many events of its node. */
const EVENTS_BETWEEN_DIGESTS = 64

/** All invariants of a world: told of everything, and asked for a look at the server after each of its events. */
export class Invariants {
  readonly record: WorldRecord
  readonly votes: VoteChecks
  readonly clients: ClientChecks
  readonly #nodes: ReadonlyMap<NodeId, SimNode>
  readonly #logs: LogChecks
  readonly #versions: VersionChecks
  readonly #commits: CommitChecks
  readonly #snapshots: SnapshotChecks
  readonly #replication: ReplicationChecks
  readonly #storage = new StorageChecks()
  readonly #timers: TimerChecks
  readonly #elections = new ElectionChecks()
  readonly #leadership: LeadershipChecks
  readonly #glimpses = new Map<NodeId, Glimpse>()
  readonly #appliedIndexes = new Map<NodeId, { incarnation: number; index: number }>()
  /** What came in the event that is under way, by node. */
  readonly #received = new Map<NodeId, Letter>()
  #events = 0

  constructor(record: WorldRecord, nodes: ReadonlyMap<NodeId, SimNode>, largestEntryBytes: number, now: () => number) {
    this.record = record
    this.#nodes = nodes
    this.votes = new VoteChecks(this.record)
    this.clients = new ClientChecks(this.record)
    this.#timers = new TimerChecks(now)
    this.#leadership = new LeadershipChecks(nodes, now)
    this.#versions = new VersionChecks(this.record, nodes)
    this.#logs = new LogChecks(this.record, this.#versions)
    this.#commits = new CommitChecks(this.record, nodes)
    this.#snapshots = new SnapshotChecks(this.record)
    this.#replication = new ReplicationChecks(this.record, nodes, largestEntryBytes)
  }

  sent(letter: Letter): void {
    const node = this.#nodes.get(letter.from)
    if (node === undefined) return
    this.votes.sent(node, letter)
    this.#logs.sent(node, letter)
    this.#snapshots.sent(node, letter)
    this.#replication.sent(node, letter)
    this.#storage.sent(node, letter)
    this.#timers.sent(node, letter)
    this.#elections.sent(node, letter)
    this.#leadership.sent(node, letter)
  }

  received(letter: Letter): void {
    // A process that repairs its log has no server that could answer it.
    if (this.#nodes.get(letter.to)?.server !== undefined) this.#received.set(letter.to, letter)
  }

  opened(node: SimNode, found: StoreContent): void {
    if (node.lostFor === 'wipe') return
    this.#logs.opened(node, found)
    this.#snapshots.opened(node, found)
    this.votes.opened(node, found)
  }

  writing(node: SimNode, write: GroupWrite): void {
    this.#storage.writing(node, write)
    this.#leadership.writing(node, write)
    this.#logs.writing(node, write)
    this.#snapshots.writing(node, write)
  }

  /** The ledger has taken the write in. */
  wrote(node: SimNode, write: GroupWrite): void {
    this.#logs.wrote(node, write)
  }

  written(node: SimNode, failure: StoreFailure | undefined): void {
    this.#storage.written(node, failure)
    this.#leadership.written(node, failure)
    if (failure === undefined && node.lostFor === undefined) this.votes.written(node)
  }

  applied(node: SimNode, entry: Entry, result: unknown, machineVersion: number): void {
    this.#versions.applied(node, entry, machineVersion)
    const isFirst = !(entry.index in this.record.results)
    this.#commits.applied(node, entry, result, this.#appliedIndexOf(node))
    if (isFirst) {
      this.clients.applied(entry)
      if (entry.kind === 'configuration') this.record.configurations.push(entry)
    }
    this.#appliedIndexes.set(node.id, { incarnation: node.incarnation, index: entry.index })
  }

  snapshotTaken(node: SimNode, bytes: Uint8Array): void {
    this.#commits.checkMachine(node)
    this.#snapshots.taken(node, bytes)
  }

  restoring(node: SimNode, description: SnapshotDescription): void {
    this.#snapshots.restoring(node, description)
  }

  restored(node: SimNode, description: SnapshotDescription, machineVersion: number): void {
    this.#versions.restored(node, description, machineVersion)
    this.#snapshots.restored(node, description, this.#appliedIndexOf(node))
    this.#appliedIndexes.set(node.id, { incarnation: node.incarnation, index: description.lastIncluded.index })
  }

  /** As it was told: what the machine says of itself is held against it. */
  #appliedIndexOf({ id, incarnation }: SimNode): number {
    const former = this.#appliedIndexes.get(id)
    return former?.incarnation === incarnation ? former.index : 0
  }

  status({ id, machineVersion }: SimNode, { failure }: ServerStatus): void {
    if (failure === undefined) return
    // What a look at an answer has found is thrown within the server that gave it.
    if (failure instanceof InvariantBroken) throw failure
    const isExpected = 'code' in failure && (failure.code === 'SERVER_STOPPED' || failure.code === 'STORE_REPLACED')
    const isOfTheStore = failure.name === 'StorageFailedError'
    const lacksCode = failure instanceof MachineVersionError && failure.version > machineVersion
    if (isExpected || isOfTheStore || lacksCode) return
    // What is no error of ours was thrown by the state machine.
    const invariant = 'code' in failure ? 'coreHolds' : 'machineTakesAll'
    throw new InvariantBroken(invariant, `${id} has stopped: ${failure.message}`, { cause: failure })
  }

  /** Right after an event of the node's process. */
  look(node: SimNode): void {
    const { server } = node
    if (server === undefined) return
    const former = this.#glimpses.get(node.id)
    const letter = this.#received.get(node.id)
    this.#received.delete(node.id)
    const { state, role } = server.server
    const sight: Sight = { node, state, role, before: former?.process === server ? former : undefined, letter }
    if (isConfiguredAnew(sight)) this.#noteInvited(state)
    this.votes.look(sight)
    this.#logs.look(sight)
    this.#commits.look(sight)
    if (role !== 'stopped') this.#replication.look(sight)
    this.#timers.look(sight)
    if (role !== 'stopped') {
      this.#elections.look(sight)
      this.#leadership.look(sight)
    }
    if (++this.#events % EVENTS_BETWEEN_DIGESTS === 0) this.#commits.checkMachine(node)
    this.#glimpses.set(node.id, glimpseOf(server))
  }

  #noteInvited({ configurations }: RaftState): void {
    for (const { id, store } of configurations.at(-1)?.configuration.members ?? []) {
      const node = this.#nodes.get(id)
      if (node?.lostFor === 'wipe' && node.storeIdentity === store) node.noteInvited()
    }
  }

  /** What a server was at the last look. */
  glimpse(id: NodeId): Glimpse | undefined {
    return this.#glimpses.get(id)
  }

  /** Once all is calm and all servers are equal. */
  checkEnd(): void {
    for (const node of this.#nodes.values()) this.#commits.checkMachine(node)
    this.clients.checkAllThere()
    this.#timers.checkEnd()
  }
}
