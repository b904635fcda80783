// @ts-check
// A log goes over to another version of its state machine: at the same entry everywhere, and only when all can follow.

const UPGRADING = 'packages/core/src/rules/upgrading.ts'
const REPLICATION = 'packages/core/src/rules/replication.ts'
const LEADER = 'packages/core/src/statecharts/leader.ts'
const RAFT_SERVER = 'packages/core/src/statecharts/raftServer.ts'
const APPLIER = 'packages/core/src/driver/applier.ts'
const SNAPSHOT_TAKER = 'packages/core/src/driver/snapshotTaker.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const UPGRADING_MUTANTS = [
  {
    name: 'upgraded-before-all-can',
    title: 'The log goes over to the version of the leader, whatever the other members can run.',
    source: 'of our own',
    breaks: ['SMS', 'LIVE'],
    edits: [
      {
        file: UPGRADING,
        find: 'version = Math.min(version, peer.machineVersion)',
        replace: 'version = Math.max(version, 0 * peer.machineVersion)',
      },
    ],
  },
  {
    name: 'upgraded-with-a-majority',
    title: 'A member that was never heard does not hold the log to the version in force.',
    source: 'of our own',
    breaks: ['SMS', 'LIVE'],
    edits: [
      {
        file: UPGRADING,
        find: 'version = Math.min(version, peer.machineVersion)',
        replace: 'if (peer.machineVersion > 0) version = Math.min(version, peer.machineVersion)',
      },
    ],
  },
  {
    name: 'best-word-counts',
    title: 'Of what a member has said that it can run the highest counts, and not the last.',
    source: 'of our own',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: REPLICATION,
        find: 'peer.machineVersion = machineVersion',
        replace: 'peer.machineVersion = Math.max(peer.machineVersion, machineVersion)',
      },
    ],
  },
  {
    name: 'version-named-before-it-is-known',
    title: 'A new leader names a version before it has applied what stood in its log, which may name it already.',
    source: 'of our own',
    breaks: ['SMS'],
    edits: [
      {
        file: UPGRADING,
        find: 'return state.log.termAt(state.lastApplied) === state.currentTerm',
        replace: 'return state.log.termAt(state.lastApplied) !== 0',
      },
    ],
  },
  {
    name: 'version-named-twice',
    title: 'A leader names a version again while the entry that names it is not applied.',
    source: 'of our own',
    breaks: ['SMS'],
    edits: [
      {
        file: UPGRADING,
        find: 'return upgradeIndex <= lastApplied',
        replace: 'return upgradeIndex <= lastApplied + upgradeIndex',
      },
    ],
  },
  {
    name: 'upgraded-during-a-transfer',
    title: 'A leader that hands over appends an entry that names a version.',
    source: 'thesis §3.10',
    breaks: ['LIVE'],
    edits: [
      {
        file: UPGRADING,
        find: 'upgradeVersion(state) === undefined || state.transfer !== undefined ||',
        replace: 'upgradeVersion(state) === undefined ||',
      },
    ],
  },
  {
    name: 'never-upgraded-in-calm',
    title: 'On the fast path nobody looks whether the log may go over to another version.',
    source: 'of our own',
    breaks: ['LIVE'],
    edits: [{ file: LEADER, find: 'if (mayUpgrade(state)) return false', replace: '' }],
  },
  {
    name: 'entries-of-two-versions-at-once',
    title: 'The state machine gets entries behind an upgrade in one call with those before it, by one version.',
    source: 'of our own',
    breaks: ['SMS'],
    edits: [
      {
        file: APPLIER,
        find: 'return end === -1 ? entries : entries.slice(0, end)',
        replace: 'return end < 0 ? entries : entries.slice(0)',
      },
    ],
  },
  {
    name: 'version-lost-with-a-snapshot',
    title: 'A snapshot says of every state that it is of the first version.',
    source: 'of our own',
    breaks: ['SMS'],
    edits: [
      {
        file: SNAPSHOT_TAKER,
        find: 'machineVersion: state.machineVersion }',
        replace: 'machineVersion: Math.min(1, state.machineVersion) }',
      },
    ],
  },
  {
    name: 'version-of-a-snapshot-ignored',
    title: 'A server that restores a snapshot goes on by the version that it had before.',
    source: 'of our own',
    breaks: ['SMS'],
    edits: [
      {
        file: RAFT_SERVER,
        find: '    this.state.machineVersion = machineVersion\n',
        replace: '    this.state.machineVersion ||= machineVersion\n',
      },
    ],
  },
  {
    name: 'applied-by-code-that-lacks-the-version',
    title: 'A server applies entries by whatever code it has.',
    source: 'of our own',
    breaks: ['SMS'],
    suite: 'core',
    edits: [
      {
        file: RAFT_SERVER,
        find: 'if (canRun(machineVersions, machineVersion)) return true',
        replace: 'if (canRun(machineVersions, machineVersion) || index >= 0) return true',
      },
    ],
  },
]
