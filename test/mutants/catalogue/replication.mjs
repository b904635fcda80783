// @ts-check
// Log replication, as a leader sees it: §5.3.

const APPENDING = 'packages/core/src/rules/appending.ts'
const REPLICATION = 'packages/core/src/rules/replication.ts'
const LOG = 'packages/core/src/state/log.ts'
const PROGRESS = 'packages/core/src/state/progress.ts'
const PEER = 'packages/core/src/statecharts/peer.ts'
const DOOR = 'packages/core/src/statecharts/raftServer.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const REPLICATION_MUTANTS = [
  {
    name: 'answers-of-older-terms-counted',
    title: 'The acknowledgement of an older term counts when its session has a number that is in use again.',
    source: 'openraft fbbf37b1, NATS 6d8b95029',
    breaks: ['LC'],
    edits: [
      {
        file: DOOR,
        find: 'if (isAnswer(message) && message.term < currentTerm) return',
        replace: `if (isAnswer(message) && message.type !== 'appendEntries.accepted' && message.term < currentTerm) return`,
      },
    ],
  },
  {
    name: 'answers-of-older-sessions-counted',
    title: 'An acknowledgement counts whatever term and session it comes from.',
    source: 'raft-rejoin survey (9 of 17 libraries), etcd TestLeaderMsgAppSelfAckAfterTermChange',
    breaks: ['LC'],
    edits: [
      {
        file: DOOR,
        find: 'if (isAnswer(message) && message.term < currentTerm) return',
        replace: `if (isAnswer(message) && message.type !== 'appendEntries.accepted' && message.term < currentTerm) return`,
      },
      {
        file: REPLICATION,
        find: 'return reply.session === peer.session',
        replace: 'return reply.session <= peer.session',
      },
    ],
  },
  {
    name: 'new-leader-trusts-its-followers',
    title: 'A new leader takes for granted that its followers hold all of its log.',
    source: 'NATS ca0a066ce',
    breaks: ['LC', 'DUR'],
    canary: true,
    edits: [{ file: PROGRESS, find: 'matchIndex: 0,', replace: 'matchIndex: nextIndex - 1,' }],
  },
  {
    name: 'match-index-falls',
    title: 'An acknowledgement that was overtaken takes the match index back.',
    source: 'RaftOS#1, PySyncObj#4 (SandTable)',
    breaks: ['MONO'],
    edits: [
      {
        file: REPLICATION,
        find: 'if (matchIndex > peer.matchIndex) {',
        replace: 'if (matchIndex !== peer.matchIndex) {',
      },
    ],
  },
  {
    name: 'next-index-below-match-index',
    title: 'A rejection that was overtaken takes the next index below what the follower has acknowledged.',
    source: 'WRaft#7 (SandTable), etcd-io/raft #149',
    breaks: ['LIVE', 'MONO'],
    edits: [
      {
        file: REPLICATION,
        find: 'peer.nextIndex = Math.max(nextIndex, peer.matchIndex + 1)\n  forgetInflight(peer)',
        replace: 'peer.nextIndex = nextIndex\n  forgetInflight(peer)',
      },
    ],
  },
  {
    name: 'rejection-taken-for-a-match',
    title: 'A leader takes the hint of a rejection for the index up to which the logs agree.',
    source: 'CCF #3723, #5324',
    breaks: ['LC', 'LIVE'],
    edits: [
      {
        file: REPLICATION,
        find: 'const byEntry = prevLogIndex',
        replace: 'peer.matchIndex = hint.index\n  const byEntry = prevLogIndex',
      },
    ],
  },
  {
    name: 'rejection-ignored-while-ahead',
    title: 'A leader that sends ahead takes no notice of a rejection, and never finds out what was lost.',
    source: 'openraft 54ffb00d',
    breaks: ['LIVE'],
    edits: [
      {
        file: PEER,
        find: 'isOfSession(progress, reply) && isFreshRejection(progress, reply, false),',
        replace: 'isOfSession(progress, reply) && isFreshRejection(progress, reply, false) && progress.isReading,',
      },
    ],
  },
  {
    name: 'rejection-ignored-while-probing',
    title: 'A leader that looks for the point where the logs agree stays where it is when it is rejected.',
    source: 'openraft #1828',
    breaks: ['LIVE'],
    edits: [
      {
        file: PEER,
        find: 'isOfSession(progress, reply) && isFreshRejection(progress, reply, true),',
        replace: 'isOfSession(progress, reply) && isFreshRejection(progress, reply, true) && progress.isReading,',
      },
    ],
  },
  {
    name: 'question-asked-once',
    title: 'A leader asks a follower once where the logs agree, and not again when that is lost.',
    source: 'WRaft#8 (SandTable)',
    breaks: ['LIVE'],
    edits: [
      {
        file: PEER,
        find: `'heartbeatTick.elapsed': { description: 'Retries for ever.', actions: 'probeAgain' },`,
        replace: `'heartbeatTick.elapsed': { description: 'Retries for ever.' },`,
      },
    ],
  },
  {
    name: 'one-heartbeat-alone',
    title: 'A leader that has sent something to a follower never sends it a heartbeat again.',
    source: 'WRaft#8 (SandTable)',
    breaks: ['LIVE'],
    edits: [
      {
        file: REPLICATION,
        find: 'if (peer.sentSinceTick) peer.sentSinceTick = false\n  else sendHeartbeat(state, peer)',
        replace: 'if (!peer.sentSinceTick) sendHeartbeat(state, peer)',
      },
    ],
  },
  {
    name: 'silent-while-the-window-is-full',
    title: 'A leader with entries under way sends no heartbeat, so that nobody notices when all of them are lost.',
    source: 'etcd replicate_pause, hashicorp/raft #612',
    breaks: ['LIVE'],
    edits: [
      {
        file: REPLICATION,
        find: 'else sendHeartbeat(state, peer)\n',
        replace: 'else if (peer.inflight.length === 0) sendHeartbeat(state, peer)\n',
      },
    ],
  },
  {
    name: 'heartbeat-finds-no-loss',
    title: 'A heartbeat names the last acknowledged entry, so that what was lost behind it is never missed.',
    source: 'etcd replicate_pause',
    breaks: ['LIVE'],
    edits: [
      {
        file: REPLICATION,
        find: 'const prevLog = positionAt(state, peer.nextIndex - 1)',
        replace: 'const prevLog = positionAt(state, entries.length === 0 ? peer.matchIndex : peer.nextIndex - 1)',
      },
    ],
  },
  {
    name: 'window-without-bounds',
    title: 'A leader sends ahead of the acknowledgements of a follower without a limit.',
    source: 'etcd #7162, #12548',
    breaks: ['LIVE'],
    edits: [{ file: REPLICATION, find: 'if (!isOpen) return\n', replace: 'if (!isOpen && peer.isReading) return\n' }],
  },
  {
    name: 'read-that-never-ends',
    title: 'Once a leader has read entries for a follower from its store, it waits for them for ever.',
    source: 'openraft #1828',
    breaks: ['LIVE'],
    edits: [
      { file: REPLICATION, find: '  peer.isReading = false\n', replace: '  peer.isReading = peer.nextIndex > 0\n' },
    ],
  },
  {
    name: 'read-sent-where-it-does-not-belong',
    title: 'Entries that were read from the store are sent though the follower is elsewhere by now.',
    source: 'NATS fec8a68ca',
    breaks: ['LM', 'LIVE'],
    edits: [
      { file: REPLICATION, find: 'entries[0]?.index === peer.nextIndex &&\n', replace: 'entries.length > 0 &&\n' },
    ],
  },
  {
    name: 'cache-outlives-a-truncation',
    title: 'Entries that were cut off stay in the cache, which goes by the index alone.',
    source: 'NATS 3dac57bea, async-raft 8cd24ba0',
    breaks: ['SMS', 'LM'],
    edits: [
      {
        file: LOG,
        find: 'this.#cache.splice(Math.max(0, index - this.#cachedAfter))',
        replace: 'this.#cache.slice(Math.max(0, index - this.#cachedAfter))',
      },
    ],
  },
  {
    name: 'cache-lets-go-too-early',
    title: 'The cache lets go of entries that the store does not have yet.',
    source: 'NATS f39989ee8',
    breaks: ['DUR'],
    edits: [
      {
        file: LOG,
        find: 'this.#cachedAfter + drop < upTo)',
        replace: 'this.#cachedAfter + drop < Math.max(upTo, this.#lastIndex))',
      },
    ],
  },
  {
    name: 'time-falls-along-the-log',
    title: 'A leader whose calendar was put back stamps entries with a time below that of the entries before.',
    source: 'session expiry by a local clock (thesis §6.3)',
    breaks: ['MONO'],
    edits: [
      {
        file: APPENDING,
        find: 'state.lastTime = Math.max(state.lastTime, wallTime)',
        replace: 'state.lastTime = wallTime',
      },
    ],
  },
]
