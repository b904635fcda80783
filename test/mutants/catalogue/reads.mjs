// @ts-check
// Reads that are not of what is committed: thesis §6.4 and §6.4.1.

const READS = 'packages/core/src/rules/reads.ts'
const TERMS = 'packages/core/src/rules/terms.ts'
const VOTING = 'packages/core/src/rules/voting.ts'
const LEADER = 'packages/core/src/statecharts/leader.ts'

/** @type {readonly import('../mutant.mjs').Mutant[]} */
export const READ_MUTANTS = [
  {
    name: 'read-before-the-own-term',
    title: 'A new leader answers reads before an entry of its own term is committed.',
    source: 'etcd #7331, redisraft PR #22',
    breaks: ['LIN'],
    edits: [
      {
        file: READS,
        find: 'return log.termAt(commitIndex) === currentTerm',
        replace: 'return (log.termAt(commitIndex) ?? 0) <= currentTerm',
      },
    ],
  },
  {
    name: 'read-unproven',
    title: 'A leader answers reads before a majority has said that it still leads.',
    source: 'd-engine #381',
    breaks: ['LIN'],
    edits: [
      {
        file: READS,
        find: 'return asked !== undefined && acknowledgedRound(state) >= asked.round',
        replace: 'return asked !== undefined && acknowledgedRound(state) >= 0',
      },
    ],
  },
  {
    name: 'round-of-long-ago-counted',
    title: 'What followers said before a read was asked for vouches for it.',
    source: 'etcd #20418, raft PR #397',
    breaks: ['LIN'],
    edits: [
      {
        file: READS,
        find: 'return asked !== undefined && acknowledgedRound(state) >= asked.round',
        replace: 'return asked !== undefined && acknowledgedRound(state) >= asked.round - 1',
      },
    ],
  },
  {
    name: 'round-of-a-former-session-counted',
    title: 'An answer counts for a round though it is of another session with that follower.',
    source: 'a member that was removed and came back (thesis §4.2.3)',
    breaks: ['LIN'],
    suite: 'core',
    edits: [
      {
        file: LEADER,
        find: 'if (isOfSession(progress, message)) noteRound(state, progress, message.round)',
        replace: 'noteRound(state, progress, message.round)',
      },
    ],
  },
  {
    name: 'reads-outlive-the-leader',
    title: 'Who waits for a read is not told that the server leads no more.',
    source: 'hashicorp/raft VerifyLeader on step-down',
    breaks: ['LIVE'],
    edits: [{ file: TERMS, find: '  endReads(state)\n', replace: '  if (state.currentTerm < 0) endReads(state)\n' }],
  },
  {
    name: 'lease-of-the-longest-timeout',
    title: 'A lease lasts as long as the longest election timeout.',
    source: 'sofa-jraft #25',
    breaks: ['LIN'],
    edits: [
      {
        file: READS,
        find: 'settings.electionTimeoutMinMs * (1 - settings.clockDriftBound)',
        replace: 'settings.electionTimeoutMaxMs * (1 + settings.clockDriftBound)',
      },
      {
        file: READS,
        find: 'nowMs - starts[0]!.atMs >= settings.electionTimeoutMinMs',
        replace: 'nowMs - starts[0]!.atMs >= settings.electionTimeoutMaxMs * 2',
      },
    ],
  },
  {
    name: 'lease-from-the-last-question',
    title: 'A lease begins with a heartbeat that nobody has answered yet.',
    source: 'sofa-jraft PR #34, raft-rs 40157d8',
    breaks: ['LIN'],
    suite: 'core',
    edits: [
      {
        file: READS,
        find: 'return nowMs - oldest.atMs <',
        replace: 'return nowMs - readRounds.starts.at(-1)!.atMs <',
      },
    ],
  },
  {
    name: 'lease-without-a-majority',
    title: 'A lease holds though nobody has acknowledged it.',
    source: 'thesis §6.4.1',
    breaks: ['LIN'],
    edits: [
      {
        file: READS,
        find: 'oldest === undefined || oldest.round > acknowledgedRound(state)',
        replace: 'oldest === undefined || acknowledgedRound(state) < 0',
      },
    ],
  },
  {
    name: 'lease-of-equal-clocks',
    title: 'A lease counts on clocks that go equally fast.',
    source: 'thesis §6.4.1',
    breaks: ['LIN'],
    suite: 'core',
    edits: [{ file: READS, find: ' * (1 - settings.clockDriftBound)', replace: '' }],
  },
  {
    name: 'lease-while-handing-over',
    title: 'A lease holds while another server is told to stand for election.',
    source: 'openraft #1747',
    breaks: ['LIN'],
    edits: [
      {
        file: READS,
        find: 'transfer !== undefined || told.size > 0 || ',
        replace: '(transfer !== undefined && told.size > 1e9) || ',
      },
    ],
  },
  {
    name: 'lease-after-a-failed-transfer',
    title: 'A lease holds again as soon as a transfer is given up, though the word to take over may still arrive.',
    source: 'openraft #1747, thesis §3.10',
    breaks: ['LIN'],
    suite: 'core',
    edits: [{ file: READS, find: 'told.size > 0', replace: 'told.size > 1e9' }],
  },
  {
    name: 'vote-in-a-later-term-under-a-lease',
    title: 'A voter that came to a later term by another message votes in it, though it has just heard its leader.',
    source: 'thesis §6.4.1',
    breaks: ['LIN'],
    edits: [
      {
        file: VOTING,
        find: '(request.term === currentTerm && votedFor === undefined)',
        replace: '(request.term === currentTerm && votedFor === "")',
      },
    ],
  },
]
