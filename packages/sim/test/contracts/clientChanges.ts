import type { ClientOutcome, ClientReply, ClientRequest, ClientRequestHandler, ClientTransport } from '@quorate/core'
import { altered, type ClientChange } from './soundClients.ts'

/** Told how a request ended. */
export type Settled = (outcome: ClientOutcome) => void
type Serve = ClientTransport['serve']

/** A client whose requests settle in another way. */
export function settling(change: (outcome: ClientOutcome, settled: Settled) => void): ClientChange {
  return (client) =>
    altered(client, {
      request: (group, request, timeoutMs, settled) =>
        client.request(group, request, timeoutMs, (outcome) => change(outcome, settled)),
    })
}

/** A client that asks something else. */
export function asking(change: (request: ClientRequest) => ClientRequest): ClientChange {
  return (client) =>
    altered(client, {
      request: (group, request, timeoutMs, settled) => client.request(group, change(request), timeoutMs, settled),
    })
}

/** A leader that is heard in another way. */
export function serving(change: (serve: Serve) => Serve): ClientChange {
  return (client) => altered(client, { serve: change((group, term, handler) => client.serve(group, term, handler)) })
}

/** A leader whose answers are other ones than those it gave. */
export function replying(change: (reply: ClientReply) => ClientReply): ClientChange {
  return serving(
    (serve) => (group, term, handler) =>
      serve(group, term, (request, reply) => handler(request, (answer) => reply(change(answer)))),
  )
}

interface Listening {
  readonly term: number
  readonly handler: ClientRequestHandler
}

type Choice = (handlers: readonly Listening[], request: ClientRequest, reply: (reply: ClientReply) => void) => void

const listening = new WeakMap<object, Listening[]>()
const clients = new WeakMap<object, ClientTransport[]>()

/** Clients that bring each append to those of all who listen that `choose` calls. */
export function withSharedHandlers(choose: Choice): ClientChange {
  return (client, meeting) => {
    const handlers = listening.get(meeting) ?? []
    listening.set(meeting, handlers)
    return altered(client, {
      request: (group, request, timeoutMs, settled) => {
        if (request.type !== 'append') return client.request(group, request, timeoutMs, settled)
        setTimeout(() => choose(handlers, request, settled), 1)
      },
      serve: (group, term, handler) => {
        handlers.push({ term, handler })
        return client.serve(group, term, handler)
      },
    })
  }
}

/** All clients of a meeting. */
export function clientsOf(meeting: object): ClientTransport[] {
  const all = clients.get(meeting) ?? []
  clients.set(meeting, all)
  return all
}
