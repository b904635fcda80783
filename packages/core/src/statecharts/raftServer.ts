import { createActor, type Actor, type ActorOptions, type InspectionEvent, type Observer } from 'xstate'
import type { ConfigurationEntry, Entry } from '../entry.ts'
import type { GroupId, Index, ServerId } from '../identifiers.ts'
import { invariant, InvariantViolation, MachineVersionError } from '../errors.ts'
import { canRun } from '../machineVersions.ts'
import { isAnswer, isOfLeader, type RaftMessage, type RequestVote } from '../messages.ts'
import { abandonAppends, completeApplying, nextToApply, startApplying, type Applying } from '../rules/commitment.ts'
import { adoptSnapshot } from '../rules/compaction.ts'
import { writeFirstEntry } from '../rules/bootstrap.ts'
import { noteRemoval, tellIfRemoved } from '../rules/configurations.ts'
import { completeWrite, takeWrite } from '../rules/durability.ts'
import { isVotingMember } from '../rules/elections.ts'
import { notePieceWritten, noteSpoiled, noteStored } from '../rules/installing.ts'
import { disregards } from '../rules/voting.ts'
import { endKeyedAppends, refuseAppends } from '../rules/appending.ts'
import { hasLearntKeys, noteKeys } from '../rules/idempotency.ts'
import { abandonChange, refuseChange } from '../rules/membership.ts'
import { endReads, hasReaders, refuseReads } from '../rules/reads.ts'
import { followVersion } from '../rules/upgrading.ts'
import { endTransfer, refuseTransfer } from '../rules/transfer.ts'
import type { RaftSettings } from '../settings.ts'
import type { SnapshotDescription, StoredSnapshot } from '../snapshot.ts'
import type { IdempotencyKeys } from '../state/idempotencyKeys.ts'
import type { MembershipOrder } from '../state/membershipChange.ts'
import type { AppendOrder } from '../state/pendingAppends.ts'
import type { ReadOrder } from '../state/readRounds.ts'
import type { WriteId } from '../state/durability.ts'
import { noOutputs, type Outputs, type Write } from '../state/outputs.ts'
import { copyState, startState, type RaftState, type ServerOptions } from '../state/raftState.ts'
import type { Surroundings } from './context.ts'
import { messageReceived, type RoleEvent, type ServerEvent } from './events.ts'
import { serverMachine, type Role } from './server.ts'
import { chartsOf, imageOf, resumeTimeout, type ServerImage } from './serverImage.ts'

/**
 * XState's inspection: an observer or a function that is told of every actor, event and snapshot. Who throws is told no
 * more: to be watched must not break a server.
 */
export type Inspect = Observer<InspectionEvent> | ((event: InspectionEvent) => void)

/** The clock for the charts' `after`. */
export type ChartClock = NonNullable<ActorOptions<typeof serverMachine>['clock']>

/** What a server runs in. */
export interface ServerHost {
  readonly surroundings: Surroundings
  readonly clock: ChartClock
  /** A timeout of the charts has been handled: there may be outputs. */
  readonly onElapsed: () => void
  readonly inspect?: Inspect | undefined
}

export interface RaftServerOptions extends ServerOptions, ServerHost {}

/**
 * One server of a group: its statecharts over its state, and the one door to both. Each method is one turn; it returns
 * when the charts have come to rest, and what they want done waits in `takeOutputs`.
 */
export class RaftServer {
  readonly id: ServerId
  readonly group: GroupId
  /** For reading. Only the rules change it. */
  readonly state: RaftState
  readonly #surroundings: Surroundings
  readonly #actor: Actor<typeof serverMachine>
  /** When the timeout that runs elapses, in monotonic milliseconds. */
  #timeoutAtMs: number | undefined

