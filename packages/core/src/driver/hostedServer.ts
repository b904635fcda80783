import type { ClientReply, ClientRequest } from '../clientProtocol.ts'
import { memberOf } from '../configuration.ts'
import type { Command, Entry } from '../entry.ts'
import { InvariantViolation, WrongGroupError } from '../errors.ts'
import type { Index, NodeId } from '../identifiers.ts'
import { isBootstrapMessage, type Packet } from '../messages.ts'
import type { ClientRequestHandler, ClientTransport, StateMachine, Store } from '../ports.ts'
import type { AppendOrder } from '../rules/replication.ts'
import type { Read } from '../state/outputs.ts'
import type { AppendOutcome } from '../state/pendingAppends.ts'
import { configurationOf } from '../state/raftState.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import type { Role } from '../statecharts/server.ts'
import type { Outbox, Sender } from './outbox.ts'
import { isSameStatus, statusOf, type ServerStatus } from './status.ts'

/** Tells the caller of an append how it ended. Called once. */
export type AppendSettled = (outcome: AppendOutcome) => void

export interface HostedServerOptions {
  readonly server: RaftServer
  readonly store: Store
  readonly client: ClientTransport
  readonly stateMachine: StateMachine
  readonly onStatus: (status: ServerStatus) => void
  /** Asks the node for a flush at the end of this turn. */
  readonly wake: (hosted: HostedServer) => void
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Calls back when the event loop has looked at its sockets once more. */
  readonly afterPoll: (callback: () => void) => void
  /** A blank server has heard from `from` and does not know whether the group knows it. */
  readonly onHeardWhileBlank: (from: NodeId) => void
}

/** Why packets were dropped, counted. */
export interface DroppedPackets {
  wrongGroup: number
  replacedStore: number
  whileBlank: number
}

/**
 * One server in its node: performs what the server's outputs order, and feeds the outcomes back. Every method that gives
 * the server an input ends by asking for a flush; all orders are carried out there.
 */
export class HostedServer {
  readonly server: RaftServer
  readonly dropped: DroppedPackets = { wrongGroup: 0, replacedStore: 0, whileBlank: 0 }
  readonly #options: HostedServerOptions
  #status: ServerStatus
  #sender: Sender
  #orders: AppendOrder[] = []
  #announcedCommit: Index = 0
  #stopServing: (() => void) | undefined
  #isFlushing = false
  /** When a leader of another group of this name was first heard while there was none of ours. */
  #leaderlessSinceMs: number | undefined
  #awaitedDurable: { readonly index: Index; readonly callback: () => void }[] = []

  constructor(options: HostedServerOptions) {
    this.#options = options
    this.server = options.server
    this.#status = statusOf(this.server)
    this.#sender = this.#describeSender()
  }

  get status(): ServerStatus {
    return statusOf(this.server)
  }

  /** What stands on this server's packets; the same object as long as it says the same. */
  get sender(): Sender {
    return this.#sender
  }

  /** Takes commands, if this server leads; otherwise `settled` says who does. */
  append(commands: readonly Command[], settled: AppendSettled): void {
    this.#order({ token: settled, term: this.server.state.currentTerm, commands })
  }

  /** Committed and applied entries behind `after`, from memory or from the store. */
  read(after: Index, maxBytes: number, done: (error: Error | undefined, entries: readonly Entry[]) => void): void {
    const { state } = this.server
    const upTo = state.lastApplied
    const cached = after < upTo ? state.log.cached(after, upTo, maxBytes) : []
    if (cached !== undefined) done(undefined, cached)
    else this.#readStore(after, upTo, maxBytes, done)
  }

