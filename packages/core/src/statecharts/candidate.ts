import { setup } from 'xstate'
import { countOwnVote, countVote, drawElectionTimeout, startElection, winsElection } from '../rules/elections.ts'
import { isHardStateDurable } from '../rules/durability.ts'
import { answerAppendEntries } from '../rules/following.ts'
import { refuseAppends } from '../rules/replication.ts'
import { answerRequestVote } from '../rules/voting.ts'
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
    winsElection: ({ context }) => winsElection(context.state),
    ownVoteIsOpen: ({ context }) => !isHardStateDurable(context.state),
  },
  actions: {
    startElection: ({ context }) => startElection(context.state),
    countOwnVote: ({ context }) => countOwnVote(context.state),
    countVote: ({ context }, voter: string) => countVote(context.state, voter),
    askForPoll: ({ context }) => {
      context.state.outputs.pollWanted = true
    },
    answer: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'appendEntries.received') {
        answerAppendEntries(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'requestVote.received') {
        answerRequestVote(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'appends.received') {
        refuseAppends(state, event.orders)
      }
    },
  },
})

/** Asks for votes, round after round. Done when a majority has granted them. */
export const candidateMachine = chart.createMachine({
  id: 'candidate',
  description: 'Stands for election (§5.2).',
  context: ({ input }) => input,
  initial: 'voting',
  on: {
    'appendEntries.received': {
      description: 'Of an older term: refused, and it stays a candidate.',
      actions: 'answer',
    },
    'requestVote.received': { actions: 'answer' },
    'appends.received': { actions: 'answer' },
  },
  states: {
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
              { description: 'Split vote: a new round, of a new term.', target: '#candidate.voting', reenter: true },
            ],
          },
        },
      },
    },
    won: { type: 'final', description: 'Votes from a majority, in the same term.' },
  },
  options: CHART_OPTIONS,
})
