import type { ClientReply, ClientRequest, Entry, Message } from '@quorate/core'
import { expect, test } from 'vitest'
import {
  FORMAT,
  MAX_FRAME_BYTES,
  decodeClientReply,
  decodeClientRequest,
  decodeEntry,
  decodeFrame,
  encodeClientReply,
  encodeClientRequest,
  encodeEntry,
  encodeFrames,
} from '@quorate/wire'
import { plain } from './samples.ts'

// Format 1, byte by byte, as docs/format.md draws it. Logs on disk and servers of other versions hold us to every one
// of them: a change here is a new format.

function bytesOf(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

const ENTRIES: [string, Entry][] = [
  [
    '96 05 02 01 cd01f4 a3612e62 c403 010203',
    { kind: 'command', index: 5, term: 2, time: 500, subject: 'a.b', data: Uint8Array.of(1, 2, 3) },
  ],
  ['96 05 02 01 cd01f4 c0 c400', { kind: 'command', index: 5, term: 2, time: 500, data: Uint8Array.of() }],
  ['94 05 02 02 cb427a0c4506c00000', { kind: 'no-op', index: 5, term: 2, time: 1_790_000_000_000 }],
  [
    '9f 01 00 03 07 a175 c0 02 a16e a173 a16d a174 01 02 a16e a16d',
    {
      kind: 'configuration',
      index: 1,
      term: 0,
      time: 7,
      configuration: {
        groupUuid: 'u',
        members: [
          { id: 'n', store: 's' },
          { id: 'm', store: 't' },
        ],
        voters: [['n', 'm']],
      },
    },
  ],
  [
    'dc001a 01 00 03 07 a175 c0 02 a16e a173 a16d a174 02 01 a16e 02 a16e a16d 02 a16e a173 a16d 07 a174 02 a16e a16d',
    {
      kind: 'configuration',
      index: 1,
      term: 0,
      time: 7,
      configuration: {
        groupUuid: 'u',
        members: [
          { id: 'n', store: 's' },
          { id: 'm', store: 't' },
        ],
        voters: [['n'], ['n', 'm']],
        next: {
          members: [
            { id: 'n', store: 's' },
            { id: 'm', store: 't', priority: 7 },
          ],
          voters: ['n', 'm'],
        },
      },
    },
  ],
]

const NO_OP: Entry = { kind: 'no-op', index: 6, term: 4, time: 9 }

const MESSAGES: [string, Message][] = [
  [
    '99 a173 a167 a175 01 01 04 09 03 00',
    { type: 'requestVote', term: 4, lastLog: { index: 9, term: 3 }, isTransfer: false },
  ],
  ['99 a173 a167 a175 01 07 04 02 09 03', { type: 'preVote', term: 4, round: 2, lastLog: { index: 9, term: 3 } }],
  ['97 a173 a167 a175 01 08 04 02', { type: 'preVote.granted', term: 4, round: 2 }],
  ['97 a173 a167 a175 01 09 04 02', { type: 'preVote.refused', term: 4, round: 2 }],
  ['98 a173 a167 a175 01 0a 04 09 03', { type: 'timeoutNow', term: 4, lastLog: { index: 9, term: 3 } }],
  ['96 a173 a167 a175 01 02 04', { type: 'requestVote.granted', term: 4 }],
  ['96 a173 a167 a175 01 03 04', { type: 'requestVote.refused', term: 4 }],
  [
    '9c a173 a167 a175 01 04 04 03 08 05 02 01 01 94 06 04 02 09',
    {
      type: 'appendEntries',
      term: 4,
      session: 3,
      round: 8,
      prevLog: { index: 5, term: 2 },
      entries: [NO_OP],
      leaderCommit: 1,
    },
  ],
  [
    '9a a173 a167 a175 01 05 04 03 08 06 01',
    { type: 'appendEntries.accepted', term: 4, session: 3, round: 8, matchIndex: 6, machineVersion: 1 },
  ],
  [
    '9b a173 a167 a175 01 06 04 03 08 05 02 01',
    { type: 'appendEntries.rejected', term: 4, session: 3, round: 8, prevLogIndex: 5, hint: { index: 2, term: 1 } },
  ],
  ['96 a173 a167 a175 01 10 a162', { type: 'bootstrap.inquiry', birth: 'b' }],
  [
    '98 a173 a167 a175 01 11 c0 a176 c0',
    { type: 'bootstrap.standing', birth: undefined, groupUuid: 'v', knownStore: undefined },
  ],
  [
    '95 a173 a167 a175 01 12 9c 01 00 03 07 a175 c0 01 a16e a173 01 01 a16e',
    {
      type: 'bootstrap.offer',
      entry: {
        kind: 'configuration',
        index: 1,
        term: 0,
        time: 7,
        configuration: { groupUuid: 'u', members: [{ id: 'n', store: 's' }], voters: [['n']] },
      },
    },
  ],
  ['96 a173 a167 a175 01 13 a176', { type: 'bootstrap.accepted', groupUuid: 'v' }],
]

const REQUESTS: [string, ClientRequest][] = [
  [
    '94 29 01 04 02 92 c0 c401 05 92 a161 c400',
    { type: 'append', term: 4, commands: [{ data: Uint8Array.of(5) }, { subject: 'a', data: Uint8Array.of() }] },
  ],
  ['94 29 02 05 cd0100', { type: 'read', after: 5, maxBytes: 256 }],
  ['92 29 03', { type: 'status' }],
]

const REPLIES: [string, ClientReply][] = [
  ['94 29 01 06 04', { type: 'appended', firstIndex: 6, term: 4 }],
  ['94 29 02 04 a16e', { type: 'notLeader', term: 4, leaderId: 'n' }],
  ['94 29 03 01 a178', { type: 'refused', reason: 'tooLarge', message: 'x' }],
  ['94 29 03 02 a178', { type: 'refused', reason: 'closed', message: 'x' }],
  ['94 29 03 03 a178', { type: 'refused', reason: 'malformed', message: 'x' }],
  ['93 29 04 04', { type: 'unknown', term: 4 }],
  ['95 29 05 04 07 01 94 06 04 02 09', { type: 'entries', entries: [NO_OP], commitIndex: 7, term: 4 }],
  ['95 29 06 a16e 04 07', { type: 'status', leaderId: 'n', term: 4, commitIndex: 7 }],
]

test('the format is 1', () => {
  expect(FORMAT).toBe(1)
})

test.each(ENTRIES)('entry %s', (text, entry) => {
  expect(plain(encodeEntry({ ...entry }))).toBe(plain(bytesOf(text)))
  expect(plain(decodeEntry(bytesOf(text)))).toEqual(plain(entry))
})

test.each(MESSAGES)('frame c1 01 01 %s', (text, message) => {
  const packet = { group: 'g', groupUuid: 'u', store: 's', messages: [message] }
  const bytes = bytesOf(`c1 01 01 ${text}`)
  expect(encodeFrames('s', [packet], MAX_FRAME_BYTES).map(plain)).toEqual([plain(bytes)])
  expect(plain(decodeFrame(bytes))).toEqual(plain({ store: 's', packets: [packet] }))
})

test('two heartbeats in one frame', () => {
  const heartbeat: Message = {
    type: 'appendEntries',
    term: 4,
    session: 3,
    round: 8,
    prevLog: { index: 5, term: 2 },
    entries: [],
    leaderCommit: 1,
  }
  const packets = [
    { group: 'g', groupUuid: 'u', store: 's', messages: [heartbeat] },
    { group: 'h', groupUuid: 'v', store: 's', messages: [heartbeat] },
  ]
  const bytes = bytesOf(
    'c1 01 01 dc 00 17 a1 73 a1 67 a1 75 01 04 04 03 08 05 02 01 00 a1 68 a1 76 01 04 04 03 08 05 02 01 00',
  )
  expect(encodeFrames('s', packets, MAX_FRAME_BYTES).map(plain)).toEqual([plain(bytes)])
  expect(plain(decodeFrame(bytes))).toEqual(plain({ store: 's', packets }))
})

test('two packets of two groups in one frame, the entries of both behind all fields', () => {
  const prevLog = { index: 5, term: 2 }
  const appended: Message = {
    type: 'appendEntries',
    term: 4,
    session: 3,
    round: 0,
    prevLog,
    entries: [NO_OP],
    leaderCommit: 1,
  }
  const packets = [
    { group: 'g', groupUuid: 'u', store: 's', messages: [appended, { type: 'requestVote.granted' as const, term: 4 }] },
    { group: 'h', groupUuid: undefined, store: 's', messages: [appended] },
  ]
  const first = 'a167 a175 02 04 04 03 00 05 02 01 01 02 04'
  const second = 'a168 c0 01 04 04 03 00 05 02 01 01'
  const bytes = bytesOf(`c1 01 01 dc0019 a173 ${first} ${second} 94 06 04 02 09 94 06 04 02 09`)
  expect(encodeFrames('s', packets, MAX_FRAME_BYTES).map(plain)).toEqual([plain(bytes)])
  expect(plain(decodeFrame(bytes))).toEqual(plain({ store: 's', packets }))
})

test.each(REQUESTS)('client request c1 01 02 %s', (text, request) => {
  const bytes = bytesOf(`c1 01 02 ${text}`)
  expect(plain(encodeClientRequest(41, request))).toBe(plain(bytes))
  expect(plain(decodeClientRequest(bytes))).toEqual(plain({ id: 41, request }))
})

test.each(REPLIES)('client reply c1 01 03 %s', (text, reply) => {
  const bytes = bytesOf(`c1 01 03 ${text}`)
  expect(plain(encodeClientReply(41, reply))).toBe(plain(bytes))
  expect(plain(decodeClientReply(bytes))).toEqual(plain({ id: 41, reply }))
})