  /** A packet from another node, once it is known to come from this group. */
  receive(from: NodeId, packet: Packet): void {
    if (!this.#isTrusted(from, packet)) return
    for (const message of packet.messages) if (!isBootstrapMessage(message)) this.server.receive(from, message)
    this.#options.wake(this)
  }

  /** Runs one input of the server's and asks for a flush. */
  input(give: (server: RaftServer) => void): void {
    give(this.server)
    this.#options.wake(this)
  }

  /** Calls back when the log is durable up to `index`. */
  whenDurable(index: Index, callback: () => void): void {
    this.#awaitedDurable.push({ index, callback })
  }

  /**
   * Carries out what the server wants done. Entries are applied first, so that their callers are answered in this same
   * flush. The write is left to the node, which puts those of all its groups together.
   */
  flush(outbox: Outbox): ReturnType<RaftServer['takeOutputs']>['write'] {
    this.#isFlushing = true
    this.#giveOrders()
    this.#applyNext()
    this.#isFlushing = false
    const { messages, reads, answers, pollWanted, write } = this.server.takeOutputs()
    this.#describe()
    this.#tellDurable()
    if (pollWanted) this.#options.afterPoll(() => this.input((server) => server.handle({ type: 'poll.completed' })))
    for (const { to, message } of messages) outbox.add(to, this.#sender, message)
    for (const read of reads) this.#readFor(read)
    for (const { token, outcome } of answers) (token as AppendSettled)(outcome)
    return write
  }

  stop(): void {
    this.server.stop()
    this.#options.wake(this)
  }

  #order(order: AppendOrder): void {
    this.#orders.push(order)
    this.#options.wake(this)
  }

  /** All appends of a turn together are one event, one message to each follower and one write. */
  #giveOrders(): void {
    if (this.#orders.length > 0) this.server.append(this.#orders.splice(0))
    // Behind the appends: where entries go out, they tell the commit index with them.
    if (this.#announcedCommit < this.server.state.commitIndex && this.server.role === 'leader') {
      this.#announcedCommit = this.server.state.commitIndex
      this.server.handle({ type: 'commitIndex.advanced' })
    }
  }

  #applyNext(): void {
    const range = this.server.startApplying()
    if (range !== undefined) this.#applyRange(range.after, range.upTo)
  }

