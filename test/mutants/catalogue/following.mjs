// @ts-check
// Log replication, as a follower sees it: §5.3.

const FOLLOWING = 'packages/core/src/rules/following.ts'
const TERMS = 'packages/core/src/rules/terms.ts'
const LOG = 'packages/core/src/state/log.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const FOLLOWING_MUTANTS = [
  {
    name: 'heartbeat-matches-any-log',
    title: 'A request without entries is accepted without a look at the entry before.',
    source: 'async-raft 6202138f',
    breaks: ['SMS', 'LM'],
    edits: [
      {
        file: FOLLOWING,
        find: 'if (!agreesAt(state, request.prevLog)) {',
        replace: 'if (request.entries.length > 0 && !agreesAt(state, request.prevLog)) {',
      },
    ],
  },
  {
    name: 'term-of-the-entry-before-ignored',
    title: 'A follower accepts entries behind any entry of the index named, whatever its term.',
    source: 'paper §5.3',
    breaks: ['LM', 'SMS'],
    canary: true,
    edits: [
      {
        file: FOLLOWING,
        find: 'if (!agreesAt(state, request.prevLog)) {',
        replace: 'if (!agreesAt(state, request.prevLog) && request.prevLog.index > state.log.lastIndex) {',
      },
    ],
  },
  {
    name: 'missing-entry-matches',
    title: 'An entry that the log does not have counts as one that matches.',
    source: 'WRaft#118.1 (SandTable), etcd 76f1249',
    breaks: ['LM'],
    edits: [
      {
        file: LOG,
        find: 'return this.termAt(position.index) === position.term',
        replace: 'return (this.termAt(position.index) ?? position.term) === position.term',
      },
    ],
  },
  {
    name: 'conflict-overlooked',
    title: 'Entries whose index the follower has are skipped as copies, without a look at their term.',
    source: 'yugabyte #32876, WRaft#1 (SandTable)',
    breaks: ['LM', 'SMS'],
    edits: [
      {
        file: FOLLOWING,
        find: 'if (log.termAt(entry.index) === entry.term) continue',
        replace: 'if (entry.index <= log.lastIndex) continue',
      },
    ],
  },
  {
    name: 'only-the-last-entry-compared',
    title: 'A conflict is seen at the end of the log alone.',
    source: 'WRaft#1 (SandTable)',
    breaks: ['LM', 'SMS'],
    edits: [
      {
        file: FOLLOWING,
        find: 'if (log.termAt(entry.index) === entry.term) continue',
        replace: 'if (entry.index < log.lastIndex || log.termAt(entry.index) === entry.term) continue',
      },
    ],
  },
  {
    name: 'copies-truncate',
    title: 'A late request that names entries which the follower has makes it cut them off and take them anew.',
    source: 'RaftOS#2 (SandTable)',
    breaks: ['DUR', 'LC'],
    canary: true,
    edits: [{ file: FOLLOWING, find: '      if (log.termAt(entry.index) === entry.term) continue\n', replace: '' }],
  },
  {
    name: 'late-request-cuts-the-tail',
    title: 'A follower cuts off what it has behind the entries of a request, also where nothing conflicts.',
    source: 'CCF (NSDI 2025), NATS b2bb911bd',
    breaks: ['DUR', 'LC'],
    edits: [
      {
        file: FOLLOWING,
        find: 'appendMissing(state, request)\n',
        replace:
          'appendMissing(state, request)\n' +
          '  const upTo = request.prevLog.index + request.entries.length\n' +
          '  if (request.entries.length > 0 && upTo < state.log.lastIndex) truncateLog(state, upTo)\n',
      },
    ],
  },
  {
    name: 'committed-entries-cut-off',
    title: 'A follower whose log does not match cuts off its last entry at once, committed or not.',
    source: 'NATS f871570fb',
    breaks: ['DUR', 'LC'],
    edits: [
      {
        file: FOLLOWING,
        find: 'if (!agreesAt(state, request.prevLog)) {',
        replace:
          'if (!agreesAt(state, request.prevLog)) {\n' +
          '    truncateLog(state, Math.max(0, Math.min(state.log.lastIndex, request.prevLog.index) - 1))',
      },
    ],
  },
  {
    name: 'own-last-index-acknowledged',
    title: 'A follower acknowledges all of its log rather than what it got from this leader.',
    source: 'CCF #6001',
    breaks: ['DUR', 'LC'],
    canary: true,
    edits: [
      {
        file: FOLLOWING,
        find: 'following.verifiedIndex = Math.max(following.verifiedIndex, lastNewIndex)',
        replace: 'following.verifiedIndex = Math.max(state.log.lastIndex, lastNewIndex)',
      },
    ],
  },
  {
    name: 'mismatch-acknowledged',
    title: 'A follower whose log does not match answers as if it did.',
    source: 'NATS 233851a0f',
    breaks: ['DUR', 'LC'],
    edits: [
      {
        file: FOLLOWING,
        find: 'rejectAppendEntries(state, from, request)\n    return\n  }\n  appendMissing',
        replace:
          'following.verifiedIndex = Math.min(request.prevLog.index, state.log.lastIndex)\n' +
          '    acknowledge(state, following)\n    return\n  }\n  appendMissing',
      },
    ],
  },
  {
    name: 'session-outlives-its-term',
    title: 'A follower takes what it verified of a former leader for verified by the next.',
    source: 'openraft cecb5de8',
    breaks: ['LC', 'LIVE'],
    edits: [
      {
        file: TERMS,
        find: 'state.leaderId = undefined\n  state.following = undefined\n',
        replace: 'state.leaderId = undefined\n',
      },
    ],
  },
]
