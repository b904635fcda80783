import { randomBytes } from 'node:crypto'
import { assertName, isName } from '@quorate/core'
import type { AppendRequest, ClientOutcome, ClientReply, ClientRequest, NotSent } from '@quorate/core'
import type { ClientRequestHandler, ClientTransport, GroupId, Term } from '@quorate/core'
import { MAX_FRAME_BYTES, decodeClientReply, encodeClientRequest, maxEntryBytesFor } from '@quorate/wire'
import { reportUnreadable, streamThatAnswered } from './badFrames.ts'
import type { Denial, NatsConnectionLike, NatsMessageLike } from './connection.ts'
import { GroupService, UNREADABLE_ID } from './groupService.ts'
import { messageOf } from './errors.ts'
import { Link } from './link.ts'
import { type OpenRequest, OpenRequests } from './openRequests.ts'
import { hold, release } from './ownership.ts'
import { type ProblemCounts, type ProblemHandler, Problems } from './problems.ts'
import { Subjects, assertInboxPrefix } from './subjects.ts'

export interface NatsClientTransportOptions {
  /** One of yours, which is then left as it was found, or one made by `connectNats`. */
  readonly connection: NatsConnectionLike
  /** What all subjects begin with; the same for all nodes and clients. `quorate` unless given. */
  readonly prefix?: string
  /** A name for the permissions to tell clients apart by: replies come to `<prefix>.v1.reply.<client>.>`. */
  readonly client?: string
  /**
   * Where replies come to instead. Unless given, the `inboxPrefix` of the connection if it was made with one: whoever
   * sets it does so because the server permits no other.
   */
  readonly inboxPrefix?: string
  /** Hears of the first problem of each kind, and of every thousandth. */
  readonly onProblem?: ProblemHandler
}

export interface NatsClientTransportCounters {
  requestsSent: number
  /** Answers to requests that were settled before: late ones, and those of a second listener. */
  repliesIgnored: number
  readonly problems: ProblemCounts
}

/** From any process to the leaders of groups, and from them to any process, over NATS subjects. */
export interface NatsClientTransport extends ClientTransport {
  readonly counters: Readonly<NatsClientTransportCounters>
}

/** So long a "not I" waits for the answer of another who may listen too. */
const HELD_MS = 50

/** Of the time that a request has left, as much goes into asking why nobody listened. */
const MAX_INQUIRY_MS = 1_000

const NO_RESPONDERS = 503

/** @throws TypeError when the prefix, the name or the inbox cannot be used. */
export function natsClientTransport(options: NatsClientTransportOptions): NatsClientTransport {
  return new SubjectClientTransport(options)
}

class SubjectClientTransport implements NatsClientTransport {
  readonly counters: NatsClientTransportCounters
  readonly #connection: NatsConnectionLike
  readonly #subjects: Subjects
  /** Ends in a dot; the id of a request follows. */
  readonly #inbox: string
  readonly #problems: Problems
  readonly #link: Link
  readonly #open = new OpenRequests((request) => this.#expired(request))
  readonly #services = new Map<GroupId, GroupService>()
  #lastId = UNREADABLE_ID
  #hasClosed = false

