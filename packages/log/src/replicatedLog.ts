import {
  LogClosedError,
  NotBootstrappedError,
  NotCaughtUpError,
  NotLeaderError,
  ServerStoppedError,
  type ClientOutcome,
  type Command,
  type CompactionPolicy,
  type Entry,
  type GroupId,
  type HostedServer,
  type Index,
  type NodeId,
  type PlacedConfiguration,
  type RaftNode,
  type ServerId,
  type ServerStatus,
  type Staleness,
  type Store,
  type Term,
} from '@quorate/core'
import { appendTimeoutMs, type Appended, type AppendOptions, type LeaderRoute } from './appender.ts'
import type { Appendable } from './command.ts'
import {
  changeMembers,
  recoverServer,
  type ChangeMembersOptions,
  type RecoverServerOptions,
} from './membershipChange.ts'
import { transferLeadership, type TransferOptions } from './leadershipTransfer.ts'
import { ASK_TIMEOUT_MS, askLeader } from './askLeader.ts'
import { giveUpAfter } from './giveUp.ts'
import { allowsLease, type ReadIndex, type ReadIndexOptions } from './readIndex.ts'
import { whenAborted } from './whenAborted.ts'
import { backupLog, type BackupOptions } from './logBackup.ts'
import { compactLog, type Compacted, type CompactOptions } from './logCompaction.ts'
import { MemberAppends } from './memberAppends.ts'
import { SUCCESSION_GRACE_MS } from './requestBatcher.ts'
import { machinePort, type LogStateMachine } from './stateMachine.ts'
import { Subscription, type EntrySource } from './subscription.ts'
import { Watchable } from './watchable.ts'

export interface SubscribeOptions {
  /**
   * Where to begin: with the first entry ever (the default), with the first that is still there (`'earliest'`), with what is
   * committed from now on (`'latest'`), or at an index. Where that entry is gone, because a snapshot stands for it, the loop
   * throws `LogCompactedError`: nothing is passed over in silence, then or later.
   *
   * `'latest'` is what is committed once this server knows what is committed: from the call, as a rule. After a start, or
   * while a new leader takes over, it is from the moment at which this server has applied an entry of its current term
   * (§8); what is committed elsewhere before that moment is passed over, be it old or new. A leader
   * passes over nothing that it took in itself.
   */
  readonly from?: 'earliest' | 'latest' | { readonly index: Index }
  /** Also deliver the entries that Raft itself wrote: no-ops and configurations. */
  readonly all?: boolean
  /** Ends the loop by throwing the signal's reason. */
  readonly signal?: AbortSignal
}

export interface OpenLogOptions {
  /** How long to wait for the group's birth, or its leader, on a store that holds nothing of it. 10,000 by default. */
  readonly joinTimeoutMs?: number
  /**
   * How long to ask the other servers for entries that the store cannot read any more, where there are such. 60,000 by default; then
   * the log does not open.
   */
  readonly repairTimeoutMs?: number
  /** What the committed commands are for, beside subscriptions: the same on all servers of the group. */
  readonly stateMachine?: LogStateMachine
  /**
   * When a snapshot takes the place of the log's beginning: by itself, or else only when `compact` is called. Without a state
   * machine the entries are gone then, for consumers that keep a state of their own.
   */
  readonly compaction?: CompactionPolicy
}

/** One group's log, on a node that is one of its servers. */
export class ReplicatedLog implements LeaderRoute, EntrySource {
  readonly group: GroupId
  readonly #node: RaftNode
  readonly #hosted: HostedServer
  readonly #store: Store
  readonly #isCompacted: boolean
  readonly #status: Watchable<ServerStatus>
  readonly #appends: MemberAppends
  readonly #changeListeners = new Set<() => void>()
  /** The latest term that has a leader. */
  #ledTerm: Term = 0
  #ended: Error | null | undefined
  #noteEnd: (() => void) | undefined
  #closing: Promise<void> | undefined
  #closeRest: () => Promise<void> = async () => {}

