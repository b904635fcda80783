import {
  assertName,
  LogClosedError,
  NotLeaderError,
  type ClientOutcome,
  type ClientReply,
  type ClientRequest,
  type ClientTransport,
  type Command,
  type GroupId,
  type Index,
  type Network,
  type ServerId,
  type Term,
} from '@quorate/core'
import { appendInParts, appendTimeoutMs, type Appended, type AppendOptions, type LeaderRoute } from './appender.ts'
import { ASK_TIMEOUT_MS, askLeader, type WantedReply } from './askLeader.ts'
import { AppendIntake } from './appendIntake.ts'
import type { Appendable } from './command.ts'
import { giveUpAfter } from './giveUp.ts'
import { assertInteger } from './integer.ts'
import { LogEntry } from './logEntry.ts'
import { allowsLease, type ReadIndex, type ReadIndexOptions } from './readIndex.ts'
import { RequestBatcher, SUCCESSION_GRACE_MS } from './requestBatcher.ts'

const READ_BYTES = 256 * 1024

/** Who leads a group. */
export interface LeaderStatus {
  readonly leaderId: ServerId
  readonly term: Term
  readonly commitIndex: Index
}

/** Committed entries, as the leader has applied them. */
export interface ReadResult {
  readonly entries: readonly LogEntry[]
  readonly term: Term
  readonly commitIndex: Index
}

/** A group's log, seen from a process that is no member: everything goes to the leader. */
export class RemoteLog implements LeaderRoute {
  readonly group: GroupId
  readonly #client: ClientTransport
  readonly #batcher: RequestBatcher
  readonly #intake = new AppendIntake()
  #leader: LeaderStatus | undefined
  #isClosed = false
  #successionWatch: NodeJS.Timeout | undefined

  /** @internal Use `connectLog`. */
  constructor(client: ClientTransport, group: GroupId) {
    this.group = group
    this.#client = client
    this.#batcher = new RequestBatcher(client, group)
  }

  /** @internal */
  get closedError(): Error | undefined {
    return this.#isClosed ? new LogClosedError(this.group) : undefined
  }

  /** @internal */
  get knownCommitIndex(): Index {
    return this.#leader?.commitIndex ?? 0
  }

  get leaderId(): ServerId | undefined {
    return this.#leader?.leaderId
  }

  get maxEntryBytes(): number {
    return this.#client.maxEntryBytes
  }

  /** As `ReplicatedLog.append`. */
  append(value: Appendable, options?: AppendOptions): Promise<Appended>
  append(values: readonly Appendable[], options?: AppendOptions): Promise<readonly Appended[]>
  async append(
    given: Appendable | readonly Appendable[],
    options: AppendOptions = {},
  ): Promise<Appended | readonly Appended[]> {
    if (this.closedError !== undefined) throw this.closedError
    const { commands, isList, timeoutMs } = this.#intake.take(given, options, this.maxEntryBytes)
    if (commands.length === 0) return []
    const places = await appendInParts(this, commands, { ...options, timeoutMs })
    return isList ? places : places[0]!
  }

  /**
   * Committed entries behind `after`, of every kind, without a gap; none when there are no more.
   * @throws NotLeaderError when no leader answered in time; LogCompactedError, which says where the log begins, when the next
   * of them is gone; RangeError for an `after` or `maxBytes` that cannot be meant;
   * ServerStoppedError or TypeError when the leader refused.
   */
  async read(
    { after, maxBytes = READ_BYTES }: { readonly after: Index; readonly maxBytes?: number },
    options: AppendOptions = {},
  ): Promise<ReadResult> {
    assertInteger('after', after, 0)
    assertInteger('maxBytes', maxBytes, 1)
    const reply = await this.#askUntil({ type: 'read', after, maxBytes }, 'entries', options)
    return {
      entries: reply.entries.map((entry) => new LogEntry(entry)),
      term: reply.term,
      commitIndex: reply.commitIndex,
    }
  }

