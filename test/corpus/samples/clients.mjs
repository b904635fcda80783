import { LARGE, everyEntry } from './entries.mjs'

/** @import { ClientReply, ClientRequest } from '@quorate/core' */

const data = Buffer.from('data')

/** Requests of every type, with and without what they may leave out. */
export const REQUESTS = /** @satisfies {Record<ClientRequest['type'], ClientRequest[]>} */ ({
  append: [
    {
      type: 'append',
      term: 7,
      commands: [
        { data },
        { subject: 'orders.created.münchen', data },
        { subject: '', data: Buffer.alloc(0) },
        { idempotency: { key: 'order 17 ✓', retainMs: 86_400_000 }, data },
        { subject: 'orders', idempotency: { key: 'k'.repeat(128), retainMs: 0 }, after: 2 ** 40, data },
      ],
    },
  ],
  read: [{ type: 'read', after: 2 ** 45, maxBytes: 65_536 }],
  readIndex: [
    { type: 'readIndex', mayLease: false },
    { type: 'readIndex', mayLease: true },
  ],
  status: [{ type: 'status' }],
})

/** Replies of every type, with and without what they may leave out. */
export const REPLIES = /** @satisfies {Record<ClientReply['type'], ClientReply[]>} */ ({
  appended: [
    { type: 'appended', firstIndex: LARGE, term: 7 },
    {
      type: 'appended',
      firstIndex: 12,
      term: 7,
      places: [
        { index: 12, term: 6 },
        { index: 2 ** 40, term: 7 },
      ],
    },
  ],
  notLeader: [
    { type: 'notLeader', term: 7, leaderId: undefined },
    { type: 'notLeader', term: 7, leaderId: 'n2' },
  ],
  refused: [
    { type: 'refused', reason: 'tooLarge', message: 'split it ✓' },
    { type: 'refused', reason: 'closed', message: '' },
    { type: 'refused', reason: 'malformed', message: 'm'.repeat(300) },
  ],
  keyReused: [{ type: 'keyReused', key: 'order 17 ✓' }],
  keyForgotten: [{ type: 'keyForgotten', key: 'k'.repeat(128), after: 2 ** 40 }],
  unknown: [{ type: 'unknown', term: 70_000 }],
  entries: [
    { type: 'entries', entries: [], commitIndex: 0, term: 8 },
    { type: 'entries', entries: everyEntry(), commitIndex: 16, term: LARGE },
  ],
  compacted: [{ type: 'compacted', firstAvailable: 2 ** 40 }],
  busy: [{ type: 'busy', pendingBytes: 2 ** 40, maxPendingBytes: 2 ** 26 }],
  readIndex: [{ type: 'readIndex', index: 2 ** 40, term: 7 }],
  status: [{ type: 'status', leaderId: 'n1', term: 7, commitIndex: 9 }],
})
