import { setup } from 'xstate'
import { adoptTerm, stepDown } from '../rules/terms.ts'
import { takeLeadership } from '../rules/replication.ts'
import { candidateMachine } from './candidate.ts'
import { CHART_OPTIONS, type ServerContext } from './context.ts'
import type { ServerEvent } from './events.ts'
import { followerMachine } from './follower.ts'
import { leaderMachine } from './leader.ts'

/** A server's part in its group. */
export type Role = 'follower' | 'candidate' | 'leader' | 'stopped'

const chart = setup({
  types: { context: {} as ServerContext, input: {} as ServerContext, events: {} as ServerEvent },
  actors: { follower: followerMachine, candidate: candidateMachine, leader: leaderMachine },
  actions: {
    adoptTerm: ({ context, event }) => {
      if (event.type === 'term.discovered') adoptTerm(context.state, event.term)
    },
    stepDown: ({ context: { state, surroundings } }) => stepDown(state, surroundings.now()),
    takeLeadership: ({ context: { state, surroundings } }) => takeLeadership(state, surroundings.wallTime()),
  },
})

/** Figure 4: the roles, and what leads from one to the next. The root actor; the role is its child `role`. */
export const serverMachine = chart.createMachine({
  id: 'server',
  context: ({ input }) => input,
  initial: 'follower',
  on: {
    'server.failed': { description: 'Stops before it can lie.', target: '.stopped' },
    'server.closed': { target: '.stopped' },
  },
  states: {
    follower: {
      description: 'Where every server starts (§5.1).',
      invoke: {
        id: 'role',
        src: 'follower',
        input: ({ context }) => context,
        onDone: {
          description: 'The election timeout has elapsed (§5.2), or the leader hands over (thesis §3.10).',
          target: 'candidate',
        },
      },
      on: {
        // The same follower goes on: a newer term alone is no reason to wait longer for a leader.
        'term.discovered': { actions: 'adoptTerm' },
      },
    },
    candidate: {
      invoke: {
        id: 'role',
        src: 'candidate',
        input: ({ context }) => context,
        onDone: {
          description: 'Votes from a majority (§5.2).',
          target: 'leader',
          actions: 'takeLeadership',
        },
      },
      on: {
        'term.discovered': { target: 'follower', actions: ['adoptTerm', 'stepDown'] },
        'leader.discovered': {
          description: 'Another has won this term (§5.2).',
          target: 'follower',
          actions: 'stepDown',
        },
        'removal.discovered': {
          description: 'The group goes on without it (thesis §4.2.3).',
          target: 'follower',
          actions: 'stepDown',
        },
      },
    },
    leader: {
      invoke: {
        id: 'role',
        src: 'leader',
        input: ({ context }) => context,
        onDone: {
          description: 'It leads nobody any more, or its store stands still.',
          target: 'follower',
          actions: 'stepDown',
        },
      },
      on: {
        'term.discovered': { target: 'follower', actions: ['adoptTerm', 'stepDown'] },
      },
    },
    stopped: { type: 'final', description: 'Takes no part any more.' },
  },
  options: CHART_OPTIONS,
})