  /**
   * How far the log must be read to see all that is committed now, as the leader can prove (thesis §6.4).
   * @throws NotLeaderError when no leader could prove in time that it leads; RangeError for options that cannot be meant.
   */
  async readIndex(options: ReadIndexOptions = {}): Promise<ReadIndex> {
    const request = { type: 'readIndex', mayLease: allowsLease(options) } as const
    const { index, term } = await this.#askUntil(request, 'readIndex', options)
    return { index, term }
  }

  /**
   * Asks who leads.
   * @throws NotLeaderError when no leader answered in time.
   */
  async leader(options: AppendOptions = {}): Promise<LeaderStatus> {
    return this.#askUntil({ type: 'status' }, 'status', options)
  }

  /** @internal */
  async leaderTerm(signal: AbortSignal): Promise<Term | undefined> {
    this.#leader ??= await this.#ask({ type: 'status' }, 'status', signal)
    return this.#leader?.term
  }

  /** @internal */
  async appendOnce(term: Term, commands: readonly Command[], timeoutMs: number): Promise<ClientOutcome> {
    const appending = this.#batcher.append(term, commands, timeoutMs)
    this.#watchSuccession()
    const outcome = await appending
    if (outcome.type !== 'appended' && outcome.type !== 'busy') this.#leader = undefined
    return outcome
  }

  /**
   * While answers are awaited, asks now and then who leads: a leader that fell with an append in its hands does not
   * answer, and the caller need not wait for the deadline to learn that the outcome is unknown.
   */
  #watchSuccession(): void {
    this.#successionWatch ??= setInterval(() => void this.#askSuccessor(), SUCCESSION_GRACE_MS)
  }

  async #askSuccessor(): Promise<void> {
    const oldest = this.#batcher.oldestTerm
    if (oldest === undefined || this.#isClosed) {
      clearInterval(this.#successionWatch)
      this.#successionWatch = undefined
      return
    }
    const outcome = await this.#askOnce({ type: 'status' })
    if (outcome.type !== 'status' || outcome.term <= oldest) return
    setTimeout(() => this.#batcher.giveUpBefore(outcome.term), SUCCESSION_GRACE_MS)
  }

  #askOnce(request: ClientRequest): Promise<ClientOutcome> {
    return new Promise((settled) => this.#client.request(this.group, request, ASK_TIMEOUT_MS, settled))
  }

  /** Settles what is open, as of unknown outcome. A connection that was given stays open. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#successionWatch)
    await new Promise<void>((resolve) => {
      this.#client.close(resolve)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #askUntil<Type extends ClientReply['type']>(
    request: ClientRequest,
    wanted: Type,
    options: AppendOptions,
  ): Promise<WantedReply<Type>> {
    const giveUp = giveUpAfter(appendTimeoutMs(options), options.signal)
    try {
      const reply = await this.#ask(request, wanted, giveUp.signal)
      if (reply === undefined) throw this.#notLed(options)
      return reply
    } finally {
      giveUp.release()
    }
  }

  #ask<Type extends ClientReply['type']>(
    request: ClientRequest,
    wanted: Type,
    signal: AbortSignal,
  ): Promise<WantedReply<Type> | undefined> {
    const { group } = this
    const askOnce = (asked: ClientRequest): Promise<ClientOutcome> => this.#askOnce(asked)
    return askLeader({ group, request, wanted, askOnce, isClosed: () => this.#isClosed }, signal)
  }

  #notLed({ signal }: AppendOptions): unknown {
    if (signal?.aborted === true) return signal.reason
    return this.#isClosed ? new LogClosedError(this.group) : new NotLeaderError(this.group, undefined)
  }
}

/**
 * Opens the way to a group's log for a process that is no member of it.
 * @throws TypeError for a bad name.
 */
export function connectLog(group: GroupId, { network }: { readonly network: Network }): RemoteLog {
  assertName('group', group)
  return new RemoteLog(network.client(), group)
}