  constructor({ connection, prefix = 'quorate', client, inboxPrefix, onProblem }: NatsClientTransportOptions) {
    if (client !== undefined) assertName('client', client)
    this.#connection = connection
    this.#subjects = new Subjects(prefix)
    const inbox = inboxPrefix ?? connection.options?.inboxPrefix ?? this.#subjects.replies(client)
    assertInboxPrefix(inbox)
    this.#inbox = `${inbox}.${randomBytes(12).toString('hex')}.`
    this.#problems = new Problems(onProblem)
    this.#link = new Link(connection, this.#problems)
    this.counters = { requestsSent: 0, repliesIgnored: 0, problems: this.#problems.counts }
    hold(connection)
    this.#link.subscribe(`${this.#inbox}*`, 'a reply', (message) => this.#replied(message))
    this.#link.watch({
      connected: () => {},
      disconnected: () => this.#disconnected(),
      isOurs: (denial) => this.#isOurs(denial),
    })
  }

  get maxEntryBytes(): number {
    return maxEntryBytesFor(this.#link.maxPayload)
  }

  request(group: GroupId, request: ClientRequest, timeoutMs: number, settled: (outcome: ClientOutcome) => void): void {
    const id = ++this.#lastId
    const deadlineMs = performance.now() + timeoutMs
    const outcome = this.#send({ id, group, request, settled, deadlineMs, held: undefined })
    if (outcome !== undefined) queueMicrotask(() => this.#tell(settled, outcome))
  }

  serve(group: GroupId, term: Term, handler: ClientRequestHandler): () => void {
    assertName('group', group)
    // Two listeners of one process would both append.
    void this.#services.get(group)?.end()
    const surroundings = { link: this.#link, subjects: this.#subjects, problems: this.#problems }
    const service = new GroupService(surroundings, { group, term, handler })
    this.#services.set(group, service)
    return () => {
      if (this.#services.get(group) === service) this.#services.delete(group)
      void service.end()
    }
  }

  close(done: () => void): void {
    this.#hasClosed = true
    for (const service of this.#services.values()) void service.end()
    this.#services.clear()
    queueMicrotask(() => this.#settleAll({ type: 'noAnswer', reason: 'closed' }))
    void this.#link
      .close()
      .then(() => release(this.#connection))
      .catch(() => {
        // The connection ended first.
      })
      .then(done)
  }

  /** What became of it, if it was not sent. */
  #send(open: OpenRequest): ClientOutcome | undefined {
    if (this.#hasClosed || this.#link.hasEnded) return notSent('closed')
    if (!isName(open.group)) return malformed(`${JSON.stringify(open.group)} is not the name of a group`)
    let bytes: Uint8Array
    try {
      bytes = encodeClientRequest(open.id, open.request)
    } catch (error) {
      return malformed(messageOf(error))
    }
    if (bytes.length > Math.min(this.#link.maxPayload, MAX_FRAME_BYTES)) return notSent('tooLarge')
    if (!this.#link.publish(this.#subjectOf(open), bytes, `${this.#inbox}${open.id}`)) return notSent('disconnected')
    this.counters.requestsSent++
    this.#open.add(open)
    return undefined
  }

  #subjectOf({ group, request }: OpenRequest): string {
    return request.type === 'append' ? this.#subjects.append(group, request.term) : this.#subjects.read(group)
  }

  #replied(message: NatsMessageLike): void {
    const { subject, data } = message
    const open = this.#open.get(Number(subject.slice(this.#inbox.length)))
    if (open === undefined) {
      this.counters.repliesIgnored++
      return
    }
    if (data.length === 0 && message.headers?.code === NO_RESPONDERS) {
      this.#foundNobody(open)
      return
    }
    const reply = this.#decode(open, message)
    if (reply === undefined) return
    if (reply.type === 'notLeader' && open.request.type !== 'append') this.#hold(open, reply)
    else this.#settle(open, reply)
  }

  #decode(open: OpenRequest, { subject, data }: NatsMessageLike): ClientReply | undefined {
    try {
      const { id, reply } = decodeClientReply(data, MAX_FRAME_BYTES)
      if (id === open.id || (id === UNREADABLE_ID && reply.type === 'refused')) return reply
      this.#problems.report('misaddressed', `the answer to request ${id} came to request ${open.id}`, { subject })
    } catch (error) {
      const stream = streamThatAnswered(data)
      if (stream === undefined) reportUnreadable(this.#problems, subject, error)
      else this.#reportStream(stream, this.#subjectOf(open))
    }
    return undefined
  }

  #reportStream(stream: string, subject: string): void {
    const what = `the JetStream stream ${stream} stores ${subject} and answers in place of the leader. `
    this.#problems.report('stream', `${what}Take the subjects of Quorate out of the stream.`, { subject })
  }

  /**
   * The server itself says that nobody listens. For an append that proves that the leader of its term is not there;
   * whether there is another leader is asked before the outcome is told.
   */
  #foundNobody(open: OpenRequest): void {
    const { group, request } = open
    if (request.type !== 'append') {
      this.#settle(open, { type: 'noResponder' })
      return
    }
    if (!this.#open.remove(open)) return
    const patienceMs = Math.min(MAX_INQUIRY_MS, open.deadlineMs - performance.now())
    const settle = (answer: ClientOutcome): void => this.#tell(open.settled, outcomeUnheard(request, answer))
    if (patienceMs <= 0) settle({ type: 'noResponder' })
    else this.request(group, { type: 'status' }, patienceMs, settle)
  }

  /** While an old leader and a new one both listen, the one's "not I" says nothing of the other. */
  #hold(open: OpenRequest, reply: ClientReply & { type: 'notLeader' }): void {
    open.held ??= reply
    this.#open.shorten(open, performance.now() + HELD_MS)
  }

  #expired({ held, settled }: OpenRequest): void {
    this.#tell(settled, held ?? { type: 'noAnswer', reason: 'timeout' })
  }

  #disconnected(): void {
    this.#settleAll({ type: 'noAnswer', reason: 'disconnected' })
  }

  #settleAll(outcome: ClientOutcome): void {
    for (const { settled } of this.#open.removeAll()) this.#tell(settled, outcome)
  }

  #settle(open: OpenRequest, outcome: ClientOutcome): void {
    if (this.#open.remove(open)) this.#tell(open.settled, outcome)
  }

  #tell(settled: (outcome: ClientOutcome) => void, outcome: ClientOutcome): void {
    try {
      settled(outcome)
    } catch (error) {
      this.#problems.report('callback', `an outcome could not be handled: ${messageOf(error)}`, { error })
    }
  }

  // A leader answers to subjects that only the clients know, so while one listens here any denied answer may be ours.
  #isOurs({ operation, subject }: Denial): boolean {
    if (subject.startsWith(this.#subjects.rpcRoot)) return false
    const { appendRoot, readRoot, replyRoot } = this.#subjects
    if ([this.#inbox, appendRoot, readRoot, replyRoot].some((root) => subject.startsWith(root))) return true
    return operation === 'publish' && this.#services.size > 0
  }
}

/** How an append ended that nobody heard, given what became of the question who leads. */
function outcomeUnheard(request: AppendRequest, answer: ClientOutcome): ClientOutcome {
  if (answer.type === 'notLeader') return answer
  if (answer.type === 'status' && answer.term !== request.term) {
    return { type: 'notLeader', term: answer.term, leaderId: answer.leaderId }
  }
  return { type: 'noResponder' }
}

function notSent(reason: NotSent['reason']): ClientOutcome {
  return { type: 'notSent', reason }
}

function malformed(message: string): ClientOutcome {
  return { type: 'refused', reason: 'malformed', message }
}
