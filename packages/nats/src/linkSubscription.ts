import type { NatsConnectionLike, NatsMessageLike, NatsSubscriptionLike } from './connection.ts'
import { messageOf } from './errors.ts'
import type { Problems } from './problems.ts'

export type MessageHandler = (message: NatsMessageLike) => void

interface Listening {
  readonly subject: string
  readonly what: string
  readonly onMessage: MessageHandler
}

/** One subscription of ours, for as long as the link stands. */
export class LinkSubscription {
  readonly #connection: NatsConnectionLike
  readonly #problems: Problems
  readonly #listening: Listening
  #subscription: NatsSubscriptionLike | undefined
  #hasEnded = false

  constructor(connection: NatsConnectionLike, problems: Problems, listening: Listening) {
    this.#connection = connection
    this.#problems = problems
    this.#listening = listening
  }

  /** Subscribes unless that stands. */
  renew(): void {
    if (this.#hasEnded || this.#subscription?.isClosed() === false) return
    const { subject } = this.#listening
    try {
      this.#subscription = this.#connection.subscribe(subject, {
        // A denial comes here and as a status; it is told there.
        callback: (error, message) => {
          if (error === null) this.#hand(message)
        },
      })
    } catch (error) {
      this.#problems.report('refused', `the NATS client did not subscribe to ${subject}: ${messageOf(error)}`, {
        subject,
        error,
      })
    }
  }

  /** What the server has sent is still handed on if it `isUp`, and the end is known to it then. */
  async end(isUp: boolean): Promise<void> {
    this.#hasEnded = true
    const subscription = this.#subscription
    if (subscription === undefined || subscription.isClosed()) return
    try {
      if (isUp) await subscription.drain()
      else subscription.unsubscribe()
    } catch {
      // The connection ended first.
    }
  }

  // An exception that reaches the client ends its reader: the whole connection then hears nothing, for minutes.
  #hand(message: NatsMessageLike): void {
    try {
      this.#listening.onMessage(message)
    } catch (error) {
      const { subject, what } = this.#listening
      this.#problems.report('callback', `${what} could not be handled: ${messageOf(error)}`, { subject, error })
    }
  }
}
