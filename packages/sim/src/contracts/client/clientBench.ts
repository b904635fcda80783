import type { ClientOutcome, ClientReply, ClientRequest, ClientTransport, GroupId, Term } from '@quorate/core'
import { Callbacks, type Called } from '../callbacks.ts'
import { Waiting, type Patience } from '../patience.ts'

/** Where client transports meet. */
export interface ClientMeeting {
  /** Another client transport, ready to be used. */
  client(): Promise<ClientTransport>
  /** Clears up. Called once, after all transports were closed. */
  remove?(): Promise<void>
}

/** What a contract needs to put client transports to the test. */
export interface ClientTransportHarness extends Patience {
  /** A meeting of its own for each call: nobody hears what is asked in another one. */
  meeting(): Promise<ClientMeeting>
  /** The milliseconds that timeouts go by; those of the process unless given. */
  readonly now?: () => number
}

/** Promises by their titles, and how to put each to the test. */
export type ClientTests = Readonly<Record<string, (bench: ClientBench) => Promise<void>>>

/** How a leader of the test answers; it may keep `reply` for later. */
export type Answer = (request: ClientRequest, reply: (reply: ClientReply) => void) => void

/** Who listens for a group, and what it has heard. */
export interface Listener {
  readonly client: ClientTransport
  readonly heard: ClientRequest[]
  /** Ends it. What began or ended is known when the promise resolves. */
  stop(): Promise<void>
}

export type Outcome = Called<[outcome: ClientOutcome]>

const PATIENT_MS = 60_000

/** Clients and leaders in a meeting of their own, as the cases of a contract deal with them. */
export class ClientBench {
  readonly callbacks: Callbacks
  readonly waiting: Waiting
  readonly now: () => number
  readonly #meeting: ClientMeeting
  readonly #clients: ClientTransport[] = []
  readonly #closed = new Set<ClientTransport>()
  #requests = 0

  constructor(harness: ClientTransportHarness, meeting: ClientMeeting) {
    this.waiting = new Waiting(harness)
    this.callbacks = new Callbacks(this.waiting)
    this.now = harness.now ?? (() => performance.now())
    this.#meeting = meeting
  }

  async client(): Promise<ClientTransport> {
    const client = await this.#meeting.client()
    this.#clients.push(client)
    return client
  }

  /** A client that listens for `group` in `term`, when all know that it does. */
  async listen(term: Term, answer: Answer, group: GroupId = 'orders'): Promise<Listener> {
    const client = await this.client()
    const heard: ClientRequest[] = []
    const stop = client.serve(group, term, (request, reply) => {
      heard.push(request)
      answer(request, reply)
    })
    await this.waiting.settle()
    return {
      client,
      heard,
      stop: async () => {
        stop()
        await this.waiting.settle()
      },
    }
  }

  /** Makes a request, and does not wait. */
  begin(client: ClientTransport, request: ClientRequest, { group = 'orders', timeoutMs = PATIENT_MS } = {}): Outcome {
    const name = `request ${++this.#requests} (${request.type} to ${group}, for ${timeoutMs} ms)`
    const expected = this.callbacks.expect<[outcome: ClientOutcome]>(name)
    this.callbacks.during(name, () => client.request(group, request, timeoutMs, expected.callback))
    return expected
  }

  /** How a request ended. */
  async ask(
    client: ClientTransport,
    request: ClientRequest,
    options?: { readonly group?: GroupId; readonly timeoutMs?: number },
  ): Promise<ClientOutcome> {
    return this.outcomeOf(this.begin(client, request, options))
  }

  async outcomeOf(outcome: Outcome): Promise<ClientOutcome> {
    const [settled] = await this.callbacks.valuesOf(outcome)
    return settled
  }

  beginClose(client: ClientTransport): Called {
    this.#closed.add(client)
    const expected = this.callbacks.expect<[]>('close')
    // Whether a transport closes at once or later is its own affair.
    client.close(expected.callback)
    return expected
  }

  async close(client: ClientTransport): Promise<void> {
    await this.callbacks.valuesOf(this.beginClose(client))
  }

  /** Whatever was expected has come, once. */
  finish(): Promise<void> {
    return this.callbacks.finish()
  }

  /** Lets go of all clients, whatever state they are in. */
  async dispose(): Promise<void> {
    for (const client of this.#clients) {
      if (this.#closed.has(client)) continue
      let isDone = false
      client.close(() => {
        isDone = true
      })
      // A transport that is broken enough never says so; the case has told what is wrong with it.
      await this.waiting
        .until(
          () => isDone,
          () => 'close never called back',
        )
        .catch(() => {})
    }
    await this.#meeting.remove?.()
  }
}
