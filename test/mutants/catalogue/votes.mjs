// @ts-check
// Terms and votes: §5.1, §5.2, §5.4.1.

const ELECTIONS = 'packages/core/src/rules/elections.ts'
const VOTING = 'packages/core/src/rules/voting.ts'
const TERMS = 'packages/core/src/rules/terms.ts'
const STATE = 'packages/core/src/state/raftState.ts'
const MAJORITY = 'packages/core/src/quorum/majority.ts'
const CANDIDATE = 'packages/core/src/statecharts/candidate.ts'
const FOLLOWING = 'packages/core/src/rules/following.ts'
const DOOR = 'packages/core/src/statecharts/raftServer.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const VOTE_MUTANTS = [
  {
    name: 'votes-twice',
    title: 'A server gives its vote to every candidate of a term that asks for it.',
    source: 'DaosRaft#1 (SandTable)',
    breaks: ['ES'],
    canary: true,
    edits: [
      {
        file: VOTING,
        find: 'const isFree = voter.votedFor === undefined || voter.votedFor === candidate',
        replace: 'const isFree = voter.votedFor === undefined || candidate !== voter.id',
      },
    ],
  },
  {
    name: 'leader-votes',
    title: 'A leader grants its vote to any candidate of its own term.',
    source: 'DaosRaft#1 (SandTable)',
    breaks: ['ES'],
    edits: [
      {
        file: VOTING,
        find: 'return isCurrent && isFree',
        replace: 'return (isCurrent && voter.leaderId === voter.id) || isCurrent && isFree',
      },
    ],
  },
  {
    name: 'own-vote-not-counted-as-given',
    title: 'A candidate that has voted for itself gives its vote to another one of the same term as well.',
    source: 'DaosRaft#1 (SandTable)',
    breaks: ['ES'],
    edits: [
      {
        file: VOTING,
        find: 'voter.votedFor === undefined || voter.votedFor === candidate',
        replace: 'voter.votedFor === undefined || voter.votedFor === candidate || voter.votedFor === voter.id',
      },
    ],
  },
  {
    name: 'retry-refused',
    title: 'A candidate that asks again, for the answer was lost, is refused the vote that it has.',
    source: 'nebula PR#2419',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: VOTING,
        find: 'voter.votedFor === undefined || voter.votedFor === candidate',
        replace: `voter.votedFor === undefined || candidate === ''`,
      },
    ],
  },
  {
    name: 'vote-not-marked-for-writing',
    title: 'A server that gives its vote does not see to it that the vote is written.',
    source: 'jraft #1243',
    breaks: ['ES'],
    canary: true,
    edits: [
      {
        file: VOTING,
        find: 'state.votedFor = candidate\n    state.durability.hardStateChanged = true',
        replace: 'state.votedFor = candidate',
      },
    ],
  },
  {
    name: 'vote-forgotten-at-restart',
    title: 'A server that restarts has its term, and has forgotten its vote.',
    source: 'spur #414',
    breaks: ['ES'],
    edits: [{ file: STATE, find: 'votedFor: recovered?.hardState.votedFor,', replace: 'votedFor: undefined,' }],
  },
  {
    name: 'term-taken-from-the-log',
    title: 'A server that restarts takes the term of its last entry for its current term.',
    source: 'WRaft#118.4 (SandTable), NATS a549c436c',
    breaks: ['MONO', 'ES'],
    edits: [
      {
        file: STATE,
        find: 'currentTerm: recovered?.hardState.currentTerm ?? 0,',
        replace: 'currentTerm: recovered?.termStarts.at(-1)?.term ?? 0,',
      },
    ],
  },
  {
    name: 'term-falls-on-mismatch',
    title: 'A follower whose log does not match falls back to the term of the entry that it was asked about.',
    source: 'NATS 25561f4ae',
    breaks: ['MONO', 'ES'],
    edits: [
      {
        file: FOLLOWING,
        find: 'if (!agreesAt(state, request.prevLog)) {',
        replace: 'if (!agreesAt(state, request.prevLog)) {\n    state.currentTerm = Math.max(1, request.prevLog.term)',
      },
    ],
  },
  {
    name: 'vote-outlives-its-term',
    title: 'A server that adopts a newer term keeps the vote that it gave in the former one.',
    source: 'NATS f4aca783c',
    breaks: ['LIVE', 'ES'],
    edits: [{ file: TERMS, find: '  state.votedFor = undefined\n', replace: '' }],
  },
  {
    name: 'candidate-keeps-its-vote',
    title: 'A candidate raises its term, and keeps the vote of the former one if there is one.',
    source: 'NATS f4aca783c',
    breaks: ['LIVE', 'ES'],
    edits: [{ file: ELECTIONS, find: 'state.votedFor = state.id', replace: 'state.votedFor ??= state.id' }],
  },
  {
    name: 'term-not-raised',
    title: 'A server that stands for election does so in the term that it is in.',
    source: 'paper §5.2',
    breaks: ['ES'],
    edits: [
      {
        file: ELECTIONS,
        find: 'state.currentTerm += 1',
        replace: 'state.currentTerm += state.votedFor === undefined ? 0 : 1',
      },
    ],
  },
  {
    name: 'vote-without-a-look-at-the-log',
    title: 'A vote is granted however old the log of the candidate is.',
    source: 'paper §5.4.1',
    breaks: ['LC'],
    canary: true,
    edits: [
      {
        file: VOTING,
        find: 'return isCurrent && isFree && isAtLeastAsUpToDate(request.lastLog, voter.log.last)',
        replace: 'return isCurrent && isFree',
      },
    ],
  },
  {
    name: 'log-compared-by-index',
    title: 'Of two logs the longer one counts as more up-to-date, whatever its last term.',
    source: 'async-raft a48a3282',
    breaks: ['LC'],
    edits: [
      {
        file: VOTING,
        find: 'candidate.term === voter.term ? candidate.index >= voter.index : candidate.term > voter.term',
        replace: 'candidate.index >= voter.index',
      },
    ],
  },
  {
    name: 'log-compared-by-term',
    title: 'Of two logs with the same last term the shorter one counts as up-to-date too.',
    source: 'paper §5.4.1',
    breaks: ['LC'],
    edits: [
      {
        file: VOTING,
        find: 'candidate.term === voter.term ? candidate.index >= voter.index : candidate.term > voter.term',
        replace: 'candidate.term >= voter.term',
      },
    ],
  },
  {
    name: 'log-compared-by-both',
    title: 'A log counts as up-to-date only if neither its last term nor its length is below.',
    source: 'hashicorp/raft #94',
    breaks: ['LIVE'],
    edits: [
      {
        file: VOTING,
        find: 'candidate.term === voter.term ? candidate.index >= voter.index : candidate.term > voter.term',
        replace: 'candidate.index >= voter.index && candidate.term >= voter.term',
      },
    ],
  },
  {
    name: 'stale-vote-counted',
    title: 'A candidate counts a vote that was given to it in an older term.',
    source: 'Xraft#33 (SandTable), akka-raft#47',
    breaks: ['ES'],
    edits: [
      {
        file: DOOR,
        find: 'if (isAnswer(message) && message.term < currentTerm) return',
        replace: `if (isAnswer(message) && message.type !== 'requestVote.granted' && message.term < currentTerm) return`,
      },
    ],
  },
  {
    name: 'copied-vote-counted-twice',
    title: 'Two copies of one vote count as the votes of two servers.',
    source: 'coyote-samples#8',
    breaks: ['ES'],
    edits: [
      {
        file: ELECTIONS,
        find: 'state.votes.add(voter)',
        replace:
          'const open = [voter, ...otherVoters(state)].filter((id) => !state.votes.has(id))\n' +
          '  state.votes.add(open[0] ?? voter)',
      },
    ],
  },
  {
    name: 'refusal-counted-as-vote',
    title: 'A candidate counts every answer to its request as a vote, refusals too.',
    source: 'CCF (NSDI 2025)',
    breaks: ['ES'],
    canary: true,
    edits: [
      {
        file: CANDIDATE,
        find: `        'requestVote.granted': {`,
        replace:
          `        'requestVote.refused': {\n` +
          `          actions: { type: 'countVote', params: ({ event }) => event.from },\n` +
          `        },\n` +
          `        'requestVote.granted': {`,
      },
    ],
  },
  {
    name: 'quorum-is-half-rounded-down',
    title: 'Half of the servers, rounded down, count as a majority.',
    source: 'paper §5.2',
    breaks: ['ES', 'LC'],
    canary: true,
    edits: [{ file: MAJORITY, find: 'return Math.floor(count / 2) + 1', replace: 'return Math.floor(count / 2)' }],
  },
  {
    name: 'half-of-an-even-group-is-enough',
    title: 'Two of four servers count as a majority.',
    source: 'NATS 12fff3a32',
    breaks: ['ES', 'LC'],
    edits: [{ file: MAJORITY, find: 'return Math.floor(count / 2) + 1', replace: 'return Math.ceil(count / 2)' }],
  },
  {
    name: 'stranger-stands-for-election',
    title: 'A server that knows of no configuration stands for election.',
    source: 'etcd db54973, NATS 5f4f537ba',
    breaks: ['CFG', 'ES'],
    edits: [
      {
        file: ELECTIONS,
        find: 'if (index <= commitIndex) return false\n  }\n  return false',
        replace: 'if (index <= commitIndex) return false\n  }\n  return true',
      },
    ],
  },
]
