import { type Denial, type NatsConnectionLike, type NatsStatusLike, serverErrorOf } from './connection.ts'
import { messageOf } from './errors.ts'
import { LinkSubscription, type MessageHandler } from './linkSubscription.ts'
import type { Problems } from './problems.ts'

/** What the owner of a link wants to know. */
export interface LinkObserver {
  /** The server has our subscriptions. Once at the start, and after each interruption. */
  connected(): void
  disconnected(): void
  /** Whether a denied publish or subscription may have been ours: the connection can have other users. */
  isOurs(denial: Denial): boolean
}

/** The largest message that a server takes unless it was told otherwise. */
const DEFAULT_MAX_PAYLOAD = 1024 * 1024

/** An end that takes longer is taken for granted: a frozen server must not hold up the end of a process. */
const END_PATIENCE_MS = 1_000

/**
 * A connection as one transport sees it: whether it is up, the transport's own subscriptions, publishing that never
 * throws. It ends without touching what others do with the connection.
 */
export class Link {
  readonly #connection: NatsConnectionLike
  readonly #problems: Problems
  readonly #subscriptions = new Set<LinkSubscription>()
  #observer: LinkObserver | undefined
  #stopWatching: (() => void) | undefined
  /** `fresh` until the first round trip: a connection may be handed over while it dials, so nobody knows. */
  #state: 'fresh' | 'up' | 'down' | 'ended' = 'fresh'
  /** Counts the interruptions and returns: what was begun before one says nothing after it. */
  #era = 0
  #maxPayload = DEFAULT_MAX_PAYLOAD

  constructor(connection: NatsConnectionLike, problems: Problems) {
    this.#connection = connection
    this.#problems = problems
  }

  /** What is published while this is false goes into a buffer without bounds, and from there nowhere. */
  get isUp(): boolean {
    return (this.#state === 'up' || this.#state === 'fresh') && this.#connection.info !== undefined
  }

  /** Nothing will come of this connection any more. */
  get hasEnded(): boolean {
    return this.#state === 'ended' || this.#connection.isClosed()
  }

  /** The largest message that the server takes; the next server may differ. */
  get maxPayload(): number {
    return (this.#maxPayload = this.#connection.info?.max_payload ?? this.#maxPayload)
  }

  /** Subscriptions made before are in place when the observer hears `connected`. */
  watch(observer: LinkObserver): void {
    this.#observer = observer
    void this.#followStatus()
    void this.#connection.closed().then(
      (error) => this.#end(error ?? undefined),
      (error: unknown) => this.#end(error),
    )
    this.#prove()
  }

  /** @param what names the messages in problems. */
  subscribe(subject: string, what: string, onMessage: MessageHandler): LinkSubscription {
    const subscription = new LinkSubscription(this.#connection, this.#problems, { subject, what, onMessage })
    this.#subscriptions.add(subscription)
    subscription.renew()
    return subscription
  }

  async unsubscribe(subscription: LinkSubscription): Promise<void> {
    this.#subscriptions.delete(subscription)
    await subscription.end(this.isUp)
  }

  /** Whether the client took it; never evidence that anything was sent. */
  publish(subject: string, payload: Uint8Array, reply?: string): boolean {
    return this.isUp && this.#publish(subject, payload, reply)
  }

  /**
   * Publishes an answer to what has just been received: that came over this connection, so the answer can go back,
   * though the connection has not proven itself yet since it was interrupted.
   */
  answer(subject: string, payload: Uint8Array): boolean {
    const canSend = this.#state !== 'ended' && this.#connection.info !== undefined
    return canSend && this.#publish(subject, payload, undefined)
  }

  #publish(subject: string, payload: Uint8Array, reply: string | undefined): boolean {
    try {
      this.#connection.publish(subject, payload, reply === undefined ? {} : { reply })
      return true
    } catch (error) {
      this.#problems.report('refused', `the NATS client did not publish on ${subject}: ${messageOf(error)}`, {
        subject,
        error,
      })
      return false
    }
  }

  /** Ends our subscriptions, and theirs alone. */
  async close(): Promise<void> {
    const isUp = this.isUp
    this.#state = 'ended'
    this.#observer = undefined
    this.#stopWatching?.()
    const subscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    await withPatience(Promise.all(subscriptions.map((subscription) => subscription.end(isUp))))
  }

  async #followStatus(): Promise<void> {
    try {
      const statuses = this.#connection.status()
      this.#stopWatching = () => stopIterating(statuses)
      for await (const status of statuses) this.#heed(status)
    } catch (error) {
      this.#problems.report('server', `the status of the connection ended with an error: ${messageOf(error)}`, {
        error,
      })
    }
  }

  #heed(status: NatsStatusLike): void {
    if (this.#observer === undefined) return
    if (status.type === 'disconnect') this.#goDown()
    if (status.type === 'reconnect') this.#comeBack()
    if (status.type === 'error') this.#heedError(status)
  }

  #heedError(status: NatsStatusLike): void {
    const { message, denial } = serverErrorOf(status)
    if (denial === undefined) {
      this.#problems.report('server', `nats-server: ${message}`, { error: status })
    } else if (this.#observer?.isOurs(denial) === true) {
      const advice = 'Give the user of this connection the permission; docs/subjects.md lists what is needed.'
      const what = denial.operation === 'publish' ? 'publish on' : 'subscribe to'
      this.#problems.report('denied', `nats-server does not let us ${what} ${denial.subject}. ${advice}`, {
        subject: denial.subject,
        error: status,
      })
    }
  }

  #comeBack(): void {
    if (this.#state === 'ended') return
    this.#era++
    // A subscription that was denied is gone for the client; this server may think differently.
    for (const subscription of this.#subscriptions) subscription.renew()
    this.#prove()
  }

  /** Up after a round trip: the server answers behind our subscriptions. The ping fails if the connection is down. */
  #prove(): void {
    const era = this.#era
    this.#connection.flush().then(
      () => {
        if (era === this.#era) this.#goUp()
      },
      () => {
        if (era === this.#era) this.#goDown()
      },
    )
  }

  #goUp(): void {
    if (this.#state === 'ended') return
    this.#state = 'up'
    this.#tell((observer) => observer.connected())
  }

  #goDown(): void {
    if (this.#state === 'ended') return
    this.#era++
    if (this.#state === 'down') return
    this.#state = 'down'
    this.#tell((observer) => observer.disconnected())
  }

  #end(error: unknown): void {
    if (this.#state === 'ended') return
    this.#goDown()
    this.#state = 'ended'
    this.#stopWatching?.()
    const why = error === undefined ? 'somebody closed it' : messageOf(error)
    this.#problems.report('closed', `the NATS connection has ended for good: ${why}. Open a new one.`, { error })
  }

  #tell(about: (observer: LinkObserver) => void): void {
    if (this.#observer === undefined) return
    try {
      about(this.#observer)
    } catch (error) {
      this.#problems.report('callback', `a transport's observer threw: ${messageOf(error)}`, { error })
    }
  }
}

// The iterators of both clients can be stopped. Their `return` would wait for the next status instead.
function stopIterating(statuses: AsyncIterable<NatsStatusLike>): void {
  const { stop } = statuses as { stop?: () => void }
  stop?.call(statuses)
}

async function withPatience(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, END_PATIENCE_MS)
  })
  await Promise.race([work, patience])
  clearTimeout(timer)
}
