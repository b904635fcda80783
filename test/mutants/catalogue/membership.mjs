// @ts-check
// Who belongs to a group, and when: §6, thesis §4.

const MEMBERSHIP = 'packages/core/src/rules/membership.ts'
const CONFIGURATIONS = 'packages/core/src/rules/configurations.ts'
const ELECTIONS = 'packages/core/src/rules/elections.ts'
const VOTING = 'packages/core/src/rules/voting.ts'
const DURABILITY = 'packages/core/src/rules/durability.ts'
const FOLLOWING = 'packages/core/src/rules/following.ts'
const LEADER = 'packages/core/src/statecharts/leader.ts'
const MAJORITY = 'packages/core/src/quorum/majority.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const MEMBERSHIP_MUTANTS = [
  {
    name: 'change-before-the-own-term',
    title: 'A configuration is appended before an entry of the leader’s own term is committed.',
    source: 'Ongaro, raft-dev 2015; etcd #10889',
    breaks: ['ES', 'LC'],
    edits: [
      {
        file: MEMBERSHIP,
        find: '&& log.termAt(commitIndex) === currentTerm',
        replace: '&& (log.termAt(commitIndex) ?? 0) <= currentTerm',
      },
    ],
  },
  {
    name: 'two-changes-at-once',
    title: 'A configuration is appended while the one before is not committed.',
    source: 'thesis §4.1, hashicorp/raft',
    breaks: ['ES', 'LC'],
    edits: [
      { file: MEMBERSHIP, find: 'return latest(state).index <= commitIndex &&', replace: 'return commitIndex > 0 &&' },
    ],
  },
  {
    name: 'two-voters-at-once',
    title: 'Several voters come or go without joint consensus.',
    source: '§6, Figure 10',
    breaks: ['ES', 'LC'],
    edits: [
      {
        file: MEMBERSHIP,
        find: 'voterDifference(present, next.voters) <= 1 ?',
        replace: 'voterDifference(present, next.voters) <= 2 ?',
      },
    ],
  },
  {
    name: 'joint-by-the-new-alone',
    title: 'Under joint consensus a majority of one of the sets is enough.',
    source: '§6',
    breaks: ['ES', 'LC'],
    edits: [{ file: MAJORITY, find: 'return voters.every((set) => {', replace: 'return voters.some((set) => {' }],
  },
  {
    name: 'commit-by-one-of-two-sets',
    title: 'Under joint consensus entries are committed by a majority of the new voters.',
    source: '§6',
    breaks: ['LC'],
    edits: [
      {
        file: MAJORITY,
        find: 'lowest = Math.min(lowest, majorityIndex(set, indexOf))',
        replace: 'lowest = majorityIndex(set, indexOf)',
      },
    ],
  },
  {
    name: 'voters-that-lag',
    title: 'A new server votes before it has caught up.',
    source: 'thesis §4.2.1',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      { file: MEMBERSHIP, find: 'present.includes(id) || isCaughtUp(id)', replace: 'id.length > 0 || isCaughtUp(id)' },
    ],
  },
  {
    name: 'truncated-configuration-kept',
    title: 'A configuration that was truncated stays in force.',
    source: 'hashicorp/raft #84',
    breaks: ['ES', 'LC'],
    edits: [
      {
        file: DURABILITY,
        find: 'while ((state.configurations.at(-1)?.index ?? 0) > index) state.configurations.pop()',
        replace: 'while ((state.configurations.at(-1)?.index ?? 0) > index + 1e9) state.configurations.pop()',
      },
    ],
  },
  {
    name: 'configuration-not-taken',
    title: 'A follower that gets a configuration goes on with the one before.',
    source: '§6',
    breaks: ['ES'],
    edits: [
      {
        file: FOLLOWING,
        find: `if (entry.kind === 'configuration') useConfiguration(state, entry)`,
        replace: `if (entry.kind === 'configuration' && entry.index === 1) useConfiguration(state, entry)`,
      },
    ],
  },
  {
    name: 'new-server-not-supplied',
    title: 'A leader has no follower for a server that was added.',
    source: 'thesis §4.2.1',
    breaks: ['LIVE'],
    edits: [
      {
        file: LEADER,
        find: `enqueue.spawnChild('peer', { id, input: { state: context.state, progress } })\n  }\n  for`,
        replace: `if (progress.matchIndex > 0) enqueue.spawnChild('peer', { id, input: { state: context.state, progress } })\n  }\n  for`,
      },
    ],
  },
  {
    name: 'removed-leader-stays',
    title: 'A leader that was removed leads on.',
    source: 'thesis §4.2.2, ra',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: LEADER,
        find: `{ guard: 'isRemoved', target: 'leaving', actions: 'settleChange' },`,
        replace: '',
      },
    ],
  },
  {
    name: 'leaves-before-the-commit',
    title: 'A server that leaves does not stand for election, though its removal is not committed.',
    source: 'thesis §4.2.2, Figure 4.6',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: ELECTIONS,
        find: 'if (index <= commitIndex) return false',
        replace: 'if (index >= commitIndex || index <= commitIndex) return false',
      },
    ],
  },
  {
    name: 'removed-server-asks-for-ever',
    title: 'A server that was removed is not told.',
    source: 'etcd #6430, NATS',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: CONFIGURATIONS,
        find: 'memberOf(committed.configuration, candidate) !== undefined) return',
        replace: 'candidate.length > 0) return',
      },
    ],
  },
  {
    name: 'told-by-the-ignorant',
    title: 'A server believes that it was removed by a configuration older than its own.',
    source: 'etcd #15708',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      { file: ELECTIONS, find: 'if (index <= removedAt) return false', replace: 'if (removedAt > 0) return false' },
    ],
  },
  {
    name: 'strangers-refused',
    title: 'A server votes only where its own configuration names it.',
    source: 'thesis §4.1, etcd #11146',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: VOTING,
        find: 'return configurationOf(state) !== undefined',
        replace: 'return configurationOf(state)?.voters.some((set) => set.includes(state.id)) === true',
      },
    ],
  },
  {
    name: 'store-replaced-in-place',
    title: 'A voter whose store was replaced stays a voter.',
    source: 'Vanlightly standard-raft, openraft #898',
    breaks: ['ES', 'DUR'],
    suite: 'core',
    edits: [
      { file: MEMBERSHIP, find: 'if (replaced.length > 0) {', replace: 'if (replaced.length > members.length) {' },
    ],
  },
  {
    name: 'past-the-chart-at-the-commit',
    title: 'A follower whose removal is committed hears of it past its chart, which goes on waiting for an election.',
    source: 'the fast path of this library',
    breaks: ['CFG'],
    suite: 'core',
    edits: [
      {
        file: 'packages/core/src/statecharts/follower.ts',
        find: 'if (commitIndex < latestIndex && latestIndex <= leaderCommit) return true',
        replace: 'if (commitIndex < latestIndex && latestIndex + 1e9 <= leaderCommit) return true',
      },
    ],
  },
  {
    name: 'change-while-handing-over',
    title: 'A leader appends a configuration while it hands over.',
    source: 'thesis §3.10',
    breaks: ['LIVE'],
    edits: [
      {
        file: MEMBERSHIP,
        find: 'if (transfer !== undefined) return false',
        replace: 'if (transfer === null) return false',
      },
    ],
  },
]
