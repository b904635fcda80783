// @ts-check
// What is committed, applied and answered: §5.3, §5.4.2, §8.

const COMMITMENT = 'packages/core/src/rules/commitment.ts'
const FOLLOWING = 'packages/core/src/rules/following.ts'
const APPENDING = 'packages/core/src/rules/appending.ts'
const REPLICATION = 'packages/core/src/rules/replication.ts'
const TERMS = 'packages/core/src/rules/terms.ts'
const MAJORITY = 'packages/core/src/quorum/majority.ts'
const APPLIER = 'packages/core/src/driver/applier.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const COMMITMENT_MUTANTS = [
  {
    name: 'old-terms-committed-by-counting',
    title: 'A leader commits entries of former terms by counting who holds them (Figure 8).',
    source: 'logcabin #44, PySyncObj#5 (SandTable)',
    breaks: ['LC', 'SMS'],
    edits: [
      {
        file: COMMITMENT,
        find: 'index > state.commitIndex && state.log.termAt(index) === state.currentTerm)',
        replace: 'index > state.commitIndex)',
      },
    ],
  },
  {
    name: 'commit-stops-at-an-old-term',
    title: 'A leader that looks for what it can commit stops at the first entry of a former term.',
    source: 'RaftOS#30 (SandTable)',
    breaks: ['LIVE'],
    edits: [
      {
        file: COMMITMENT,
        find: 'state.log.termAt(index) === state.currentTerm',
        replace: 'state.log.termAt(state.commitIndex + 1) === state.currentTerm',
      },
    ],
  },
  {
    name: 'nothing-appended-on-election',
    title: 'A new leader appends nothing of its own term, so that what it found stays uncommitted.',
    source: 'etcd #7331, redisraft PR#22',
    breaks: ['LIVE'],
    edits: [
      {
        file: REPLICATION,
        find: 'appendNoOp(state, wallTime)\n',
        replace: 'if (wallTime < 0) appendNoOp(state, wallTime)\n',
      },
    ],
  },
  {
    name: 'quorum-over-an-unsorted-list',
    title: 'The match indexes are not sorted before the one that a majority has reached is picked.',
    source: 'openraft #1802',
    breaks: ['DUR', 'LC'],
    canary: true,
    edits: [{ file: MAJORITY, find: 'set.map(indexOf).sort((a, b) => b - a)', replace: 'set.map(indexOf)' }],
  },
  {
    name: 'quorum-sorted-as-text',
    title: 'The match indexes are sorted as text, where 9 stands behind 10.',
    source: 'openraft #1802',
    breaks: ['DUR', 'LC'],
    edits: [
      { file: MAJORITY, find: 'set.map(indexOf).sort((a, b) => b - a)', replace: 'set.map(indexOf).sort().reverse()' },
    ],
  },
  {
    name: 'leader-not-counted',
    title: 'The leader does not count itself, and needs a majority of the others.',
    source: 'octo-im #43',
    breaks: ['LIVE'],
    edits: [
      {
        file: COMMITMENT,
        find: 'id === state.id ? state.durability.durableIndex : (state.peers.get(id)?.matchIndex ?? 0),',
        replace: 'state.peers.get(id)?.matchIndex ?? 0,',
      },
    ],
  },
  {
    name: 'leader-counted-before-its-flush',
    title: 'The leader counts itself as soon as an entry stands in its memory.',
    source: 'thesis §10.2.1',
    breaks: ['DUR'],
    edits: [
      {
        file: COMMITMENT,
        find: 'id === state.id ? state.durability.durableIndex :',
        replace: 'id === state.id ? state.log.lastIndex :',
      },
    ],
  },
  {
    name: 'commit-index-falls',
    title: 'A follower takes the commit index that it is told, also when it knew of more.',
    source: 'PySyncObj#2, #166 (SandTable), NATS c6f6c25ac',
    breaks: ['MONO'],
    edits: [
      {
        file: FOLLOWING,
        find: 'state.commitIndex = Math.max(state.commitIndex, Math.min(request.leaderCommit, lastNewIndex))',
        replace: 'state.commitIndex = Math.min(request.leaderCommit, lastNewIndex)',
      },
    ],
  },
  {
    name: 'commit-beyond-what-was-verified',
    title: 'A follower commits up to its own last index, though the end of its log may not be that of the leader.',
    source: 'etcd sendHeartbeat, CCF follower_overcommit',
    breaks: ['SMS'],
    edits: [
      {
        file: FOLLOWING,
        find: 'Math.min(request.leaderCommit, lastNewIndex)',
        replace: 'Math.min(request.leaderCommit, state.log.lastIndex)',
      },
    ],
  },
  {
    name: 'commit-beyond-the-log',
    title: 'A follower takes the commit index of the leader, whether it has the entries or not.',
    source: 'paper Figure 2, AppendEntries rule 5',
    breaks: ['SMS'],
    edits: [{ file: FOLLOWING, find: 'Math.min(request.leaderCommit, lastNewIndex)', replace: 'request.leaderCommit' }],
  },
  {
    name: 'applied-before-durable',
    title: 'Committed entries are applied before the own disk has them.',
    source: 'ra ffe3016a, etcd PR#13967',
    breaks: ['SMS'],
    edits: [
      {
        file: COMMITMENT,
        find: 'const upTo = Math.min(commitIndex, durability.durableIndex)',
        replace: 'const upTo = durability.durableIndex < 0 ? 0 : commitIndex',
      },
    ],
  },
  {
    name: 'applied-while-applying',
    title: 'The next entries are handed over though the state machine has not finished with the last.',
    source: 'async-raft eed681d5',
    breaks: ['SMS'],
    edits: [
      {
        file: COMMITMENT,
        find: '  if (applyingIndex > lastApplied) return undefined\n',
        replace: '  if (applyingIndex < 0) return undefined\n',
      },
    ],
  },
  {
    name: 'page-of-entries-skipped',
    title: 'Of committed entries that do not fit one batch the rest counts as applied.',
    source: 'etcd 8ecce32, 2e0653d',
    breaks: ['SMS'],
    edits: [{ file: APPLIER, find: 'this.#apply(last, upTo)', replace: 'this.#apply(Math.max(last, upTo), upTo)' }],
  },
  {
    name: 'append-of-a-former-leadership-taken',
    title: 'Commands that were meant for a former leadership are appended in the next one.',
    source: 'NATS 98c2891b0, b4506ec4a',
    breaks: ['XO'],
    suite: 'core',
    edits: [
      {
        file: APPENDING,
        find: 'if (order.term !== state.currentTerm || order.commands.length === 0) refuseAppend',
        replace: 'if (order.commands.length === 0) refuseAppend',
      },
    ],
  },
  {
    name: 'append-answered-by-index',
    title: 'An append counts as done when its index is applied, whosever entry stands there.',
    source: 'NATS ca0a066ce, paper §8',
    breaks: ['DUR', 'XO'],
    edits: [
      {
        file: COMMITMENT,
        find: 'if (isReached && log.termAt(lastIndex) === term) {',
        replace: 'if (isReached) {',
      },
    ],
  },
  {
    name: 'append-answered-when-appended',
    title: 'An append is answered as soon as its entry is durable on the leader.',
    source: 'NATS 2.12.1 (Jepsen), openraft ee460f37',
    breaks: ['DUR'],
    edits: [
      {
        file: COMMITMENT,
        find: 'const isReached = lastIndex <= lastApplied',
        replace: 'const isReached = lastIndex <= Math.max(lastApplied, state.durability.durableIndex)',
      },
    ],
  },
  {
    name: 'open-appends-refused-at-stop',
    title: 'A server that stops answers its open appends with a refusal, though they may be committed yet.',
    source: 'hashicorp/raft PR#561',
    breaks: ['XO'],
    edits: [
      {
        file: COMMITMENT,
        find: `outcome: { type: 'unknown', term } })`,
        replace: `outcome: { type: 'notLeader', leaderId: undefined, term } })`,
      },
    ],
  },
  {
    name: 'open-appends-refused-at-step-down',
    title: 'A leader that steps down answers its open appends with a refusal, though they may be committed yet.',
    source: 'redisraft #23',
    breaks: ['XO'],
    edits: [
      {
        file: TERMS,
        find: '  state.lastContactMs = nowMs\n',
        replace:
          '  state.lastContactMs = nowMs\n' +
          '  for (const { token, term } of state.pendingAppends.splice(0)) {\n' +
          `    state.outputs.answers.push({ token, outcome: { type: 'notLeader', leaderId: undefined, term } })\n` +
          '  }\n',
      },
    ],
  },
  {
    name: 'half-an-append-refused',
    title: 'An append of which a part is committed and the rest was lost is answered with a refusal.',
    source: 'redisraft #23',
    breaks: ['XO'],
    edits: [
      {
        file: COMMITMENT,
        find: 'if (firstIndex <= lastApplied && log.termAt(firstIndex) === term) return',
        replace: 'if (firstIndex <= lastApplied && lastIndex < firstIndex) return',
      },
    ],
  },
  {
    name: 'lost-appends-never-answered',
    title: 'Appends that were lost are forgotten without an answer.',
    source: 'openraft #1761',
    breaks: ['LIVE'],
    edits: [
      {
        file: COMMITMENT,
        find: '  state.outputs.answers.push({ token: pending.token, outcome })',
        replace: `  if (outcome.type !== 'notLeader') state.outputs.answers.push({ token: pending.token, outcome })`,
      },
    ],
  },
]
