import type { ClientReply, ClientRequest, ClientRequestHandler, GroupId, Term } from '@quorate/core'
import { MAX_FRAME_BYTES, decodeClientRequest, encodeClientReply, maxEntryBytesFor } from '@quorate/wire'
import { reportUnreadable } from './badFrames.ts'
import type { NatsMessageLike } from './connection.ts'
import { messageOf } from './errors.ts'
import type { Link } from './link.ts'
import type { LinkSubscription } from './linkSubscription.ts'
import type { Problems } from './problems.ts'
import type { Subjects } from './subjects.ts'

/** Stands for the id in the answer to a request that could not be read, id included. Requests count from 1. */
export const UNREADABLE_ID = 0

interface Surroundings {
  readonly link: Link
  readonly subjects: Subjects
  readonly problems: Problems
}

/** A leader, for as long as it leads. */
export interface Leadership {
  readonly group: GroupId
  readonly term: Term
  readonly handler: ClientRequestHandler
}

/** The leader of one group, listening. */
export class GroupService {
  readonly #link: Link
  readonly #problems: Problems
  readonly #leadership: Leadership
  readonly #subscriptions: readonly LinkSubscription[]

  constructor({ link, subjects, problems }: Surroundings, leadership: Leadership) {
    this.#link = link
    this.#problems = problems
    this.#leadership = leadership
    const { group, term } = leadership
    this.#subscriptions = [
      this.#listen(subjects.read(group), (request) => request.type !== 'append'),
      this.#listen(subjects.append(group, term), (request) => request.type === 'append' && request.term === term),
    ]
  }

  /** What the server has sent before it hears of the end is still answered. */
  async end(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => this.#link.unsubscribe(subscription)))
  }

  #listen(subject: string, isExpected: (request: ClientRequest) => boolean): LinkSubscription {
    return this.#link.subscribe(subject, 'a request', (message) => this.#received(message, isExpected))
  }

  #received(message: NatsMessageLike, isExpected: (request: ClientRequest) => boolean): void {
    const { subject, reply: replySubject } = message
    if (replySubject === undefined || replySubject === '') {
      this.#problems.report('misaddressed', `a request on ${subject} says nowhere to answer`, { subject })
      return
    }
    let id: number
    let request: ClientRequest
    try {
      ;({ id, request } = decodeClientRequest(message.data, MAX_FRAME_BYTES))
    } catch (error) {
      reportUnreadable(this.#problems, subject, error)
      this.#answer(replySubject, UNREADABLE_ID, { type: 'refused', reason: 'malformed', message: messageOf(error) })
      return
    }
    if (isExpected(request)) {
      this.#call(this.#withinPayload(request), (reply) => this.#answer(replySubject, id, reply))
    } else {
      const what = `a request of type ${request.type} came where it does not belong`
      this.#problems.report('misaddressed', what, { subject })
      this.#answer(replySubject, id, { type: 'refused', reason: 'malformed', message: what })
    }
  }

  /** Hands `request` on; `reply` is called once, whatever the handler does. */
  #call(request: ClientRequest, reply: (reply: ClientReply) => void): void {
    let isOpen = true
    try {
      this.#leadership.handler(request, (answer) => {
        if (!isOpen) return
        isOpen = false
        reply(answer)
      })
    } catch (error) {
      // No answer is the honest one: how far the handler came is unknown.
      const what = `a request of type ${request.type} to group ${this.#leadership.group} could not be handled`
      this.#problems.report('callback', `${what}: ${messageOf(error)}`, { error })
    }
  }

  #withinPayload(request: ClientRequest): ClientRequest {
    if (request.type !== 'read') return request
    return { ...request, maxBytes: Math.min(request.maxBytes, maxEntryBytesFor(this.#link.maxPayload)) }
  }

  #answer(replySubject: string, id: number, reply: ClientReply): void {
    try {
      const bytes = encodeClientReply(id, reply)
      if (bytes.length <= this.#link.maxPayload) this.#link.answer(replySubject, bytes)
      else this.#answer(replySubject, id, shorter(reply))
    } catch (error) {
      this.#problems.report('tooLarge', `a reply could not be encoded: ${messageOf(error)}`, { error })
    }
  }
}

/** The same answer with fewer entries, which is an answer too: whoever reads asks for more. */
function shorter(reply: ClientReply): ClientReply {
  if (reply.type === 'entries' && reply.entries.length > 1) {
    return { ...reply, entries: reply.entries.slice(0, reply.entries.length >> 1) }
  }
  return { type: 'refused', reason: 'tooLarge', message: 'the answer is larger than a message may be' }
}