  /** With an `image`, the server goes on from there: see `putBack`. */
  constructor({ surroundings, clock, onElapsed, inspect, ...options }: RaftServerOptions, image?: ServerImage) {
    this.id = options.id
    this.group = options.group
    this.state = image === undefined ? startState(options) : copyState(image.state)
    this.#surroundings = surroundings
    if (image === undefined) this.state.lastContactMs = this.state.leaderHeardAtMs = surroundings.now()
    const context = { state: this.state, surroundings }
    this.#actor = createActor(serverMachine, {
      id: `${options.group}/${options.id}`,
      input: context,
      clock: {
        setTimeout: (elapsed, delayMs) => {
          this.#timeoutAtMs = surroundings.now() + delayMs
          return clock.setTimeout(() => {
            this.#timeoutAtMs = undefined
            this.#turn(() => elapsed())
            onElapsed()
          }, delayMs)
        },
        clearTimeout: (handle) => {
          this.#timeoutAtMs = undefined
          clock.clearTimeout(handle)
        },
      },
      ...(image === undefined ? {} : { snapshot: chartsOf(image, context) }),
      ...(inspect === undefined ? {} : { inspect: unbreaking(inspect) }),
    })
    this.#actor.subscribe({ error: (error) => this.#noteFailure(error) })
  }

  /** A server that goes on from where the image was taken, on its own: as often as wanted, wherever wanted. */
  static putBack(image: ServerImage, host: ServerHost): RaftServer {
    const { id, group, store, settings, machineVersions } = image.state
    const server = new RaftServer({ id, group, store, settings, machineVersions, recovered: undefined, ...host }, image)
    server.#actor.start()
    if (image.timeout !== undefined) resumeTimeout(server.#actor, image.timeout, host.surroundings.now())
    return server
  }

  /** The root of the actor tree, to look at. */
  get actor(): Actor<typeof serverMachine> {
    return this.#actor
  }

  get role(): Role {
    // Also when the chart could not be told: nothing of a server that failed may leave.
    return this.state.failure === undefined ? roleOf(this.#actor) : 'stopped'
  }

  /** Why it stopped, if not by `stop`. */
  get failure(): Error | undefined {
    return this.state.failure
  }

  start(): void {
    this.#actor.start()
  }

  /** A message from another server of the group. A newer term, or another leader, ends the role before it is handled. */
  receive(from: ServerId, message: RaftMessage): void {
    this.#turn(() => {
      const { currentTerm } = this.state
      // Sessions are counted anew by a process that restarts: the term is what tells old answers.
      if (isAnswer(message) && message.term < currentTerm) return
      if (message.type === 'preVote' || message.type === 'requestVote') tellIfRemoved(this.state, from)
      if (message.type === 'requestVote' && this.#disregards(message)) return
      if (message.term > currentTerm) {
        this.#tellServer({ type: 'term.discovered', term: message.term })
      } else if (isOfLeader(message) && message.term === currentTerm && this.role === 'candidate') {
        this.#tellServer({ type: 'leader.discovered' })
      }
      if (message.type === 'removed') {
        noteRemoval(this.state, message)
        if (this.role === 'candidate' && !isVotingMember(this.state)) this.#tellServer({ type: 'removal.discovered' })
      }
      this.#tellRole(messageReceived(from, message))
    })
  }

  /** Anything else that concerns the current role. */
  handle(event: RoleEvent): void {
    this.#turn(() => this.#tellRole(event))
  }

  /** Commands of callers. Each is answered by an output, sooner or later. */
  append(orders: readonly AppendOrder[]): void {
    if (this.role === 'stopped') refuseAppends(this.state, orders)
    else this.handle({ type: 'appends.received', orders })
  }

  /** Callers want to read what is committed. Each is answered by an output, sooner or later (thesis §6.4). */
  read(orders: readonly ReadOrder[]): void {
    if (this.role === 'stopped') refuseReads(this.state, orders)
    else this.handle({ type: 'reads.requested', orders })
  }

  /**
   * Another server is to lead: `to`, or whoever is best. Answered by an output: when this one gives way, or goes on
   * (thesis §3.10).
   */
  transferLeadership(to: ServerId | undefined, token: unknown): void {
    if (this.role === 'stopped') refuseTransfer(this.state, token, 'notLeader')
    else this.handle({ type: 'transfer.requested', to, token })
  }

  /** The group is to have other members (§6). Answered by an output: see `ChangeOutcome`. */
  changeMembership(order: MembershipOrder): void {
    if (this.role === 'stopped') refuseChange(this.state, order.token, 'notLeader')
    else this.handle({ type: 'membership.requested', order })
  }

  /** From now on it behaves so. A timeout that runs is not drawn anew. */
  reconfigure(settings: RaftSettings): void {
    this.state.settings = settings
  }

  /** The first entry of the group, on a store that holds nothing of it. */
  bootstrap(entry: ConfigurationEntry): void {
    this.#turn(() => writeFirstEntry(this.state, entry))
  }

  /** The write of this id is flushed. */
  writeCompleted(id: WriteId): void {
    this.#turn(() => {
      completeWrite(this.state, id)
      this.#tellRole({ type: 'write.completed' })
    })
  }

  /** A piece of a snapshot that comes is in the hands of the store: so many bytes. */
  snapshotPieceWritten(description: SnapshotDescription, bytes: number): void {
    this.#advanceSnapshot(() => notePieceWritten(this.state, description, bytes))
  }

  /** All of a snapshot that comes is flushed, and what was promised. */
  snapshotStored(stored: StoredSnapshot): void {
    this.#advanceSnapshot(() => noteStored(this.state, stored))
  }

  /** A snapshot that came is not what was promised. */
  snapshotSpoiled(description: SnapshotDescription): void {
    this.#advanceSnapshot(() => noteSpoiled(this.state, description))
  }

  /**
   * The snapshot that this server took of its own state is flushed: it stands for the log's beginning from now on (§7). Returns
   * false when it is of no use any more, or cannot be used now.
   */
  compactLog(snapshot: StoredSnapshot, trailingEntries: number): boolean {
    let isAdopted = false
    this.#turn(() => {
      isAdopted = adoptSnapshot(this.state, snapshot, trailingEntries)
      if (isAdopted) this.#tellRole({ type: 'log.compacted' })
    })
    return isAdopted
  }

  /** What the state machine gets next, if it is free to take it: entries up to `notBeyond`, or a snapshot. */
  startApplying(notBeyond: Index = Infinity): Applying | undefined {
    const next = this.role === 'stopped' ? undefined : nextToApply(this.state, notBeyond)
    if (next !== undefined) startApplying(this.state, next.upTo)
    return next
  }

  /** The state machine has taken what `startApplying` named, or the part of it up to `upTo`. */
  applied(upTo: Index): void {
    this.#turn(() => {
      completeApplying(this.state, upTo)
      if (hasLearntKeys(this.state) && this.role === 'leader') this.#tellRole({ type: 'keys.known' })
    })
  }

  /** The state machine has taken these entries, which `applied` will tell of. */
  noteApplied(entries: readonly Entry[]): void {
    noteKeys(this.state, entries)
  }

  /**
   * The state machine is about to take entries that begin with this one: by which version of it. Undefined when its code
   * cannot run that one, for which the server stops.
   */
  followVersion(entry: Entry): number | undefined {
    followVersion(this.state, entry)
    return this.#canRun(entry.index) ? this.state.machineVersion : undefined
  }

  /**
   * The state machine is about to be put in the place of what a snapshot stands for up to `index`, which `applied` will tell of. Returns false
   * when its code cannot run the version that was in force, for which the server stops.
   */
  noteRestored(keys: IdempotencyKeys, machineVersion: number, index: Index): boolean {
    this.state.keys = keys
    this.state.machineVersion = machineVersion
    return this.#canRun(index)
  }

  /** The server stops for good: `error` is why. */
  fail(error: Error): void {
    this.#turn(() => this.#noteFailure(error))
  }

  stop(): void {
    this.#turn(() => this.#tellServer({ type: 'server.closed' }))
  }

  /** This server as it stands. Between two turns only. */
  takeImage(): ServerImage {
    return imageOf(this.state, this.#actor, this.role, this.#timeoutAtMs)
  }

  /** What the turns since the last call want done, and the write that makes their changes durable. */
  takeOutputs(): Outputs & { write: Write | undefined } {
    const { outputs } = this.state
    this.state.outputs = noOutputs()
    // What has stopped writes and says no more; only callers still get their answers.
    if (this.role === 'stopped') return { ...noOutputs(), answers: outputs.answers, write: undefined }
    return { ...outputs, write: takeWrite(this.state) }
  }

  #advanceSnapshot(note: () => void): void {
    this.#turn(() => {
      note()
      this.#tellRole({ type: 'snapshot.advanced' })
    })
  }

  #canRun(index: Index): boolean {
    const { group, machineVersion, machineVersions } = this.state
    if (canRun(machineVersions, machineVersion)) return true
    this.fail(new MachineVersionError(group, machineVersion, index, machineVersions))
    return false
  }

  #disregards(request: RequestVote): boolean {
    return disregards(this.state, request, this.role === 'leader', this.#surroundings.now())
  }

  #tellServer(event: ServerEvent): void {
    this.#actor.send(event)
  }

  /** Looked up anew each time: XState drops events to an actor that has stopped. */
  #tellRole(event: RoleEvent): void {
    this.#actor.getSnapshot().children['role']?.send(event)
  }

  #noteFailure(error: unknown): void {
    this.state.failure ??= error instanceof Error ? error : new InvariantViolation(String(error))
  }

  /** One input, handled completely. What is broken stops the server before any of it leaves. */
  #turn(handle: () => void): void {
    if (this.role === 'stopped') return
    try {
      handle()
      if (this.state.failure === undefined) checkInvariants(this.state, this.role)
    } catch (error) {
      this.#noteFailure(error)
    }
    const { failure } = this.state
    if (failure !== undefined && roleOf(this.#actor) !== 'stopped') {
      this.#tellServer({ type: 'server.failed', error: failure })
    }
    if (failure !== undefined || roleOf(this.#actor) === 'stopped') {
      endTransfer(this.state)
      abandonChange(this.state)
      abandonAppends(this.state)
      endReads(this.state)
      endKeyedAppends(this.state)
    }
  }
}

