import { setup } from 'xstate'
import { isVotingMember, drawElectionTimeout, electionTimeoutRemaining } from '../rules/elections.ts'
import { acknowledgeDurable, answerAppendEntries } from '../rules/following.ts'
import { answerInstallSnapshot } from '../rules/installing.ts'
import type { AppendEntries } from '../messages.ts'
import { refuseAppends } from '../rules/appending.ts'
import { refuseChange } from '../rules/membership.ts'
import { refuseReads } from '../rules/reads.ts'
import { obeysTimeoutNow, refuseTransfer } from '../rules/transfer.ts'
import { answerPreVote, answerRequestVote } from '../rules/voting.ts'
import type { RaftState } from '../state/raftState.ts'
import { CHART_OPTIONS, positiveDelay, type ServerContext } from './context.ts'
import type { RoleEvent } from './events.ts'
import { withFastPath } from './fastPath.ts'

const chart = setup({
  types: { context: {} as ServerContext, input: {} as ServerContext, events: {} as RoleEvent },
  delays: {
    electionTimeout: ({ context: { state, surroundings } }) => {
      drawElectionTimeout(state, surroundings.chance())
      return positiveDelay(electionTimeoutRemaining(state, surroundings.now()))
    },
  },
  guards: {
    isVotingMember: ({ context }) => isVotingMember(context.state),
    isNoVotingMember: ({ context }) => !isVotingMember(context.state),
    obeys: ({ context, event }) =>
      event.type === 'timeoutNow.received' && obeysTimeoutNow(context.state, event.from, event.message),
    isReceiving: ({ context }) => context.state.intake !== undefined,
    isNotReceiving: ({ context }) => context.state.intake === undefined,
    heardInTime: ({ context: { state, surroundings } }) => electionTimeoutRemaining(state, surroundings.now()) > 0,
  },
  actions: {
    /** What it heard, or did not hear, before it was a voting member says nothing of its leader. */
    startWaiting: ({ context: { state, surroundings } }) => {
      state.lastContactMs = surroundings.now()
    },
    becomeTarget: ({ context }) => {
      context.state.isTransferTarget = true
    },
    askForPoll: ({ context }) => {
      context.state.outputs.pollWanted = true
    },
    answer: ({ context, event }) => {
      answer(context, event)
    },
  },
})

/** The rule for each event of a follower. Returns false for those that are not a follower's. */
function answer({ state, surroundings }: ServerContext, event: RoleEvent): boolean {
  switch (event.type) {
    case 'appendEntries.received':
      answerAppendEntries(state, event.from, event.message, surroundings.now())
      return true
    case 'installSnapshot.received':
      answerInstallSnapshot(state, event.from, event.message, surroundings.now())
      return true
    case 'preVote.received':
      answerPreVote(state, event.from, event.message, { isLeader: false, nowMs: surroundings.now() })
      return true
    case 'requestVote.received':
      answerRequestVote(state, event.from, event.message, surroundings.now())
      return true
    case 'write.completed':
      acknowledgeDurable(state)
      return true
    case 'appends.received':
      refuseAppends(state, event.orders)
      return true
    case 'reads.requested':
      refuseReads(state, event.orders)
      return true
    case 'transfer.requested':
      refuseTransfer(state, event.token, 'notLeader')
      return true
    case 'membership.requested':
      refuseChange(state, event.order.token, 'notLeader')
      return true
    default:
      return false
  }
}

const follower = chart.createMachine({
  id: 'follower',
  description: 'Answers the RPCs of candidates and leaders (§5.1).',
  context: ({ input }) => input,
  initial: 'following',
  states: {
    following: {
      type: 'parallel',
      on: {
        'appendEntries.received': { actions: 'answer' },
        'installSnapshot.received': { actions: 'answer' },
        'preVote.received': { actions: 'answer' },
        'requestVote.received': { actions: 'answer' },
        'write.completed': { actions: 'answer' },
        'appends.received': { actions: 'answer' },
        'reads.requested': { actions: 'answer' },
        'transfer.requested': { actions: 'answer' },
        'membership.requested': { actions: 'answer' },
        'removed.received': { description: 'Noted: it looks again whether it votes.', actions: 'answer' },
        'timeoutNow.received': {
          description: 'Its leader hands over to it (thesis §3.10).',
          guard: 'obeys',
          target: 'timedOut',
          actions: 'becomeTarget',
        },
      },
      states: {
        contact: {
          initial: 'listening',
          states: {
            listening: {
              description:
                'No voting member, or not yet: takes entries and waits for a configuration that names it (§6).',
              always: { guard: 'isVotingMember', target: 'armed', actions: 'startWaiting' },
            },
            armed: {
              description:
                'The election timeout runs. A word from the leader is noted, not re-armed: the timeout looks again.',
              always: { guard: 'isNoVotingMember', target: 'listening' },
              after: {
                electionTimeout: [
                  { description: 'The group goes on without it.', guard: 'isNoVotingMember', target: 'listening' },
                  { guard: 'heardInTime', target: 'armed', reenter: true },
                  { description: 'No word for an election timeout (§5.2).', target: 'lookingAgain' },
                ],
              },
            },
            lookingAgain: {
              description: 'After a pause timers run before sockets: a word may be waiting there.',
              entry: 'askForPoll',
              on: {
                'poll.completed': [
                  { guard: 'isNoVotingMember', target: 'listening' },
                  { guard: 'heardInTime', target: 'armed' },
                  { target: '#follower.timedOut' },
                ],
              },
            },
          },
        },
        log: {
          description: 'Where its log comes from.',
          initial: 'appending',
          states: {
            appending: {
              description: 'Entries, one behind the other (§5.3).',
              always: { guard: 'isReceiving', target: 'receivingSnapshot' },
            },
            receivingSnapshot: {
              description: 'The leader has discarded what it needs, and sends its snapshot (Figure 13).',
              always: { description: 'Installed, or not needed.', guard: 'isNotReceiving', target: 'appending' },
              on: { 'snapshot.advanced': { description: 'Another piece is written, or all is flushed.' } },
            },
          },
        },
      },
    },
    timedOut: { type: 'final', description: 'Stands for election (§5.2).' },
  },
  options: CHART_OPTIONS,
})

/** Listens to a leader until it falls silent. Done when the election timeout has elapsed. */
export const followerMachine = withFastPath(follower, (snapshot, event) => {
  const { context, value } = snapshot
  if (!context.state.settings.fastPath || !isOrdinary(value)) return false
  if (event.type === 'installSnapshot.received') return false
  if (event.type === 'appendEntries.received' && mayChangeItsPart(context.state, event.message)) return false
  return answer(context, event)
})

/** It hears a leader, and takes entries. */
function isOrdinary(value: unknown): boolean {
  const { following } = value as { readonly following?: { readonly contact: string; readonly log: string } }
  return following?.contact === 'armed' && following.log === 'appending'
}

/**
 * A configuration that comes, that goes with a truncation, or that is committed, may make it a voting member or unmake it:
 * that is for the chart.
 */
function mayChangeItsPart({ configurations, commitIndex }: RaftState, request: AppendEntries): boolean {
  const { prevLog, entries, leaderCommit } = request
  const latestIndex = configurations.at(-1)?.index ?? 0
  if (commitIndex < latestIndex && latestIndex <= leaderCommit) return true
  if (entries.length === 0) return false
  return prevLog.index < latestIndex || entries.some(({ kind }) => kind === 'configuration')
}
