import type { Message, SnapshotDescription } from '@quorate/core'
import { SAMPLE_GROUP_UUID, SAMPLE_STORE, everyEntry, sampleConfiguration, sampleNoOp } from './sampleEntries.ts'

const BIRTH = '0f4b1c52-5f0c-4c9b-9f37-7d1c2e3f4a44'

/** What a snapshot of `sizeBytes` says. */
function sampleDescription(sizeBytes: number): SnapshotDescription {
  const lastIncluded = { index: 300, term: 6 }
  const { configuration } = sampleConfiguration(200, 5)
  return {
    lastIncluded,
    lastTime: 2 ** 41,
    configuration: { index: 200, configuration },
    sizeBytes,
    checksum: 2 ** 32 - 1,
  }
}

/** Messages of every type, by type: those with optional parts with and without them, numbers small and large. */
export function everyMessage(): Readonly<Record<Message['type'], readonly Message[]>> {
  const large = Number.MAX_SAFE_INTEGER
  const entries = everyEntry()
  const none = new Uint8Array(0)
  const behindTwo = { index: 2, term: 1 }
  return {
    preVote: [
      { type: 'preVote', term: 1, round: 1, lastLog: { index: 0, term: 0 } },
      { type: 'preVote', term: large, round: 70_000, lastLog: { index: large, term: large } },
    ],
    'preVote.granted': [{ type: 'preVote.granted', term: 3, round: 300 }],
    'preVote.refused': [{ type: 'preVote.refused', term: 2 ** 33, round: 1 }],
    requestVote: [
      { type: 'requestVote', term: 1, lastLog: { index: 0, term: 0 }, isTransfer: false },
      { type: 'requestVote', term: large, lastLog: { index: large, term: large - 1 }, isTransfer: true },
    ],
    'requestVote.granted': [{ type: 'requestVote.granted', term: 3 }],
    'requestVote.refused': [{ type: 'requestVote.refused', term: 2 ** 33 }],
    appendEntries: [
      { type: 'appendEntries', term: 9, session: 1, round: 0, prevLog: behindTwo, entries: [], leaderCommit: 2 },
      {
        type: 'appendEntries',
        term: large,
        session: 70_000,
        round: 70001,
        prevLog: { index: 0, term: 0 },
        entries,
        leaderCommit: 0,
      },
      {
        type: 'appendEntries',
        term: 7,
        session: 2,
        round: 3,
        prevLog: behindTwo,
        entries: entries.slice(2, 3),
        leaderCommit: 7,
      },
    ],
    'appendEntries.accepted': [
      {
        type: 'appendEntries.accepted',
        term: 7,
        session: 300,
        round: 8589934592,
        matchIndex: 2 ** 40,
        machineVersion: 1,
      },
    ],
    'appendEntries.rejected': [
      { type: 'appendEntries.rejected', term: 7, session: 1, round: 1, prevLogIndex: 5, hint: { index: 0, term: 0 } },
      {
        type: 'appendEntries.rejected',
        term: 7,
        session: 1,
        round: 0,
        prevLogIndex: large,
        hint: { index: 70_000, term: 6 },
      },
    ],
    timeoutNow: [{ type: 'timeoutNow', term: 7, lastLog: { index: 2 ** 40, term: 7 } }],
    removed: [{ type: 'removed', term: 7, configurationIndex: 2 ** 40 }],
    installSnapshot: [
      {
        type: 'installSnapshot',
        term: 7,
        session: 1,
        round: 0,
        description: sampleDescription(0),
        offset: 0,
        data: none,
      },
      {
        type: 'installSnapshot',
        term: large,
        session: 70_000,
        round: 70_001,
        description: sampleDescription(2 ** 36),
        offset: 2 ** 35,
        data: Uint8Array.from({ length: 3_000 }, (_, byte) => byte % 256),
      },
    ],
    'installSnapshot.answered': [
      {
        type: 'installSnapshot.answered',
        term: 7,
        session: 300,
        round: 0,
        lastIncludedIndex: 2 ** 40,
        receivedBytes: 2 ** 36,
      },
    ],
    'bootstrap.inquiry': [
      { type: 'bootstrap.inquiry', birth: undefined },
      { type: 'bootstrap.inquiry', birth: BIRTH },
    ],
    'bootstrap.standing': [
      { type: 'bootstrap.standing', birth: undefined, groupUuid: undefined, knownStore: undefined },
      { type: 'bootstrap.standing', birth: BIRTH, groupUuid: undefined, knownStore: undefined },
      { type: 'bootstrap.standing', birth: undefined, groupUuid: SAMPLE_GROUP_UUID, knownStore: SAMPLE_STORE },
    ],
    'bootstrap.offer': [{ type: 'bootstrap.offer', entry: sampleConfiguration(1, 1) }],
    'repair.inquiry': [{ type: 'repair.inquiry', wanted: { index: 2 ** 40, term: 7 } }],
    'repair.entry': [{ type: 'repair.entry', entry: sampleNoOp(2 ** 40, 7) }],
    'repair.absent': [
      { type: 'repair.absent', wanted: { index: 2, term: 7 }, committedTerm: undefined, startsAfter: 2 ** 40 },
      { type: 'repair.absent', wanted: { index: 2 ** 40, term: 7 }, committedTerm: 2 ** 33, startsAfter: 0 },
    ],
    'bootstrap.accepted': [{ type: 'bootstrap.accepted', groupUuid: SAMPLE_GROUP_UUID }],
  }
}