function unbreaking(inspect: Inspect): (event: InspectionEvent) => void {
  let isBroken = false
  return (event) => {
    if (isBroken) return
    try {
      if (typeof inspect === 'function') inspect(event)
      else inspect.next?.(event)
    } catch {
      isBroken = true
    }
  }
}

function roleOf(actor: Actor<typeof serverMachine>): Role {
  const snapshot = actor.getSnapshot()
  return snapshot.status === 'active' ? snapshot.value : 'stopped'
}

/** Role and state are kept apart, so that neither is kept twice; here they are held together. */
function checkInvariants(state: RaftState, role: Role): void {
  const { log, durability, commitIndex, applyingIndex, lastApplied } = state
  invariant(
    lastApplied <= applyingIndex && applyingIndex <= commitIndex,
    'entries are applied in order, once committed',
  )
  invariant(applyingIndex <= durability.durableIndex, 'entries are applied only when durable here')
  invariant(commitIndex <= log.lastIndex, 'only entries in the log are committed')
  invariant(durability.durableIndex <= durability.writtenIndex, 'only what was written is durable')
  invariant(durability.writtenIndex <= log.lastIndex, 'only what stands in the log is written')
  const snapshotIndex = state.snapshot?.lastIncluded.index ?? 0
  invariant(log.startsAfter.index <= snapshotIndex, 'what is gone from the log is in the snapshot (§7)')
  invariant(snapshotIndex <= commitIndex, 'a snapshot stands for what is committed (§7)')
  switch (role) {
    case 'follower':
      invariant(state.peers.size === 0 && state.votes.size === 0, 'a follower neither replicates nor counts votes')
      invariant(state.transfer === undefined, 'only a leader hands over (thesis §3.10)')
      invariant(state.readRounds.asked === undefined && !hasReaders(state), 'only a leader answers reads (thesis §6.4)')
      return
    case 'candidate':
      invariant(
        state.preVotes.has(state.id) || state.votedFor === state.id,
        'a candidate asks first (thesis §9.6), or has voted for itself (§5.2)',
      )
      invariant(state.leaderId === undefined, 'a candidate knows no leader of its term (§5.2)')
      return
    case 'leader':
      invariant(state.leaderId === state.id && state.votedFor === state.id, 'a leader leads its own term (§5.2)')
      for (const { matchIndex, nextIndex } of state.peers.values()) {
        invariant(matchIndex < nextIndex && nextIndex <= log.lastIndex + 1, 'matchIndex < nextIndex <= last index + 1')
      }
  }
}
