// @ts-check
// Roles and election timeouts: §5.2.

const ELECTIONS = 'packages/core/src/rules/elections.ts'
const VOTING = 'packages/core/src/rules/voting.ts'
const CANDIDATE = 'packages/core/src/statecharts/candidate.ts'
const FOLLOWER = 'packages/core/src/statecharts/follower.ts'
const FOLLOWING = 'packages/core/src/rules/following.ts'
const SERVER = 'packages/core/src/statecharts/server.ts'
const DOOR = 'packages/core/src/statecharts/raftServer.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const ELECTION_MUTANTS = [
  {
    name: 'candidate-stays-one-under-a-leader',
    title: 'A candidate follows the leader of its term, and goes on as a candidate.',
    source: 'openraft 4490c678',
    breaks: ['ES', 'LIVE'],
    edits: [{ file: DOOR, find: `this.role === 'candidate') {`, replace: `this.role === 'leader') {` }],
  },
  {
    name: 'leader-outlives-its-term',
    title: 'A heartbeat of a newer term raises the term under a leader, which goes on and stamps its entries with it.',
    source: 'hashicorp/raft #695',
    breaks: ['LM', 'LC', 'SMS', 'ES'],
    edits: [
      {
        file: SERVER,
        find:
          `        },\n      },\n      on: {\n        'term.discovered': { target: 'follower', actions: ['adoptTerm', 'stepDown'] },\n` +
          '      },\n    },\n    stopped:',
        replace:
          `        },\n      },\n      on: {\n        'term.discovered': { actions: 'adoptTerm' },\n` +
          '      },\n    },\n    stopped:',
      },
    ],
  },
  {
    name: 'leader-ignores-newer-terms',
    title: 'A leader that is told of a newer term by an answer does not care.',
    source: 'paper §5.1',
    breaks: ['LIVE'],
    edits: [
      {
        file: DOOR,
        find: 'if (message.term > currentTerm) {',
        replace: `if (message.term > currentTerm && !(this.role === 'leader' && isAnswer(message))) {`,
      },
    ],
  },
  {
    name: 'leader-unheard',
    title: 'A word of the leader does not put off the election timeout.',
    source: 'paper §5.2',
    breaks: ['LIVE'],
    edits: [
      {
        file: FOLLOWING,
        find: 'state.lastContactMs = nowMs',
        replace: 'state.lastContactMs = Math.min(nowMs, state.lastContactMs)',
      },
    ],
  },
  {
    name: 'leader-unheard-while-logs-differ',
    title: 'A word of the leader that is rejected does not put off the election timeout.',
    source: 'redpanda #30817',
    breaks: ['LIVE'],
    edits: [
      {
        file: FOLLOWING,
        find: 'state.lastContactMs = nowMs\n',
        replace: `if (!('prevLog' in request) || state.log.holds(request.prevLog)) state.lastContactMs = nowMs\n`,
      },
    ],
  },
  {
    name: 'refused-candidates-put-off-elections',
    title: 'Every request for a vote puts off the election timeout, granted or not.',
    source: 'NATS TestNRGUnsuccessfulVoteRequestDoesntResetElectionTimer, hashicorp/raft bfc1fc9',
    breaks: ['LIVE'],
    edits: [
      {
        file: VOTING,
        find: 'if (!grantsVote(state, candidate, request)) {',
        replace: 'state.lastContactMs = nowMs\n  if (!grantsVote(state, candidate, request)) {',
      },
    ],
  },
  {
    name: 'no-time-to-win',
    title: 'Who has just given its vote does not wait for the candidate to win.',
    source: 'paper §5.2',
    breaks: ['LIVE'],
    edits: [
      {
        file: VOTING,
        find: 'state.lastContactMs = nowMs',
        replace: 'state.lastContactMs = Math.min(nowMs, state.lastContactMs)',
      },
    ],
  },
  {
    name: 'timeouts-without-chance',
    title: 'All servers wait the same time for a leader, so that they stand for election together.',
    source: 'paper §5.2',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: ELECTIONS,
        find: 'electionTimeoutMinMs + chance * (',
        replace: 'electionTimeoutMinMs + Math.sign(chance) * (',
      },
    ],
  },
  {
    name: 'one-round-of-votes-alone',
    title: 'A candidate whose round of votes elected nobody waits for ever.',
    source: 'paper §5.2',
    breaks: ['LIVE'],
    edits: [
      {
        file: CANDIDATE,
        find: `waiting: { after: { electionTimeout: 'lookingAgain' } },\n        lookingAgain: {\n          description`,
        replace: 'waiting: {},\n        lookingAgain: {\n          description',
      },
    ],
  },
  {
    name: 'slow-disk-raises-terms',
    title: 'A candidate begins round after round while its disk has not taken its vote, and never asks anybody.',
    source: 'hashicorp/raft #503, #666',
    breaks: ['LIVE'],
    edits: [
      {
        file: CANDIDATE,
        find: '!isHardStateDurable(context.state)',
        replace: '!isHardStateDurable(context.state) && context.state.votes.size > 1',
      },
    ],
  },
  {
    name: 'no-second-look-after-a-pause',
    title: 'A follower that was paused stands for election without a look at what has come meanwhile.',
    source: 'etcd #7312, #7970',
    breaks: ['LIVE'],
    edits: [{ file: FOLLOWER, find: `target: 'lookingAgain' },`, replace: `target: '#follower.timedOut' },` }],
  },
]