  /** @internal Use `node.openLog`. `noteEnd` is called once, when this log has nothing more to do with the node. */
  constructor(
    node: RaftNode,
    group: GroupId,
    store: Store,
    { stateMachine, compaction }: Pick<OpenLogOptions, 'stateMachine' | 'compaction'>,
    noteEnd: () => void,
  ) {
    this.group = group
    this.#node = node
    this.#store = store
    this.#isCompacted = compaction?.afterEntries !== undefined || compaction?.afterBytes !== undefined
    this.#noteEnd = noteEnd
    this.#hosted = node.open(group, {
      stateMachine: machinePort(stateMachine),
      compaction,
      onStatus: (status) => this.#noteStatus(status),
    })
    this.#status = new Watchable(this.#hosted.status)
    this.#appends = new MemberAppends(this, this.#hosted, node.client)
  }

  /** Role, term, leader and commit index of this process's server: a value to look at and to watch. */
  get status(): Watchable<ServerStatus> {
    return this.#status
  }

  /** Why the server stopped by itself; null after `close`; undefined while it runs. */
  get ended(): Error | null | undefined {
    return this.#ended
  }

  /** @internal */
  get closedError(): Error | undefined {
    if (this.#ended === undefined) return undefined
    if (this.#ended === null) return new LogClosedError(this.group)
    if (this.#ended instanceof ServerStoppedError) return this.#ended
    return new ServerStoppedError(this.group, this.#ended.message, { cause: this.#ended })
  }

  get lastApplied(): Index {
    return this.#hosted.status.lastApplied
  }

  /** @internal */
  get knownCommitIndex(): Index {
    return this.#hosted.server.state.commitIndex
  }

  get leaderId(): ServerId | undefined {
    return this.#status.value.leaderId
  }

  get maxEntryBytes(): number {
    return this.#node.maxEntryBytes
  }

  /**
   * Appends a command, or several one behind the other, wherever the leader is. Resolves once they are committed, and
   * applied by the leader: durable on a majority, for good.
   * @throws NotLeaderError when no leader was found in time, BackpressureError when it took in nothing in time,
   * LogClosedError, EntryTooLargeError, TypeError, RangeError, IdempotencyKeyReusedError: nothing was appended.
   * AppendOutcomeUnknownError: perhaps.
   */
  append(value: Appendable, options?: AppendOptions): Promise<Appended>
  append(values: readonly Appendable[], options?: AppendOptions): Promise<readonly Appended[]>
  append(
    given: Appendable | readonly Appendable[],
    options: AppendOptions = {},
  ): Promise<Appended | readonly Appended[]> {
    return this.#appends.append(given, options)
  }

  /**
   * How far must be read to see all that is committed now (thesis §6.4)? Asks the leader, wherever it is, and resolves once this
   * server has applied so far: whoever has taken the entries up to `index` (see `Subscription.reached`) reads as if there
   * were one copy.
   * @throws NotLeaderError when no leader could prove in time that it leads, NotCaughtUpError when this server did not come so
   * far in time, RangeError for options that cannot be meant, LogClosedError; TypeError when the leader refused; the signal's reason.
   */
  async readIndex(options: ReadIndexOptions = {}): Promise<ReadIndex> {
    const mayLease = allowsLease(options)
    const giveUp = giveUpAfter(appendTimeoutMs(options), options.signal)
    try {
      const answer = await this.#askForIndex(mayLease, giveUp.signal)
      await this.#whenApplied(answer.index, giveUp.signal)
      return answer
    } catch (error) {
      // Whoever gives up hears its own reason, whatever was under way.
      options.signal?.throwIfAborted()
      throw error
    } finally {
      giveUp.release()
    }
  }

  /** How far what is applied here may be behind, without asking anybody: what a read that may be stale should know. */
  get staleness(): Staleness {
    return this.#hosted.staleness
  }

  /**
   * Another server is to lead, before this one is restarted for example: one that is named, or whoever is best (thesis
   * §3.10). Appends wait meanwhile. Resolves with the id of who leads then.
   * @throws NotLeaderError when this process's server does not lead, LeadershipTransferError when it leads on or another
   * one was elected, LogClosedError.
   */
  async transferLeadership(options: TransferOptions = {}): Promise<ServerId> {
    if (this.closedError !== undefined) throw this.closedError
    return transferLeadership(this.#hosted, this.#status, options)
  }

  /**
   * The group is to have these voters and learners (§6): servers that are new catch up before they vote, and several
   * changes at once are made by joint consensus. Resolves when all of it is committed, with the new configuration. To be
   * called on the leader, which may be one of those that leave.
   * @throws TypeError, RangeError for servers that make no group, NotLeaderError when this process's server does not lead,
   * MembershipChangeError, which says why, LogClosedError.
   */
  async changeMembers(options: ChangeMembersOptions): Promise<PlacedConfiguration> {
    if (this.closedError !== undefined) throw this.closedError
    return changeMembers(this.#hosted, options)
  }

  /**
   * A server that lost its disk comes back under its old name: the group forgets the store that it knew it by, takes in the
   * new one as a learner, and lets it vote again once it has caught up. The server has to run, with an empty folder. To be
   * called on the leader; resolves when all of it is committed.
   * @throws RangeError for a server that is no member, and else as `changeMembers`.
   */
  async recoverServer(id: NodeId, options: RecoverServerOptions = {}): Promise<PlacedConfiguration> {
    if (this.closedError !== undefined) throw this.closedError
    return recoverServer(this.#hosted, id, options)
  }

  /**
   * A snapshot of this server's state machine takes the place of the log's beginning, here, now (§7). Resolves when it is
   * durable; also where nothing was applied since the last one, which then stays.
   * @throws what the state machine throws, RangeError for a number of entries that is none, LogClosedError, ServerStoppedError.
   */
  async compact(options: CompactOptions = {}): Promise<Compacted> {
    if (this.closedError !== undefined) throw this.closedError
    return compactLog(this.#hosted, options)
  }

  /**
   * A backup of all that this server has applied when the loop begins, as the bytes of a file: what they are written to decides
   * the pace. Appends and compaction go on. The file brings the group back with `quorate restore`, as another one with the same
   * log.
   *
   * A log that is compacted, by a policy or because it was, has its state machine give a snapshot first. The loop throws what
   * that throws; LogCompactedError where a log is compacted for the first time meanwhile: begin again; NotCaughtUpError while
   * nothing is applied; LogClosedError, ServerStoppedError, the signal's reason.
   */
  backup(options: BackupOptions = {}): AsyncIterable<Uint8Array> {
    const source = {
      group: this.group,
      hosted: this.#hosted,
      store: this.#store,
      isCompacted: this.#isCompacted,
      closedError: () => this.closedError,
      wallTime: Date.now,
    }
    return { [Symbol.asyncIterator]: () => backupLog(source, options) }
  }

  /** The committed entries, in order, without a gap. */
  subscribe({ from, all = false, signal }: SubscribeOptions = {}): Subscription {
    return new Subscription(this, { first: firstIndex(from), all, signal })
  }

  /** @internal */
  latest(hasWaited: boolean): Index | undefined {
    const { role, state } = this.#hosted.server
    const { log, lastApplied, currentTerm } = state
    if (log.termAt(lastApplied) !== currentTerm) return undefined
    // What a leader commits in one go with the first entry of its term may have been appended since the call.
    const termStart = role === 'leader' && hasWaited ? log.termStarts.at(-1)?.index : undefined
    return termStart ?? lastApplied
  }

  /** @internal */
  get startsAfter(): Index {
    return this.#hosted.server.state.log.startsAfter.index
  }

  /** @internal What subscriptions read. */
  read(after: Index, maxBytes: number, done: (error: Error | undefined, entries: readonly Entry[]) => void): void {
    this.#hosted.read(after, maxBytes, done)
  }

  /** @internal */
  whenChanged(callback: () => void): () => void {
    this.#changeListeners.add(callback)
    return () => this.#changeListeners.delete(callback)
  }

  /** @internal */
  async leaderTerm(signal: AbortSignal): Promise<Term | undefined> {
    if (this.#status.value.leaderId !== undefined) return this.#status.value.term
    try {
      const { term } = await this.#status.waitFor(
        ({ leaderId }) => leaderId !== undefined || this.#ended !== undefined,
        { signal },
      )
      return this.#ended === undefined ? term : undefined
    } catch {
      return undefined
    }
  }

  /** @internal One try, for a term: here if this server leads in it, else to whoever does. */
  appendOnce(term: Term, commands: readonly Command[], timeoutMs: number): Promise<ClientOutcome> {
    return this.#appends.appendOnce(term, commands, timeoutMs)
  }

  async #askForIndex(mayLease: boolean, giveUp: AbortSignal): Promise<ReadIndex> {
    const { group } = this
    const request = { type: 'readIndex', mayLease } as const
    const askOnce = (): Promise<ClientOutcome> =>
      new Promise((settled) => {
        if (this.#hosted.status.role === 'leader') this.#hosted.readIndex(mayLease, settled)
        else this.#node.client.request(group, request, ASK_TIMEOUT_MS, settled)
      })
    const isClosed = (): boolean => this.closedError !== undefined
    const reply = await askLeader({ group, request, wanted: 'readIndex', askOnce, isClosed }, giveUp)
    if (reply === undefined) throw this.closedError ?? new NotLeaderError(group, this.leaderId)
    return { index: reply.index, term: reply.term }
  }

  async #whenApplied(index: Index, giveUp: AbortSignal): Promise<void> {
    while (this.lastApplied < index) {
      if (this.closedError !== undefined) throw this.closedError
      if (giveUp.aborted) throw new NotCaughtUpError(this.group, index, this.lastApplied)
      await new Promise<void>((resolve) => {
        const forget = this.whenChanged(() => {
          stopListening()
          resolve()
        })
        const stopListening = whenAborted(giveUp, () => {
          forget()
          resolve()
        })
      })
    }
  }

  /** Ends this process's part in the group. The group goes on without it. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** @internal What else to close with this log. */
  closeWith(closeRest: () => Promise<void>): void {
    this.#closeRest = closeRest
  }

  /** @internal Stops the server, and leaves alone what else `close` closes. */
  end(): void {
    const noteEnd = this.#noteEnd
    // The node closes by name: a second time, that may be another log of this group.
    if (noteEnd === undefined) return
    this.#noteEnd = undefined
    this.#ended ??= null
    this.#node.close(this.group)
    this.#tellEnd()
    noteEnd()
  }

  async #close(): Promise<void> {
    this.end()
    await this.#closeRest()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal Resolves once the server knows its group; otherwise closes the log. */
  async joined({ joinTimeoutMs = 10_000 }: OpenLogOptions): Promise<void> {
    const signal = AbortSignal.timeout(joinTimeoutMs)
    try {
      await this.#status.waitFor(({ groupUuid, failure }) => groupUuid !== undefined || failure !== undefined, {
        signal,
      })
      if (this.#ended === undefined) return
    } catch (error) {
      if (!signal.aborted && this.#ended === undefined) throw error
    }
    const failure = this.#ended
    await this.close()
    if (failure === undefined) throw new NotBootstrappedError(this.group, joinTimeoutMs)
    throw failure ?? new LogClosedError(this.group)
  }

  #noteStatus(status: ServerStatus): void {
    this.#status.set(status)
    this.#noteLeader(status)
    if (status.failure !== undefined && this.#ended === undefined) {
      this.#ended = status.failure
      this.#tellEnd()
    } else this.#tellChange()
  }

  #noteLeader({ leaderId, term }: ServerStatus): void {
    if (leaderId === undefined || term <= this.#ledTerm) return
    this.#ledTerm = term
    // The timer may outlast this log, and must not hold it.
    const appends = this.#appends
    setTimeout(() => appends.giveUpBefore(term), SUCCESSION_GRACE_MS).unref()
  }

  #tellEnd(): void {
    this.#tellChange()
    this.#status.end()
  }

  #tellChange(): void {
    if (this.#changeListeners.size === 0) return
    const listeners = [...this.#changeListeners]
    this.#changeListeners.clear()
    for (const tell of listeners) tell()
  }
}

function firstIndex(from: SubscribeOptions['from']): Index | 'earliest' | 'latest' {
  if (from === 'latest' || from === 'earliest') return from
  if (from === undefined) return 1
  if (typeof from === 'object' && Number.isSafeInteger(from?.index) && from.index >= 1) return from.index
  throw new RangeError(`from is ${JSON.stringify(from)}; it must be 'earliest', 'latest' or { index } of at least 1`)
}
