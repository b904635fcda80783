import type { Entry, Message, SnapshotDescription } from '@quorate/core'
import { expect, test } from 'vitest'
import { messageWords } from '../../src/diagram/messageWords.ts'

const GROUP = '6f1c1f0e-3a55-4a55-8d1e-0d6b7b1f0001'

function noOp(index: number, term: number): Entry {
  return { kind: 'no-op', index, term, time: 0 }
}

function appendEntries(...entries: Entry[]): Message {
  return {
    type: 'appendEntries',
    term: 3,
    session: 2,
    round: 0,
    prevLog: { index: 4, term: 2 },
    entries,
    leaderCommit: 4,
  }
}

function installSnapshot(offset: number, data: Uint8Array): Message {
  const description: SnapshotDescription = {
    lastIncluded: { index: 300, term: 2 },
    lastTime: 0,
    configuration: { index: 1, configuration: FIRST.configuration },
    sizeBytes: 1_000,
    checksum: 7,
  }
  return { type: 'installSnapshot', term: 3, session: 2, round: 0, description, offset, data }
}

const FIRST: Extract<Message, { type: 'bootstrap.offer' }>['entry'] = {
  kind: 'configuration',
  index: 1,
  term: 1,
  time: 0,
  configuration: { members: [], voters: [] },
} as never

test.each<[Message, string]>([
  [{ type: 'requestVote', term: 4, lastLog: { index: 5, term: 3 }, isTransfer: false }, 'requestVote term 4 last 5/3'],
  [{ type: 'requestVote.granted', term: 4 }, 'requestVote.granted term 4'],
  [{ type: 'requestVote.refused', term: 5 }, 'requestVote.refused term 5'],
  [appendEntries(noOp(5, 3)), 'appendEntries term 3 prev 4/2 entries 5/3 commit 4 session 2'],
  [
    appendEntries(noOp(5, 2), noOp(6, 2), noOp(7, 3), noOp(8, 3), noOp(9, 3)),
    'appendEntries term 3 prev 4/2 entries 5..6/2 7..9/3 commit 4 session 2',
  ],
  [
    { type: 'appendEntries.accepted', term: 3, session: 2, round: 0, matchIndex: 5, machineVersion: 1 },
    'appendEntries.accepted term 3 match 5 session 2',
  ],
  [
    { type: 'appendEntries.rejected', term: 3, session: 2, round: 0, prevLogIndex: 4, hint: { index: 2, term: 1 } },
    'appendEntries.rejected term 3 prev 4 hint 2/1 session 2',
  ],
  [installSnapshot(256, new Uint8Array(128)), 'installSnapshot term 3 snapshot 300/2 bytes 256..384 of 1000 session 2'],
  [installSnapshot(0, new Uint8Array()), 'installSnapshot term 3 snapshot 300/2 from 0 of 1000 session 2'],
  [
    { type: 'installSnapshot.answered', term: 3, session: 2, round: 0, lastIncludedIndex: 300, receivedBytes: 384 },
    'installSnapshot.answered term 3 snapshot 300 has 384 session 2',
  ],
  [{ type: 'removed', term: 3, configurationIndex: 9 }, 'removed term 3 by the configuration at 9'],
  [{ type: 'bootstrap.inquiry', birth: undefined }, 'bootstrap.inquiry from a blank server'],
  [{ type: 'bootstrap.inquiry', birth: 'b1' }, 'bootstrap.inquiry birth b1'],
  [
    { type: 'bootstrap.standing', birth: undefined, groupUuid: undefined, knownStore: undefined },
    'bootstrap.standing no group',
  ],
  [
    { type: 'bootstrap.standing', birth: 'b1', groupUuid: GROUP, knownStore: 's1' },
    `bootstrap.standing group ${GROUP} knows store s1 birth b1`,
  ],
  [{ type: 'bootstrap.offer', entry: FIRST }, 'bootstrap.offer entry 1/1'],
  [{ type: 'bootstrap.accepted', groupUuid: GROUP }, `bootstrap.accepted group ${GROUP}`],
])('%j in words', (message, text) => {
  expect(messageWords(message)).toEqual({ name: message.type, text })
})

test('AppendEntries without entries is a heartbeat', () => {
  expect(messageWords(appendEntries())).toEqual({
    name: 'heartbeat',
    text: 'heartbeat term 3 prev 4/2 commit 4 session 2',
  })
})
