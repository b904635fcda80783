import type { AppendRequest, ClientReply, ClientRequest, Term } from '@quorate/core'
import { everyEntry, sampleCommands } from './sampleEntries.ts'

/** An append for the leader of `term` that no other `number` makes. */
export function sampleAppend(term: Term, number = 1): AppendRequest {
  return { type: 'append', term, commands: [{ data: new TextEncoder().encode(`append ${number}`) }] }
}

/** Requests of every type, by type, to the leader of `term`. */
export function everyRequest(term: Term): Readonly<Record<ClientRequest['type'], readonly ClientRequest[]>> {
  const data = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const idempotency = { key: 'order 17 ✓', retainMs: 2 ** 40 }
  const commands = [
    { data },
    { idempotency, data },
    { subject: 'orders', idempotency, after: 2 ** 40, data },
    { subject: 'orders.created.münchen.✓', data },
    { subject: '', data: new Uint8Array(0) },
  ]
  return {
    append: [sampleAppend(term), { type: 'append', term, commands }],
    read: [
      { type: 'read', after: 0, maxBytes: 1 },
      { type: 'read', after: 2 ** 52, maxBytes: 4_096 },
    ],
    readIndex: [
      { type: 'readIndex', mayLease: false },
      { type: 'readIndex', mayLease: true },
    ],
    status: [{ type: 'status' }],
  }
}

/** Replies of every type, by type. */
export function everyReply(): Readonly<Record<ClientReply['type'], readonly ClientReply[]>> {
  const large = Number.MAX_SAFE_INTEGER
  return {
    appended: [
      { type: 'appended', firstIndex: 1, term: 1 },
      { type: 'appended', firstIndex: large, term: 2 ** 33 },
      {
        type: 'appended',
        firstIndex: 7,
        term: 4,
        places: [
          { index: 7, term: 2 },
          { index: large, term: 4 },
        ],
      },
    ],
    notLeader: [
      { type: 'notLeader', term: 8, leaderId: 'n2' },
      { type: 'notLeader', term: 8, leaderId: undefined },
    ],
    refused: [
      { type: 'refused', reason: 'tooLarge', message: 'split it ✓' },
      { type: 'refused', reason: 'closed', message: '' },
      { type: 'refused', reason: 'malformed', message: 'm'.repeat(500) },
    ],
    keyReused: [{ type: 'keyReused', key: 'order 17 ✓' }],
    keyForgotten: [{ type: 'keyForgotten', key: 'k'.repeat(128), after: 2 ** 40 }],
    unknown: [{ type: 'unknown', term: 70_000 }],
    entries: [
      { type: 'entries', entries: [], commitIndex: 0, term: 1 },
      { type: 'entries', entries: sampleCommands(3, 9, 2), commitIndex: 12, term: 4 },
      { type: 'entries', entries: everyEntry(), commitIndex: large, term: large },
    ],
    compacted: [{ type: 'compacted', firstAvailable: 2 ** 40 }],
    busy: [{ type: 'busy', pendingBytes: 2 ** 40, maxPendingBytes: 2 ** 26 }],
    readIndex: [{ type: 'readIndex', index: 2 ** 40, term: 3 }],
    status: [{ type: 'status', leaderId: 'n1', term: 3, commitIndex: 2 ** 40 }],
  }
}
