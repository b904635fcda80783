import { FORMER_GROUP_UUID, GROUP_UUID, LARGE, STORE, TIME } from './entries.mjs'
import { CONFIGURATIONS, command, configured, everyEntry, noOp } from './entries.mjs'

/** @import { Message, SnapshotDescription } from '@quorate/core' */

/**
 * @param {number} sizeBytes
 * @param {number} checksum
 * @param {number} place Which of the configurations it names.
 * @returns {SnapshotDescription}
 */
function description(sizeBytes, checksum, place) {
  const configuration = CONFIGURATIONS[place] ?? CONFIGURATIONS[0]
  const lastIncluded = { index: 300, term: 6 }
  return { lastIncluded, lastTime: TIME, configuration: { index: 200, configuration }, sizeBytes, checksum }
}

/** Messages of every type, with and without what they may leave out, numbers small and large. */
export const MESSAGES = /** @satisfies {Record<Message['type'], Message[]>} */ ({
  preVote: [{ type: 'preVote', term: 4, round: 2, lastLog: { index: 9, term: 3 } }],
  'preVote.granted': [{ type: 'preVote.granted', term: 4, round: 70_000 }],
  'preVote.refused': [{ type: 'preVote.refused', term: 2 ** 40, round: 300 }],
  requestVote: [
    { type: 'requestVote', term: 1, lastLog: { index: 0, term: 0 }, isTransfer: false },
    { type: 'requestVote', term: LARGE, lastLog: { index: LARGE, term: LARGE - 1 }, isTransfer: true },
  ],
  'requestVote.granted': [{ type: 'requestVote.granted', term: 4 }],
  'requestVote.refused': [{ type: 'requestVote.refused', term: 2 ** 52 }],
  appendEntries: [
    {
      type: 'appendEntries',
      term: 7,
      session: 3,
      round: 70_001,
      prevLog: { index: 300, term: 6 },
      entries: [],
      leaderCommit: 2,
    },
    {
      type: 'appendEntries',
      term: LARGE,
      session: 1,
      round: 0,
      prevLog: { index: 0, term: 0 },
      entries: everyEntry(),
      leaderCommit: 12,
    },
  ],
  'appendEntries.accepted': [
    { type: 'appendEntries.accepted', term: 7, session: 3, round: 2 ** 33, matchIndex: 70_000, machineVersion: 1 },
  ],
  'appendEntries.rejected': [
    {
      type: 'appendEntries.rejected',
      term: 7,
      session: 3,
      round: 1,
      prevLogIndex: 300,
      hint: { index: 200, term: 5 },
    },
  ],
  timeoutNow: [{ type: 'timeoutNow', term: 7, lastLog: { index: 2 ** 40, term: 7 } }],
  removed: [{ type: 'removed', term: 7, configurationIndex: 300 }],
  installSnapshot: [
    {
      type: 'installSnapshot',
      term: 7,
      session: 3,
      round: 1,
      description: description(0, 0, 1),
      offset: 0,
      data: Buffer.alloc(0),
    },
    {
      type: 'installSnapshot',
      term: 7,
      session: 3,
      round: 1,
      description: description(2 ** 36, 2 ** 32 - 1, 2),
      offset: 2 ** 35,
      data: Buffer.from('a piece of a snapshot'),
    },
  ],
  'installSnapshot.answered': [
    {
      type: 'installSnapshot.answered',
      term: 7,
      session: 3,
      round: 1,
      lastIncludedIndex: 2 ** 40,
      receivedBytes: 2 ** 36,
    },
  ],
  'bootstrap.inquiry': [
    { type: 'bootstrap.inquiry', birth: undefined },
    { type: 'bootstrap.inquiry', birth: STORE },
  ],
  'bootstrap.standing': [
    { type: 'bootstrap.standing', birth: undefined, groupUuid: undefined, knownStore: undefined },
    { type: 'bootstrap.standing', birth: STORE, groupUuid: FORMER_GROUP_UUID, knownStore: STORE },
  ],
  'bootstrap.offer': [{ type: 'bootstrap.offer', entry: configured(1, 0) }],
  'bootstrap.accepted': [{ type: 'bootstrap.accepted', groupUuid: GROUP_UUID }],
  'repair.inquiry': [{ type: 'repair.inquiry', wanted: { index: 2 ** 40, term: 7 } }],
  'repair.entry': [
    { type: 'repair.entry', entry: noOp(2 ** 40, 7) },
    { type: 'repair.entry', entry: command(9, 7) },
  ],
  'repair.absent': [
    { type: 'repair.absent', wanted: { index: 2, term: 7 }, committedTerm: undefined, startsAfter: 2 ** 40 },
    { type: 'repair.absent', wanted: { index: 2 ** 40, term: 7 }, committedTerm: 8, startsAfter: 0 },
  ],
})