  #applyRange(after: Index, upTo: Index): void {
    if (this.server.role === 'stopped') return
    if (after === upTo) {
      this.server.applied()
      // Within a flush the callers are answered by it; otherwise by the next.
      if (this.#isFlushing) this.#applyNext()
      else this.#options.wake(this)
      return
    }
    const { log, settings } = this.server.state
    const apply = (entries: readonly Entry[]): void => {
      const last = entries.at(-1)?.index
      if (last === undefined) this.#fail(new InvariantViolation(`the store holds the entries behind ${after}`))
      else
        this.#handOver(
          entries,
          once(() => this.#applyRange(last, upTo)),
        )
    }
    const cached = log.cached(after, upTo, settings.maxBatchBytes)
    if (cached !== undefined) apply(cached)
    else {
      this.#readStore(after, Math.min(upTo, log.cachedAfter), settings.maxBatchBytes, (error, entries) => {
        if (error === undefined) apply(entries)
      })
    }
  }

  /** What the state machine throws stops this group, and no other of the node. */
  #handOver(entries: readonly Entry[], done: () => void): void {
    try {
      this.#options.stateMachine.apply(entries, done)
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #readFor({ for: peer, session, after, upTo, maxBytes }: Read): void {
    this.#readStore(after, upTo, maxBytes, (error, entries) => {
      if (error !== undefined) return
      this.input((server) => server.handle({ type: 'entries.read', for: peer, session, entries }))
    })
  }

  #readStore(
    after: Index,
    upTo: Index,
    maxBytes: number,
    done: (error: Error | undefined, entries: readonly Entry[]) => void,
  ): void {
    this.#options.store.read(this.server.group, { after, upTo, maxBytes }, (failure, entries) => {
      if (failure !== undefined) this.#fail(failure.error)
      done(failure?.error, entries)
    })
  }

  #fail(error: Error): void {
    this.input((server) => server.fail(error))
  }

  #tellDurable(): void {
    const { durableIndex } = this.server.state.durability
    const reached = this.#awaitedDurable.filter(({ index }) => index <= durableIndex)
    if (reached.length === 0) return
    this.#awaitedDurable = this.#awaitedDurable.filter(({ index }) => index > durableIndex)
    for (const { callback } of reached) callback()
  }

  #describe(): void {
    const status = statusOf(this.server)
    if (isSameStatus(status, this.#status)) return
    const former = this.#status
    this.#status = status
    if (status.groupUuid !== former.groupUuid) this.#sender = this.#describeSender()
    // What is committed and not announced yet needs one more look, when this turn's appends are out.
    if (status.role === 'leader' && status.commitIndex > this.#announcedCommit) this.#options.wake(this)
    const leadsAnew = status.role === 'leader' && status.term !== former.term
    if (status.role !== former.role || leadsAnew) this.#serve(status)
    this.#options.onStatus(status)
  }

  #describeSender(): Sender {
    const { group, state } = this.server
    return { group, groupUuid: configurationOf(state)?.groupUuid, store: state.store }
  }

  /** The leader alone listens to clients. */
  #serve({ role, group, term }: ServerStatus): void {
    this.#stopServing?.()
    const answer: ClientRequestHandler = (request, reply) => this.#answerClient(request, reply)
    this.#stopServing = role === 'leader' ? this.#options.client.serve(group, term, answer) : undefined
  }

  #answerClient(request: ClientRequest, reply: (reply: ClientReply) => void): void {
    const { role, state } = this.server
    if (role !== 'leader') {
      reply({ type: 'notLeader', term: state.currentTerm, leaderId: state.leaderId })
      return
    }
    switch (request.type) {
      case 'append':
        this.#order({ token: reply, term: request.term, commands: request.commands })
        return
      case 'status':
        reply({ type: 'status', leaderId: this.server.id, term: state.currentTerm, commitIndex: state.commitIndex })
        return
      case 'read':
        this.read(request.after, request.maxBytes, (error, entries) => {
          if (error !== undefined) reply({ type: 'refused', reason: 'closed', message: error.message })
          else reply({ type: 'entries', entries, commitIndex: state.commitIndex, term: state.currentTerm })
        })
    }
  }

  /**
   * Another group of our name has a leader, so a majority is with it. If ours stays without one for as long as three
   * elections could take, this store is in the wrong place; sooner, the other group may be.
   */
  #isOddOneOut(role: Role): boolean {
    if (role === 'leader' || this.server.state.leaderId !== undefined) {
      this.#leaderlessSinceMs = undefined
      return false
    }
    const now = this.#options.now()
    this.#leaderlessSinceMs ??= now
    return now - this.#leaderlessSinceMs > 3 * this.server.state.settings.electionTimeoutMaxMs
  }

  /** Frames of another group, or of a store that its server no longer is, must not count for anything. */
  #isTrusted(from: NodeId, packet: Packet): boolean {
    const { state, role } = this.server
    const configuration = configurationOf(state)
    const leads = packet.messages.some(({ type }) => type === 'appendEntries')
    if (configuration === undefined) {
      if (leads) this.#options.onHeardWhileBlank(from)
      else this.dropped.whileBlank++
      return leads
    }
    if (packet.groupUuid !== undefined && packet.groupUuid !== configuration.groupUuid) {
      this.dropped.wrongGroup++
      if (leads && this.#isOddOneOut(role)) {
        this.#fail(new WrongGroupError(this.server.group, configuration.groupUuid, from, packet.groupUuid))
      }
      return false
    }
    if (leads) this.#leaderlessSinceMs = undefined
    const known = memberOf(configuration, from)
    if (known !== undefined && known.store !== packet.store) {
      this.dropped.replacedStore++
      return false
    }
    return true
  }
}

function once(callback: () => void): () => void {
  let isCalled = false
  return () => {
    if (isCalled) return
    isCalled = true
    callback()
  }
}
