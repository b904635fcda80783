import { setup } from 'xstate'
import {
  countOwnVote,
  countPreVote,
  countVote,
  drawElectionTimeout,
  startElection,
  startPreVote,
  winsElection,
  winsPreVote,
} from '../rules/elections.ts'
import { isHardStateDurable } from '../rules/durability.ts'
import { answerAppendEntries } from '../rules/following.ts'
import { answerInstallSnapshot } from '../rules/installing.ts'
import type { PreVoteGranted } from '../messages.ts'
import { refuseAppends } from '../rules/appending.ts'
import { refuseChange } from '../rules/membership.ts'
import { refuseReads } from '../rules/reads.ts'
import { refuseTransfer } from '../rules/transfer.ts'
import { answerPreVote, answerRequestVote } from '../rules/voting.ts'
import { CHART_OPTIONS, positiveDelay, type ServerContext } from './context.ts'
import type { RoleEvent } from './events.ts'

const chart = setup({
  types: { context: {} as ServerContext, input: {} as ServerContext, events: {} as RoleEvent },
  delays: {
    electionTimeout: ({ context: { state, surroundings } }) => {
      drawElectionTimeout(state, surroundings.chance())
      return positiveDelay(state.electionTimeoutMs)
    },
  },
  guards: {
    asksFirst: ({ context: { state } }) => state.settings.preVote && !state.isTransferTarget,
    winsPreVote: ({ context }) => winsPreVote(context.state),
    winsElection: ({ context }) => winsElection(context.state),
    ownVoteIsOpen: ({ context }) => !isHardStateDurable(context.state),
  },
  actions: {
    startPreVote: ({ context }) => startPreVote(context.state),
    countPreVote: ({ context }, { from, message }: { from: string; message: PreVoteGranted }) =>
      countPreVote(context.state, from, message),
    startElection: ({ context }) => startElection(context.state),
    countOwnVote: ({ context }) => countOwnVote(context.state),
    countVote: ({ context }, voter: string) => countVote(context.state, voter),
    askForPoll: ({ context }) => {
      context.state.outputs.pollWanted = true
    },
    answer: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'appendEntries.received') {
        answerAppendEntries(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'installSnapshot.received') {
        answerInstallSnapshot(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'preVote.received') {
        answerPreVote(state, event.from, event.message, { isLeader: false, nowMs: surroundings.now() })
      } else if (event.type === 'requestVote.received') {
        answerRequestVote(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'appends.received') {
        refuseAppends(state, event.orders)
      } else if (event.type === 'reads.requested') {
        refuseReads(state, event.orders)
      } else if (event.type === 'transfer.requested') {
        refuseTransfer(state, event.token, 'notLeader')
      } else if (event.type === 'membership.requested') {
        refuseChange(state, event.order.token, 'notLeader')
      }
    },
  },
})

/** Asks whether it could win, then for votes, round after round. Done when a majority has granted them. */
export const candidateMachine = chart.createMachine({
  id: 'candidate',
  description: 'Stands for election (§5.2).',
  context: ({ input }) => input,
  initial: 'standing',
  on: {
    'appendEntries.received': {
      description: 'Of an older term: refused, and it stays a candidate.',
      actions: 'answer',
    },
    'installSnapshot.received': { description: 'Of an older term, too.', actions: 'answer' },
    'preVote.received': { actions: 'answer' },
    'requestVote.received': { actions: 'answer' },
    'appends.received': { actions: 'answer' },
    'reads.requested': { actions: 'answer' },
    'transfer.requested': { actions: 'answer' },
    'membership.requested': { actions: 'answer' },
  },
  states: {
    standing: {
      description: 'A round begins.',
      always: [
        { description: 'Would it win? Not if its leader has sent it.', guard: 'asksFirst', target: 'preVoting' },
        { target: 'voting' },
      ],
    },
    preVoting: {
      description: 'Asks all others whether they would vote for it, and changes nothing (thesis §9.6).',
      entry: 'startPreVote',
      initial: 'waiting',
      always: { guard: 'winsPreVote', target: 'voting' },
      on: {
        'preVote.granted': { actions: { type: 'countPreVote', params: ({ event }) => event } },
      },
      states: {
        waiting: { after: { electionTimeout: 'lookingAgain' } },
        lookingAgain: {
          entry: 'askForPoll',
          on: {
            'poll.completed': {
              description: 'Not yet: a leader may be there, or a majority may not.',
              target: '#candidate.preVoting',
              reenter: true,
            },
          },
        },
      },
    },
    voting: {
      description: 'A new term, its own vote, and a request to all others in parallel.',
      entry: 'startElection',
      initial: 'waiting',
      always: { guard: 'winsElection', target: 'won' },
      on: {
        'requestVote.granted': {
          actions: { type: 'countVote', params: ({ event }) => event.from },
        },
        'write.completed': { description: 'Its own vote can no longer be forgotten.', actions: 'countOwnVote' },
      },
      states: {
        waiting: { after: { electionTimeout: 'lookingAgain' } },
        lookingAgain: {
          description: 'After a pause timers run before sockets: votes may be waiting there.',
          entry: 'askForPoll',
          on: {
            'poll.completed': [
              {
                description: 'A slow disk: its own vote may still be forgotten, so nobody has been asked yet.',
                guard: 'ownVoteIsOpen',
                target: 'waiting',
              },
              { description: 'Split vote: a new round.', target: '#candidate.standing' },
            ],
          },
        },
      },
    },
    won: { type: 'final', description: 'Votes from a majority, in the same term.' },
  },
  options: CHART_OPTIONS,
})
