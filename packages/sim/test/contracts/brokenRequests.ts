import type { ClientReply, ClientRequest, Command } from '@quorate/core'
import { everyReply } from '../../src/contracts/sampleRequests.ts'
import type { Breakage } from './caught.ts'
import { type Settled, settling, asking, replying } from './clientChanges.ts'
import { altered, type ClientChange } from './soundClients.ts'

const APPEND = 'brings append to the leader as it was asked'
const NOBODY = 'finds that nobody listens'

const STATUS: ClientRequest = { type: 'status' }
const READ: ClientRequest = { type: 'read', after: 0, maxBytes: 1 }
const UNKNOWN: ClientReply = { type: 'unknown', term: 7 }
const APPENDED: ClientReply = { type: 'appended', firstIndex: 1, term: 7 }

/** How requests go wrong. */
export const brokenRequests: readonly Breakage<ClientChange>[] = [
  ['never settles', settling(() => {}), APPEND, /request 1 .* never called back/],
  [
    'settles twice',
    settling((outcome, settled) => {
      settled(outcome)
      settled(outcome)
    }),
    APPEND,
    /request 1 .* called back 2 times/,
  ],
  [
    'settles from within the call',
    (client) =>
      altered(client, {
        request: (group, request, timeoutMs, settled) => {
          if (request.type === 'status') settled({ type: 'noResponder' })
          else client.request(group, request, timeoutMs, settled)
        },
      }),
    NOBODY,
    /from within a call/,
  ],
  [
    'drops the subjects of commands',
    asking((request) =>
      request.type === 'append' ? { ...request, commands: request.commands.map(without('subject')) } : request,
    ),
    APPEND,
    /the request that reached the leader\.commands\[2\]\.subject is undefined/,
  ],
  [
    'drops the idempotency keys of commands',
    asking((request) =>
      request.type === 'append' ? { ...request, commands: request.commands.map(without('idempotency')) } : request,
    ),
    APPEND,
    /the request that reached the leader\.commands\[1\]\.idempotency is undefined/,
  ],
  [
    'reads from the beginning, whatever it is asked',
    asking((request) => (request.type === 'read' ? { ...request, after: 0 } : request)),
    'brings read to the leader as it was asked',
    /the request that reached the leader\.after is 0/,
  ],
  [
    'asks twice to be sure',
    (client) =>
      altered(client, {
        request: (group, request, timeoutMs, settled) => {
          client.request(group, request, timeoutMs, () => {})
          client.request(group, request, timeoutMs, settled)
        },
      }),
    APPEND,
    /how many requests reached the leader is 4, not 2/,
  ],
  [
    'forgets who leads',
    replying((reply) => (reply.type === 'notLeader' ? { ...reply, leaderId: undefined } : reply)),
    'brings the reply notLeader back as it was given',
    /leaderId is undefined, not "n2"/,
  ],
  [
    'drops the last entry of a reply',
    replying((reply) => (reply.type === 'entries' ? { ...reply, entries: reply.entries.slice(0, -1) } : reply)),
    'brings the reply entries back as it was given',
    /entries has 6 elements, not 7/,
  ],
  [
    'takes a leader that has not answered yet for none',
    (client) =>
      altered(client, {
        request: (group, request, timeoutMs, settled) => {
          let isSettled = false
          const settle: Settled = (outcome) => {
            if (!isSettled) settled(outcome)
            isSettled = true
          }
          client.request(group, request, timeoutMs, settle)
          setTimeout(() => settle({ type: 'noResponder' }), 3)
        },
      }),
    'brings back a reply that is given later',
    /settled that nobody had answered yet is 1, not 0/,
  ],
  [
    'gives answers to requests in the order of the requests',
    (client) => {
      const waiting: Settled[] = []
      return altered(client, {
        request: (group, request, timeoutMs, settled) => {
          waiting.push(settled)
          client.request(group, request, timeoutMs, (outcome) => waiting.shift()?.(outcome))
        },
      })
    },
    'tells requests apart that are under way together',
    /firstIndex is 100, not 1/,
  ],
  [
    'claims to carry more than it does',
    (client) =>
      altered(client, {
        maxEntryBytes: 100_000,
        request: (group, request, timeoutMs, settled) => {
          const isLarge = request.type === 'append' && request.commands.some(({ data }) => data.length > 90_000)
          if (isLarge) setTimeout(() => settled({ type: 'notSent', reason: 'tooLarge' }), 0)
          else client.request(group, request, timeoutMs, settled)
        },
      }),
    'carries an append whose entry has maxEntryBytes',
    /whose entry has 100000 bytes, with maxEntryBytes 100000,\.type is "notSent"/,
  ],
  [
    'says nothing of what is too large',
    (client) =>
      altered(client, {
        maxEntryBytes: 100_000,
        request: (group, request, timeoutMs, settled) => {
          const isLarge = request.type === 'append' && request.commands.some(({ data }) => data.length > 100_000)
          if (!isLarge) client.request(group, request, timeoutMs, settled)
        },
      }),
    'settles at once what is too large to send, and says so',
    /never called back/,
  ],
]

/** Each type of request, taken for another one. */
export const changedRequests: readonly Breakage<ClientChange>[] = (
  ['append', 'read', 'readIndex', 'status'] as const
).map((type) => {
  const other = type === 'status' ? READ : STATUS
  return [
    `takes ${type} for another request`,
    asking((request) => (request.type === type ? other : request)),
    `brings ${type} to the leader as it was asked`,
    /the request that reached the leader\.type is/,
  ]
})

/** Each type of reply, taken for another one. */
export const changedReplies: readonly Breakage<ClientChange>[] = Object.keys(everyReply()).map((type) => {
  const other = type === 'unknown' ? APPENDED : UNKNOWN
  return [
    `takes ${type} for another reply`,
    replying((reply) => (reply.type === type ? other : reply)),
    `brings the reply ${type} back as it was given`,
    /the outcome\.type is/,
  ]
})

function without(name: 'subject' | 'idempotency'): (command: Command) => Command {
  return (command) => {
    const { [name]: _, ...rest } = command
    return rest
  }
}
