import { setup } from 'xstate'
import type { AppendEntriesAccepted, AppendEntriesRejected } from '../messages.ts'
import {
  dropRead,
  heartbeat,
  isFreshRejection,
  isOfSession,
  noteAcceptance,
  probe,
  probeAgain,
  replicate,
  restartFromMatch,
  sendRead,
  startReplicating,
  stepBack,
  tellCommitIndex,
} from '../rules/replication.ts'
import type { Progress } from '../state/progress.ts'
import type { RaftState } from '../state/raftState.ts'
import { CHART_OPTIONS } from './context.ts'
import type { PeerEvent } from './events.ts'

/** The leader's state, and its progress with one follower, by reference. */
export interface PeerContext {
  readonly state: RaftState
  readonly progress: Progress
}

const chart = setup({
  types: { context: {} as PeerContext, input: {} as PeerContext, events: {} as PeerEvent },
  guards: {
    isOfSession: ({ context, event }) => 'message' in event && isOfSession(context.progress, event.message),
    isWhatWasRead: ({ context, event }) => 'session' in event && event.session === context.progress.session,
    isRejectedProbe: ({ context: { progress } }, reply: AppendEntriesRejected) =>
      isOfSession(progress, reply) && isFreshRejection(progress, reply, true),
    isRejectedAhead: ({ context: { progress } }, reply: AppendEntriesRejected) =>
      isOfSession(progress, reply) && isFreshRejection(progress, reply, false),
  },
  actions: {
    probe: ({ context }) => probe(context.state, context.progress),
    probeAgain: ({ context }) => probeAgain(context.state, context.progress),
    replicate: ({ context }) => replicate(context.state, context.progress),
    heartbeat: ({ context }) => heartbeat(context.state, context.progress),
    tellCommitIndex: ({ context }) => tellCommitIndex(context.state, context.progress),
    startReplicating: ({ context }) => startReplicating(context.progress),
    restartFromMatch: ({ context }) => restartFromMatch(context.progress),
    noteAcceptance: ({ context }, reply: AppendEntriesAccepted) =>
      noteAcceptance(context.state, context.progress, reply),
    stepBack: ({ context }, reply: AppendEntriesRejected) => stepBack(context.state, context.progress, reply),
    sendRead: ({ context, event }) => {
      if (event.type === 'entries.read') sendRead(context.state, context.progress, event.entries)
    },
    dropRead: ({ context }) => dropRead(context.progress),
  },
})

/** What a leader does with one follower: find where the logs agree, then keep the follower supplied. */
export const peerMachine = chart.createMachine({
  id: 'peer',
  description: 'Replication to one follower (§5.3).',
  context: ({ input }) => input,
  initial: 'probe',
  states: {
    probe: {
      description: 'One question at a time: does the follower agree at nextIndex - 1?',
      entry: 'probe',
      on: {
        'appendEntries.accepted': {
          guard: 'isOfSession',
          target: 'replicate',
          actions: [{ type: 'noteAcceptance', params: ({ event }) => event.message }, 'startReplicating'],
        },
        'appendEntries.rejected': {
          description: 'Further back.',
          guard: { type: 'isRejectedProbe', params: ({ event }) => event.message },
          actions: [{ type: 'stepBack', params: ({ event }) => event.message }, 'probe'],
        },
        'heartbeatTick.elapsed': { description: 'Retries for ever.', actions: 'probeAgain' },
        'entries.read': {
          description: 'Wanted before the logs were found to disagree.',
          guard: 'isWhatWasRead',
          actions: 'dropRead',
        },
        'connection.restored': { actions: 'probe' },
      },
    },
    replicate: {
      description: 'Sends ahead of the acknowledgements, within the window.',
      entry: 'replicate',
      on: {
        'appendEntries.accepted': {
          guard: 'isOfSession',
          actions: [{ type: 'noteAcceptance', params: ({ event }) => event.message }, 'replicate'],
        },
        'appendEntries.rejected': {
          description: 'Something before it was lost, or overtaken.',
          guard: { type: 'isRejectedAhead', params: ({ event }) => event.message },
          target: 'probe',
          actions: { type: 'stepBack', params: ({ event }) => event.message },
        },
        'entries.appended': { actions: 'replicate' },
        'entries.read': { guard: 'isWhatWasRead', actions: ['sendRead', 'replicate'] },
        'heartbeatTick.elapsed': { actions: 'heartbeat' },
        'commitIndex.advanced': { actions: 'tellCommitIndex' },
        'connection.restored': { target: 'probe', actions: 'restartFromMatch' },
      },
    },
  },
  options: CHART_OPTIONS,
})
