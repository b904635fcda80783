import type { Command, Entry } from '../entry.ts'
import { LogCompactedError, toError } from '../errors.ts'
import type { GroupUuid, Index, LogPosition, NodeId, ServerId, StoreIdentity } from '../identifiers.ts'
import {
  isBootstrapMessage,
  isRepairMessage,
  type BootstrapMessage,
  type BootstrapStanding,
  type Packet,
  type RepairAbsent,
  type RepairEntry,
} from '../messages.ts'
import type { ClientTransport, StateMachine, Store } from '../ports.ts'
import type { AppendOrder } from '../state/pendingAppends.ts'
import type { Durability } from '../state/durability.ts'
import { noOutputs, type Answer, type Outputs, type Read, type Write } from '../state/outputs.ts'
import type { AppendOutcome } from '../state/pendingAppends.ts'
import type { ReadOrder, ReadOutcome } from '../state/readRounds.ts'
import { isRecognised } from '../rules/configurations.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import type { TransferOutcome } from '../state/transfer.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import { Admission, type DroppedPackets } from './admission.ts'
import { Applier, type EntriesDone } from './applier.ts'
import { ClientDesk } from './clientDesk.ts'
import type { CompactionPolicy } from './compactionPolicy.ts'
import { MembershipDesk, type MembershipRequest, type MembershipSettled } from './membershipDesk.ts'
import type { Outbox, Sender } from './outbox.ts'
import { SnapshotDesk } from './snapshotDesk.ts'
import type { SnapshotSettled } from './snapshotTaker.ts'
import type { Timers } from './timers.ts'
import { stalenessOf, type Staleness } from './staleness.ts'
import { isSameStatus, statusOf, type ServerStatus } from './status.ts'

type Settled = (outcome: Answer['outcome']) => void

/** Tells the caller of an append how it ended. Called once. */
export type AppendSettled = (outcome: AppendOutcome) => void

/** Tells who wants to read how far it must have applied. Called once. */
export type ReadSettled = (outcome: ReadOutcome) => void

/** Tells the caller of a transfer how it ended. Called once. */
export type TransferSettled = (outcome: TransferOutcome) => void

export interface HostedServerOptions {
  readonly server: RaftServer
  readonly store: Store
  readonly client: ClientTransport
  readonly stateMachine: StateMachine
  readonly compaction: CompactionPolicy
  readonly onStatus: (status: ServerStatus) => void
  /** The largest entry that this node can pass on, in bytes. */
  readonly maxEntryBytes: () => number
  /** Asks the node for a flush at the end of this turn. */
  readonly wake: (hosted: HostedServer) => void
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Calls back when the event loop has looked at its sockets once more. */
  readonly afterPoll: (callback: () => void) => void
  /** The server has heard from `from` and does not know whether the group knows it, by its store. */
  readonly onHeardUnknown: (from: NodeId) => void
  readonly timers: Timers
  /** Speaks to another node of what stands outside the log. */
  readonly say: (to: NodeId, message: BootstrapMessage) => void
}

/**
 * One server in its node: performs what the server's outputs order, and feeds the outcomes back. Every method that gives
 * the server an input ends by asking for a flush; all orders are carried out there, in two steps: what must not get lost
 * is collected first, and only when it is handed over is anybody told.
 */
export class HostedServer {
  readonly server: RaftServer
  readonly #options: HostedServerOptions
  readonly #admission: Admission
  readonly #applier: Applier
  readonly #snapshots: SnapshotDesk
  readonly #desk: ClientDesk
  readonly #membership: MembershipDesk
  #status: ServerStatus
  #sender: Sender
  #orders: AppendOrder[] = []
  #questions: ReadOrder[] = []
  #announcedCommit: Index = 0
  /** Collected, and not told yet. */
  #untold: Outputs = noOutputs()
  #awaited: { readonly isReached: (durability: Durability) => boolean; readonly callback: () => void }[] = []

