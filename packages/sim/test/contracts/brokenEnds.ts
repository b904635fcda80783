import type { Breakage } from './caught.ts'
import { settling, clientsOf } from './clientChanges.ts'
import { altered, type ClientChange } from './soundClients.ts'

const TIMEOUT = 'gives up after the timeout, and not before'
const CLOSED = 'sends nothing after its close'

/** How the ends of requests and of transports go wrong. */
export const brokenEnds: readonly Breakage<ClientChange>[] = [
  [
    'gives up after a tenth of the timeout',
    (client) =>
      altered(client, {
        request: (group, request, timeoutMs, settled) => client.request(group, request, timeoutMs / 10, settled),
      }),
    TIMEOUT,
    /with a timeout of \d+ ms was given up after/,
  ],
  [
    'never gives up',
    (client) =>
      altered(client, { request: (group, request, _, settled) => client.request(group, request, 60_000, settled) }),
    TIMEOUT,
    /never called back/,
  ],
  [
    'takes a timeout for the absence of a leader',
    settling((outcome, settled) => settled(outcome.type === 'noAnswer' ? { type: 'noResponder' } : outcome)),
    TIMEOUT,
    /type is "noResponder", not "noAnswer"/,
  ],
  [
    'settles again when the answer comes late',
    (client) =>
      altered(client, {
        request: (group, request, timeoutMs, settled) => {
          setTimeout(() => settled({ type: 'noAnswer', reason: 'timeout' }), timeoutMs)
          client.request(group, request, 60_000, settled)
        },
      }),
    'does not settle again when the answer comes late',
    /called back 2 times/,
  ],
  [
    'leaves open what is open when it closes',
    (client) => altered(client, { close: (done) => void setTimeout(done, 1) }),
    'settles at its close what is open, as not answered',
    /when its transport was closed is 0, not 1/,
  ],
  [
    'settles what is open as not sent when it closes',
    settling((outcome, settled) =>
      settled(outcome.type === 'noAnswer' ? { type: 'notSent', reason: 'closed' } : outcome),
    ),
    'settles at its close what is open, as not answered',
    /type is "notSent", not "noAnswer"/,
  ],
  [
    'forgets what was asked in the turn of its close',
    (client) => {
      let isClosed = false
      return altered(client, {
        request: (group, request, timeoutMs, settled) =>
          void setImmediate(() => isClosed || client.request(group, request, timeoutMs, settled)),
        close: (done) => {
          isClosed = true
          client.close(done)
        },
      })
    },
    'settles at its close what was asked in the same turn',
    /never called back/,
  ],
  [
    'sends on when it is closed',
    (client) => altered(client, { close: (done) => void setTimeout(done, 1) }),
    CLOSED,
    /the outcome of append after the close/,
  ],
  [
    'does not know whether it sent when it is closed',
    settling((outcome, settled) =>
      settled(outcome.type === 'notSent' ? { type: 'noAnswer', reason: 'closed' } : outcome),
    ),
    CLOSED,
    /type is "noAnswer", not "notSent"/,
  ],
  [
    'listens on when it is closed',
    (client) => altered(client, { close: (done) => void setTimeout(done, 1) }),
    'listens no more after its close',
    /to a leader that was closed\.type is "unknown", not "noResponder"/,
  ],
  [
    'closes all when one closes',
    (client, meeting) => {
      const all = clientsOf(meeting)
      all.push(client)
      return altered(client, {
        close: (done) => {
          for (const one of all) one.close(() => {})
          setTimeout(done, 1)
        },
      })
    },
    'leaves others alone when it closes',
    /the outcome of another client\.type is "noAnswer", not "unknown"/,
  ],
  ['never says that it is closed', (client) => altered(client, { close: () => {} }), CLOSED, /close never called back/],
  [
    'says twice that it is closed',
    (client) =>
      altered(client, {
        close: (done) =>
          client.close(() => {
            done()
            done()
          }),
      }),
    CLOSED,
    /close called back 2 times/,
  ],
]
