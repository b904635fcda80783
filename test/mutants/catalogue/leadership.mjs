// @ts-check
// What keeps elections from disturbing anybody, and how leadership is given up: thesis §3.10, §4.2.3, §6.2, §9.6.

const ELECTIONS = 'packages/core/src/rules/elections.ts'
const VOTING = 'packages/core/src/rules/voting.ts'
const LEADERSHIP = 'packages/core/src/rules/leadership.ts'
const TRANSFER = 'packages/core/src/rules/transfer.ts'
const LEADER = 'packages/core/src/statecharts/leader.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const LEADERSHIP_MUTANTS = [
  {
    name: 'priorities-forgotten',
    title: 'A leader keeps the leadership from a server of a higher priority.',
    source: 'raft-rs #68',
    breaks: ['LIVE'],
    edits: [{ file: TRANSFER, find: 'if (priority <= highest ||', replace: 'if (priority <= highest + 255 ||' }],
  },
  {
    name: 'leadership-for-one-that-lags',
    title: 'A leader hands over to a server of a higher priority that does not answer, again and again.',
    source: 'thesis §3.10, raft-rs #511',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: TRANSFER,
        find: 'matchIndex < commitIndex || !isEligible(state, id) || !isHeard(state, id)) continue',
        replace: 'matchIndex < commitIndex - 1e9 || !isEligible(state, id)) continue',
      },
    ],
  },
  {
    name: 'pre-vote-is-a-vote',
    title: 'Who grants a pre-vote has given its vote.',
    source: 'ra #608',
    breaks: ['LIVE'],
    edits: [
      {
        file: VOTING,
        find: `const type = grants ? 'preVote.granted' : 'preVote.refused'`,
        replace: `if (grants) state.votedFor = candidate\n  const type = grants ? 'preVote.granted' : 'preVote.refused'`,
      },
    ],
  },
  {
    name: 'late-pre-votes-counted',
    title: 'Pre-votes of an earlier round count for the present one.',
    source: 'openraft 511f33c7, redpanda #21345',
    breaks: ['LIVE'],
    edits: [{ file: ELECTIONS, find: 'if (round === state.preVoteRound) state', replace: 'if (round > 0) state' }],
  },
  {
    name: 'pre-vote-for-any-log',
    title: 'A pre-vote is granted to a server whose log is behind.',
    source: 'thesis §9.6',
    breaks: ['LIVE'],
    edits: [
      {
        file: VOTING,
        find: '!hearsLeader(state, voter.isLeader, voter.nowMs) &&\n    isAtLeastAsUpToDate(lastLog, state.log.last)',
        replace: '!hearsLeader(state, voter.isLeader, voter.nowMs) && lastLog.index >= 0',
      },
    ],
  },
  {
    name: 'pre-vote-against-the-leader',
    title: 'A pre-vote is granted though the leader was heard a moment ago.',
    source: 'thesis §9.6',
    breaks: ['LIVE'],
    edits: [
      { file: VOTING, find: '!hearsLeader(state, voter.isLeader, voter.nowMs) &&', replace: 'voter.nowMs >= 0 &&' },
    ],
  },
  {
    name: 'disruptive-candidates-heard',
    title: 'A candidate of a newer term deposes a leader that a majority hears.',
    source: 'thesis §4.2.3',
    breaks: ['LIVE'],
    edits: [
      {
        file: VOTING,
        find: '!request.isTransfer && hearsLeader(',
        replace: 'request.isTransfer && hearsLeader(',
      },
    ],
  },
  {
    name: 'transfer-held-off-by-voters',
    title: 'The voters protect the leader from the candidate that it has sent.',
    source: 'braft 3cfb1f1, canonical/raft #205',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [{ file: VOTING, find: '!request.isTransfer && hearsLeader(', replace: 'hearsLeader(' }],
  },
  {
    name: 'leads-without-a-quorum',
    title: 'A leader that no majority answers leads on.',
    source: 'thesis §6.2',
    breaks: ['LIVE'],
    edits: [
      {
        file: LEADERSHIP,
        find: 'if (!state.settings.checkQuorum) return true',
        replace: 'if (state.settings.heartbeatIntervalMs > 0) return true',
      },
    ],
  },
  {
    name: 'silence-never-ends',
    title: 'Answers of a follower are not noted: a leader gives way under a majority that hears it.',
    source: 'thesis §6.2',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [{ file: LEADER, find: 'progress.silentTicks = 0', replace: 'progress.silentTicks += 0' }],
  },
  {
    name: 'stalled-disk-leads-on',
    title: 'A leader whose disk has stalled goes on sending heartbeats, and nobody else is elected.',
    source: 'hashicorp/raft #503, #666',
    breaks: ['LIVE'],
    edits: [{ file: LEADERSHIP, find: 'return peers.size > 0 &&', replace: 'return peers.size > 99 &&' }],
  },
  {
    name: 'appends-while-handing-over',
    title: 'A leader that hands over goes on appending, and its target never has all of it.',
    source: 'thesis §3.10',
    breaks: ['LIVE'],
    edits: [
      {
        file: LEADER,
        find: `'appends.received': { actions: 'keepCommands' },`,
        replace: `'appends.received': { actions: ['appendCommands', tellOfEntries] },`,
      },
    ],
  },
  {
    name: 'told-before-it-holds-all',
    title: 'The target is told to stand for election before it holds the whole log.',
    source: 'thesis §3.10',
    breaks: ['LIVE'],
    edits: [
      {
        file: TRANSFER,
        find: 'if (transfer === undefined || state.peers.get(transfer.to)?.matchIndex !== log.lastIndex) return',
        replace: 'if (transfer === undefined || !state.peers.has(transfer.to)) return',
      },
    ],
  },
  {
    name: 'orders-of-long-ago-obeyed',
    title: 'A follower stands for election when it is told so late that its leader has long led on.',
    source: 'nats-server #6079',
    breaks: ['LIVE'],
    suite: 'core',
    edits: [
      {
        file: TRANSFER,
        find: 'state.log.lastIndex === lastLog.index && state.log.holds(lastLog)',
        replace: 'lastLog.index > 0',
      },
    ],
  },
  {
    name: 'waiting-appends-forgotten',
    title: 'What waited for a transfer that failed is never appended, nor answered.',
    source: 'openraft #1761',
    breaks: ['LIVE'],
    edits: [
      {
        file: TRANSFER,
        find: 'appendCommands(state, transfer.waiting, wallTime)',
        replace: 'appendCommands(state, [], wallTime)',
      },
    ],
  },
]