  constructor(options: HostedServerOptions) {
    const { server, store, client, stateMachine, compaction, maxEntryBytes, now, onHeardUnknown } = options
    this.#options = options
    this.server = server
    this.#status = statusOf(server)
    this.#sender = this.#describeSender()
    const fail = (error: Error): void => this.#fail(error)
    this.#admission = new Admission({ server, now, fail, onHeardUnknown })
    const input = (give: (input: RaftServer) => void): void => this.input(give)
    const wake = (): void => options.wake(this)
    this.#snapshots = new SnapshotDesk({
      server,
      store,
      stateMachine,
      policy: compaction,
      maxMessageBytes: maxEntryBytes,
      fail,
      input,
      wake,
      whenNextWritten: (callback) => this.#whenNextWritten(callback),
    })
    this.#applier = new Applier({
      server,
      store,
      stateMachine,
      taker: this.#snapshots.taker,
      readStore: (after, upTo, maxBytes, done) => this.#readStore(after, upTo, maxBytes, done),
      fail,
      onApplied: wake,
    })
    this.#desk = new ClientDesk({
      server,
      client,
      maxEntryBytes,
      order: (order) => this.#order(order),
      ask: (order) => this.#ask(order),
      read: (after, maxBytes, done) => this.read(after, maxBytes, done),
    })
    const { timers, say } = options
    this.#membership = new MembershipDesk({ server, timers, say, input })
  }

  get status(): ServerStatus {
    return statusOf(this.server, this.#snapshots.taker.failure)
  }

  /** How far what is applied here may be behind. */
  get staleness(): Staleness {
    return stalenessOf(this.server, this.#options.now())
  }

  get dropped(): DroppedPackets {
    return this.#admission.dropped
  }

  /** Takes commands, if this server leads; otherwise `settled` says who does. */
  append(commands: readonly Command[], settled: AppendSettled): void {
    this.#order({ token: settled, term: this.server.state.currentTerm, commands })
  }

  /**
   * How far must be applied to see all that is committed now (thesis §6.4)? `settled` is called once; with `mayLease`, a
   * lease of the leader's may answer.
   */
  readIndex(mayLease: boolean, settled: ReadSettled): void {
    this.#ask({ token: settled, mayLease })
  }

  /** Another server is to lead: `to`, or whoever is best. `settled` is called once: see `TransferOutcome`. */
  transferLeadership(to: ServerId | undefined, settled: TransferSettled): void {
    this.input((server) => server.transferLeadership(to, settled))
  }

  /**
   * The group is to have these members (§6). `settled` is called once, when all of it is done or when it is known that
   * this server can do no more.
   * @throws TypeError for what is no name, RangeError for servers that make no group.
   */
  changeMembership(request: MembershipRequest, settled: MembershipSettled): void {
    this.#membership.change(request, settled)
  }

  /**
   * A snapshot of the state machine is to stand for the log's beginning (§7), all but the last `trailingEntries`, or as many
   * as the policy says. `settled` is called once.
   * @throws RangeError for what is no number of entries.
   */
  takeSnapshot(trailingEntries: number | undefined, settled: SnapshotSettled): void {
    this.#snapshots.order(trailingEntries, settled)
  }

  /** Another node has said which store it has, and by which it knows this one. */
  noteStanding(from: NodeId, store: StoreIdentity, standing: BootstrapStanding): void {
    this.#membership.noteStanding(from, store, standing)
    if (!isKnown(this.server.state)) this.#admission.noteKnownStore(standing.knownStore)
  }

  /**
   * Committed and applied entries behind `after`, from memory or from the store; `LogCompactedError` where the next of them is
   * in neither.
   */
  read(after: Index, maxBytes: number, done: EntriesDone): void {
    const { group, state } = this.server
    const upTo = state.lastApplied
    const compacted = (): LogCompactedError | undefined => {
      const startsAfter = state.log.startsAfter.index
      return after < startsAfter ? new LogCompactedError(group, after + 1, startsAfter + 1) : undefined
    }
    const cached = after < upTo ? state.log.cached(after, upTo, maxBytes) : []
    if (after < upTo && compacted() !== undefined) done(compacted(), [])
    else if (cached !== undefined) done(undefined, cached)
    else {
      this.#readStore(after, upTo, maxBytes, (error, entries) => {
        done(error ?? (entries.length === 0 ? compacted() : undefined), entries)
      })
    }
  }

  /** An entry for a log that lacks it, or why there is none. Nothing comes back for another group, or when the store fails. */
  readForRepair(groupUuid: GroupUuid, wanted: LogPosition, done: (answer: RepairEntry | RepairAbsent) => void): void {
    const { state } = this.server
    const { log, commitIndex } = state
    if (configurationOf(state)?.groupUuid !== groupUuid) return
    const [after, upTo] = [wanted.index - 1, wanted.index]
    const absent = (): void => {
      const committedTerm = upTo <= commitIndex ? log.termAt(upTo) : undefined
      done({ type: 'repair.absent', wanted, committedTerm, startsAfter: log.startsAfter.index })
    }
    if (upTo <= log.startsAfter.index || !log.holds(wanted)) {
      absent()
      return
    }
    const give = (entry: Entry | undefined): void => {
      if (entry?.term === wanted.term) done({ type: 'repair.entry', entry })
    }
    const cached = log.cached(after, upTo, Infinity)
    if (cached !== undefined) give(cached[0])
    else this.#readStore(after, upTo, Infinity, (_error, entries) => give(entries[0]))
  }

  /** A packet from another node. */
  receive(from: NodeId, packet: Packet): void {
    if (!this.#admission.admits(from, packet)) return
    for (const message of packet.messages) {
      if (!isBootstrapMessage(message) && !isRepairMessage(message)) this.server.receive(from, message)
    }
    this.#options.wake(this)
  }

  /** Runs one input of the server's and asks for a flush. */
  input(give: (server: RaftServer) => void): void {
    give(this.server)
    this.#options.wake(this)
  }

  /** Calls back when the log is durable up to `index`. */
  whenDurable(index: Index, callback: () => void): void {
    this.#awaited.push({ isReached: ({ durableIndex }) => index <= durableIndex, callback })
    this.#options.wake(this)
  }

  /** Calls back when the write that is handed out next is flushed. */
  #whenNextWritten(callback: () => void): void {
    const id = this.server.state.durability.lastWriteId + 1
    this.#awaited.push({ isReached: ({ durableWriteId }) => id <= durableWriteId, callback })
  }

  stop(): void {
    this.#membership.close()
    this.input((server) => server.stop())
  }

  /**
   * The first step of a flush: gives the server what has been waiting for it, and takes what must not get lost. Entries
   * are applied here, so that their callers are answered in this same flush.
   */
  collect(outbox: Outbox): Write | undefined {
    this.#giveOrders()
    this.#applier.applyNext()
    const outputs = this.server.takeOutputs()
    if (configurationOf(this.server.state)?.groupUuid !== this.#sender.groupUuid) this.#sender = this.#describeSender()
    for (const { to, message } of outputs.messages) outbox.add(to, this.#sender, message)
    this.#untold = outputs
    return outputs.write
  }

  /** The second step: tells all who wait. What they throw stops this group, and no other of the node. */
  tell(): void {
    const { reads, snapshotReads, intakeSteps, answers, pollWanted } = this.#untold
    this.#untold = noOutputs()
    if (pollWanted) this.#options.afterPoll(() => this.input((server) => server.handle({ type: 'poll.completed' })))
    for (const read of reads) this.#readFor(read)
    this.#guard(() => this.#snapshots.carryOut(snapshotReads, intakeSteps))
    for (const { token, outcome } of answers) this.#guard(() => (token as Settled)(outcome))
    this.#guard(() => this.#tellDurable())
    this.#guard(() => this.#tellStatus())
    this.#guard(() => this.#snapshots.taker.tell())
  }

  #ask(order: ReadOrder): void {
    this.#questions.push(order)
    this.#options.wake(this)
  }

  #order(order: AppendOrder): void {
    this.#orders.push(order)
    this.#options.wake(this)
  }

  /** All appends of a turn together are one event, one message to each follower and one write. */
  #giveOrders(): void {
    if (this.#orders.length > 0) this.server.append(this.#orders.splice(0))
    if (this.#questions.length > 0) this.server.read(this.#questions.splice(0))
    // Behind the appends: where entries go out, they tell the commit index with them.
    if (this.#announcedCommit < this.server.state.commitIndex && this.server.role === 'leader') {
      this.#announcedCommit = this.server.state.commitIndex
      this.server.handle({ type: 'commitIndex.advanced' })
    }
  }

  #readFor({ for: peer, session, after, upTo, maxBytes }: Read): void {
    this.#readStore(after, upTo, maxBytes, (error, entries) => {
      if (error !== undefined) return
      this.input((server) => server.handle({ type: 'entries.read', for: peer, session, entries }))
    })
  }

  #readStore(after: Index, upTo: Index, maxBytes: number, done: EntriesDone): void {
    // A store that throws must not take along what the flush has in hand of other groups.
    this.#guard(() =>
      this.#options.store.read(this.server.group, { after, upTo, maxBytes }, (failure, entries) => {
        if (failure !== undefined) this.#fail(failure.error)
        done(failure?.error, entries)
      }),
    )
  }

  #tellDurable(): void {
    if (this.#awaited.length === 0) return
    const { durability } = this.server.state
    const reached = this.#awaited.filter(({ isReached }) => isReached(durability))
    this.#awaited = this.#awaited.filter((awaited) => !reached.includes(awaited))
    for (const { callback } of reached) callback()
  }

  #tellStatus(): void {
    const { status } = this
    if (isSameStatus(status, this.#status)) return
    const former = this.#status
    this.#status = status
    if (status.leaderId !== undefined) this.#admission.noteLeader()
    // What is committed and not announced yet needs one more look, when this turn's appends are out.
    if (status.role === 'leader' && status.commitIndex > this.#announcedCommit) this.#options.wake(this)
    const leadsAnew = status.role === 'leader' && status.term !== former.term
    if (status.role !== former.role || leadsAnew) this.#desk.follow(status)
    this.#options.onStatus(status)
  }

  #describeSender(): Sender {
    const { group, state } = this.server
    return { group, groupUuid: configurationOf(state)?.groupUuid, store: state.store }
  }

  #fail(error: Error): void {
    this.input((server) => server.fail(error))
  }

  #guard(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#fail(toError(error))
    }
  }
}

/** Whether its log says that the group knows it by its store. */
function isKnown(state: RaftState): boolean {
  return configurationOf(state) !== undefined && isRecognised(state)
}
