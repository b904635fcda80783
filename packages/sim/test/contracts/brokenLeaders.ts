import type { ClientRequestHandler } from '@quorate/core'
import type { Breakage } from './caught.ts'
import { settling, serving, withSharedHandlers } from './clientChanges.ts'
import { altered, type ClientChange } from './soundClients.ts'

const NOBODY = 'finds that nobody listens'
const ITS_TERM = 'brings an append to the leader of its term alone, while another leads as well'
const ENDED = 'brings nothing to a leader that has ended, and still answers what is under way'

/** How leaders go wrong. */
export const brokenLeaders: readonly Breakage<ClientChange>[] = [
  [
    'waits where nobody listens',
    settling((outcome, settled) => outcome.type !== 'noResponder' && settled(outcome)),
    NOBODY,
    /never called back/,
  ],
  [
    'takes nobody for no answer',
    settling((outcome, settled) =>
      settled(outcome.type === 'noResponder' ? { type: 'noAnswer', reason: 'timeout' } : outcome),
    ),
    NOBODY,
    /type is "noAnswer", not "noResponder"/,
  ],
  [
    'knows one group alone',
    serving((serve) => (_, term, handler) => serve('orders', term, handler)),
    'keeps groups apart',
    /the outcome/,
  ],
  [
    'brings an append to all who lead',
    withSharedHandlers((handlers, request, reply) => {
      for (const { handler } of handlers) handler(request, reply)
    }),
    ITS_TERM,
    /reached the leader of another term too|the outcome/,
  ],
  [
    'brings an append to whoever began last',
    withSharedHandlers((handlers, request, reply) => handlers.at(-1)?.handler(request, reply)),
    ITS_TERM,
    /the outcome of an append of term 5\.term is 6, not 5/,
  ],
  [
    'brings an append to the leader there is, whatever its term',
    withSharedHandlers((handlers, request, reply) => {
      const meant = handlers.find(({ term }) => request.type === 'append' && request.term === term)
      ;(meant ?? handlers[0])?.handler(request, reply)
    }),
    'brings an append of a term that nobody leads to nobody',
    /an append of term 7 reached the leader of term 5/,
  ],
  [
    'settles with every answer it gets',
    (client) =>
      altered(client, {
        request: (group, request, timeoutMs, settled) => {
          client.request(group, request, timeoutMs, settled)
          if (request.type === 'status') client.request(group, request, timeoutMs, settled)
        },
      }),
    'settles a request once that two leaders answer',
    /called back 2 times/,
  ],
  [
    'keeps 32 bits of the term it serves in',
    serving((serve) => (group, term, handler) => (term > 2 ** 32 ? () => {} : serve(group, term, handler))),
    'brings reads and status requests to whoever leads, in whatever term',
    /the outcome/,
  ],
  [
    'listens on when it has ended',
    serving((serve) => (group, term, handler) => {
      serve(group, term, handler)
      return () => {}
    }),
    ENDED,
    /behind the end of the leader/,
  ],
  [
    'answers nothing any more when it has ended',
    serving((serve) => (group, term, handler) => {
      let hasEnded = false
      const end = serve(group, term, (request, reply) => handler(request, (answer) => hasEnded || reply(answer)))
      return () => {
        hasEnded = true
        end()
      }
    }),
    ENDED,
    /never called back/,
  ],
  [
    'keeps its first handler for good',
    (client) => {
      let first: ClientRequestHandler | undefined
      return altered(client, {
        serve: (group, term, handler) => client.serve(group, term, (first ??= handler)),
      })
    },
    'lets one who has ended listen again, in a later term',
    /the outcome/,
  ],
]
