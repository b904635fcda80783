// @ts-check
// A snapshot in the place of the log's beginning: §7, Figure 13, thesis §5.

const COMPACTION = 'packages/core/src/rules/compaction.ts'
const INSTALLING = 'packages/core/src/rules/installing.ts'
const SENDING = 'packages/core/src/rules/snapshotSending.ts'
const COMMITMENT = 'packages/core/src/rules/commitment.ts'
const FOLLOWING = 'packages/core/src/rules/following.ts'
const STATE = 'packages/core/src/state/raftState.ts'
const PEER = 'packages/core/src/statecharts/peer.ts'
const APPLIER = 'packages/core/src/driver/applier.ts'
const TAKER = 'packages/core/src/driver/snapshotTaker.ts'
const INTAKES = 'packages/core/src/driver/snapshotIntakes.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const SNAPSHOT_MUTANTS = [
  {
    name: 'snapshot-over-what-is-committed',
    title: 'A snapshot is installed over a log that is known to be committed further.',
    source: 'openraft #1892, etcd TestRestoreIgnoreSnapshot',
    breaks: ['MONO', 'SMS'],
    edits: [
      {
        file: INSTALLING,
        find: 'return lastIncluded.index <= commitIndex || log.holds(lastIncluded)',
        replace: 'return commitIndex < 0 || log.holds(lastIncluded)',
      },
    ],
  },
  {
    name: 'snapshot-over-entries-that-agree',
    title:
      'The entries behind the snapshot go, though the log holds its last entry and some of them were acknowledged.',
    source: 'Figure 13, rule 6; LogCabin, WRaft (SandTable)',
    breaks: ['DUR', 'LC'],
    suite: 'core',
    edits: [
      {
        file: INSTALLING,
        find: 'return lastIncluded.index <= commitIndex || log.holds(lastIncluded)',
        replace: 'return lastIncluded.index <= commitIndex && log.lastIndex > 0',
      },
    ],
  },
  {
    name: 'conflicting-log-kept',
    title: 'A log that is longer counts as one that holds what the snapshot stands for, whatever its terms.',
    source: 'Figure 13, rule 7; hashicorp/raft #697',
    breaks: ['LM', 'SMS'],
    edits: [
      {
        file: INSTALLING,
        find: 'return lastIncluded.index <= commitIndex || log.holds(lastIncluded)',
        replace: 'return lastIncluded.index <= Math.max(commitIndex, log.lastIndex)',
      },
    ],
  },
  {
    name: 'snapshot-acknowledged-before-the-flush',
    title: 'A follower acknowledges a snapshot whose write is under way.',
    source: 'ra, openraft io_ordering',
    breaks: ['DUR'],
    suite: 'core',
    edits: [
      {
        file: INSTALLING,
        find: '  durability.writtenIndex = description.lastIncluded.index\n',
        replace:
          '  durability.writtenIndex = description.lastIncluded.index\n' +
          '  durability.durableIndex = description.lastIncluded.index\n' +
          '  acknowledge(state, following)\n',
      },
    ],
  },
  {
    name: 'snapshot-keeps-the-old-configuration',
    title: 'A follower that installs a snapshot stays with the configuration that it had.',
    source: 'etcd e515a67, async-raft dba24036',
    breaks: ['CFG'],
    suite: 'core',
    edits: [
      {
        file: INSTALLING,
        find: '  state.configurations = [description.configuration]\n',
        replace: '  if (state.configurations.length === 0) state.configurations = [description.configuration]\n',
      },
    ],
  },
  {
    name: 'snapshot-with-the-latest-configuration',
    title: 'A snapshot says the latest configuration of the log, committed or not.',
    source: 'NATS 1fae6111c, async-raft 447dc11c',
    breaks: ['CFG'],
    edits: [
      {
        file: COMPACTION,
        find: 'configurations.filter(({ index }) => index <= lastApplied).at(-1)',
        replace: 'configurations.at(-1)',
      },
    ],
  },
  {
    name: 'configuration-forgotten-at-the-start',
    title: 'A server whose configuration stands in its snapshot alone starts without one.',
    source: 'dragonboat (matrixone #24966)',
    breaks: ['LIVE', 'CFG'],
    edits: [
      {
        file: STATE,
        find: 'return isGone ? [snapshot.configuration, ...inLog] : inLog',
        replace: 'return isGone ? inLog : inLog',
      },
    ],
  },
  {
    name: 'compacted-beyond-the-snapshot',
    title: 'The log is compacted up to what is applied by now rather than up to what the snapshot stands for.',
    source: 'thesis §5.1',
    breaks: ['DUR', 'SMS'],
    suite: 'core',
    edits: [
      {
        file: COMPACTION,
        find: 'Math.min(lastIncluded.index - trailingEntries, lastSentUpTo(state))',
        replace: 'Math.min(state.lastApplied - trailingEntries, lastSentUpTo(state))',
      },
    ],
  },
  {
    name: 'entries-behind-a-snapshot-on-its-way-gone',
    title: 'The log is compacted past the snapshot that a follower is getting, so that it needs another, for ever.',
    source: 'etcd #9741, hashicorp/raft #697',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: COMPACTION,
        find: 'if (sending !== undefined && isHeard(state, id))',
        replace: 'if (sending !== undefined && !isHeard(state, id))',
      },
    ],
  },
  {
    name: 'restored-over-what-is-applied',
    title:
      'The state machine is not restored from a snapshot that was installed: it goes on with the entries behind it.',
    source: 'async-raft eed681d5',
    breaks: ['SMS'],
    suite: 'core',
    edits: [
      {
        file: COMMITMENT,
        find: 'const isBehindSnapshot = snapshot !== undefined && lastApplied < snapshot.lastIncluded.index',
        replace: 'const isBehindSnapshot = snapshot !== undefined && lastApplied === 0',
      },
    ],
  },
  {
    name: 'restored-before-it-is-durable',
    title: 'The state machine is restored from a snapshot that the store does not name yet.',
    source: 'ra ffe3016a',
    breaks: ['SMS', 'LIVE'],
    suite: 'core',
    edits: [
      {
        file: COMMITMENT,
        find: 'const upTo = Math.min(commitIndex, durability.durableIndex)',
        replace: 'const upTo = snapshot === undefined ? Math.min(commitIndex, durability.durableIndex) : commitIndex',
      },
    ],
  },
  {
    name: 'applying-stands-still-under-a-snapshot',
    title: 'A range that a snapshot has cut short never ends, and nothing is applied any more.',
    source: 'async-raft eed681d5',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: APPLIER,
        find: 'if (after < server.state.log.startsAfter.index) this.#complete(after)',
        replace: 'if (after < server.state.log.startsAfter.index) return',
      },
    ],
  },
  {
    name: 'append-under-a-snapshot-answered-as-lost',
    title: 'An append whose place a snapshot has taken is answered as one that was not appended.',
    source: '§8; redpanda #11341',
    breaks: ['XO', 'DUR'],
    suite: 'core',
    edits: [
      {
        file: COMMITMENT,
        find: 'if (firstIndex < log.startsAfter.index) return',
        replace: 'if (firstIndex < 0) return',
      },
    ],
  },
  {
    name: 'pieces-at-any-offset',
    title: 'A follower takes pieces of a snapshot wherever they belong, one behind the other.',
    source: 'Figure 13, rule 3',
    breaks: ['SMS', 'LIVE'],
    suite: 'core',
    edits: [
      {
        file: INSTALLING,
        find: 'data.length > 0 && offset === intake.receivedBytes && !intake.isWriting',
        replace: 'data.length > 0 && !intake.isWriting',
      },
    ],
  },
  {
    name: 'another-snapshot-continued',
    title: 'The pieces of another snapshot are added to those of the former.',
    source: 'Figure 13, rule 5; async-raft 3.x',
    breaks: ['SMS', 'LIVE'],
    suite: 'core',
    edits: [
      {
        file: INSTALLING,
        find: 'if (isIntakeOf(state.intake, description)) return state.intake',
        replace: 'if (state.intake !== undefined) return state.intake',
      },
    ],
  },
  {
    name: 'spoiled-snapshot-installed',
    title: 'Nobody looks whether the whole of a snapshot is what was promised.',
    source: 'NATS (Jepsen 2.12.1), PAR',
    breaks: ['SMS'],
    suite: 'core',
    edits: [
      {
        file: INTAKES,
        find: 'else if (isSameSnapshot(stored.description, arriving.description)) {',
        replace: 'else if (stored.description.lastIncluded.index > 0) {',
      },
    ],
  },
  {
    name: 'snapshot-resent-for-ever',
    title: 'The word that a follower has the snapshot is not heard while it is being sent.',
    source: 'ra 51f9810e, etcd PR#10308',
    breaks: ['LIVE'],
    edits: [
      {
        file: PEER,
        find: "guard: { type: 'hasCaughtUpWithLog', params: ({ event }) => event.message },",
        replace:
          "guard: { type: 'hasCaughtUpWithLog', params: ({ event }) => ({ ...event.message, matchIndex: -1 }) },",
      },
    ],
  },
  {
    name: 'lost-piece-never-sent-again',
    title: 'A piece that was lost is waited for for ever.',
    source: 'hashicorp/raft #697, ra 51f9810e',
    breaks: ['LIVE'],
    edits: [
      {
        file: SENDING,
        find: "if (sending.awaits !== 'read' && sending.idleTicks > ticksIn(state.settings, state.settings.electionTimeoutMaxMs)) {",
        replace: 'if (sending.idleTicks < 0 && ticksIn(state.settings, 1) > 0) {',
      },
    ],
  },
  {
    name: 'snapshot-strictly-below-the-log',
    title: 'A follower that needs the first entry that is gone gets neither entries nor a snapshot.',
    source: 'openraft #1828',
    breaks: ['LIVE'],
    edits: [
      {
        file: SENDING,
        find: 'return nextIndex <= log.startsAfter.index',
        replace: 'return nextIndex < log.startsAfter.index',
      },
    ],
  },
  {
    name: 'gone-entries-rejected',
    title: 'A request whose first entry the follower has compacted is rejected.',
    source: 'etcd #7348, openraft',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: FOLLOWING,
        find: 'return prevLog.index < log.startsAfter.index || log.holds(prevLog)',
        replace: 'return log.holds(prevLog)',
      },
    ],
  },
  {
    name: 'pieces-count-as-silence',
    title: 'A follower that gets a snapshot has not heard its leader.',
    source: 'Figure 13; hashicorp/raft #503',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: FOLLOWING,
        find: '  state.lastContactMs = nowMs\n',
        replace: "  if (request.type === 'appendEntries') state.lastContactMs = nowMs\n",
      },
    ],
  },
  {
    name: 'snapshot-taken-while-applying',
    title: 'A snapshot is taken in the middle of a batch, and says the entry before it.',
    source: 'async-raft eed681d5, etcd 3.5 postmortem',
    breaks: ['SMS'],
    edits: [
      {
        file: TAKER,
        find: '|| applyingIndex !== lastApplied) return',
        replace: '|| applyingIndex < lastApplied) return',
      },
    ],
  },
]
