import { setup } from 'xstate'
import type { AppendEntriesAccepted, AppendEntriesRejected, InstallSnapshotAnswered } from '../messages.ts'
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
import {
  askAgain,
  endSending,
  hasCaughtUpWithLog,
  hasInstalled,
  needsSnapshot,
  noteReceived,
  sendPresent,
  sendReadPiece,
  sendSnapshot,
  tickSending,
} from '../rules/snapshotSending.ts'
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
    needsSnapshot: ({ context }) => needsSnapshot(context.state, context.progress),
    hasCaughtUpWithLog: ({ context: { state, progress } }, reply: AppendEntriesAccepted) =>
      isOfSession(progress, reply) && hasCaughtUpWithLog(state, reply),
    hasInstalled: ({ context: { progress } }, reply: AppendEntriesAccepted) =>
      isOfSession(progress, reply) && hasInstalled(progress, reply),
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
    sendSnapshot: ({ context }) => sendSnapshot(context.state, context.progress),
    noteReceived: ({ context }, reply: InstallSnapshotAnswered) => noteReceived(context.state, context.progress, reply),
    tickSending: ({ context }) => tickSending(context.state, context.progress),
    sendReadPiece: ({ context: { state, progress }, event }) => {
      if (event.type === 'snapshot.read') sendReadPiece(state, progress, event.offset, event.data)
    },
    sendPresent: ({ context: { state, progress }, event }) => {
      if (event.type === 'snapshot.superseded') sendPresent(state, progress, event.description)
    },
    askAgain: ({ context }) => askAgain(context.state, context.progress),
    endSending: ({ context }) => endSending(context.progress),
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
      always: {
        description: 'Further back than the log goes.',
        guard: 'needsSnapshot',
        target: 'snapshot',
      },
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
      always: {
        description: 'What it needs next is gone from the log.',
        guard: 'needsSnapshot',
        target: 'snapshot',
      },
      on: {
        'log.compacted': { description: 'Does it still find its next entry?' },
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
    snapshot: {
      description: 'What the follower needs is gone from the log: it gets the snapshot, piece by piece (§7).',
      entry: 'sendSnapshot',
      exit: 'endSending',
      on: {
        'installSnapshot.answered': {
          description: 'So far it is: the next piece.',
          guard: 'isOfSession',
          actions: { type: 'noteReceived', params: ({ event }) => event.message },
        },
        'appendEntries.accepted': [
          {
            description: 'It has the snapshot, or what came before needed none: entries again.',
            guard: { type: 'hasCaughtUpWithLog', params: ({ event }) => event.message },
            target: 'replicate',
            actions: [{ type: 'noteAcceptance', params: ({ event }) => event.message }, 'startReplicating'],
          },
          {
            description: 'It has this snapshot, and the log has been compacted further: the next one.',
            guard: { type: 'hasInstalled', params: ({ event }) => event.message },
            target: 'snapshot',
            reenter: true,
            actions: { type: 'noteAcceptance', params: ({ event }) => event.message },
          },
        ],
        'snapshot.read': { guard: 'isWhatWasRead', actions: 'sendReadPiece' },
        'snapshot.superseded': {
          description: 'A later one has taken its place before it was opened.',
          guard: 'isWhatWasRead',
          actions: 'sendPresent',
        },
        'heartbeatTick.elapsed': {
          description: 'The heartbeat; asks again when nothing moves.',
          actions: 'tickSending',
        },
        'entries.read': { guard: 'isWhatWasRead', actions: 'dropRead' },
        'connection.restored': { actions: 'askAgain' },
      },
    },
  },
  options: CHART_OPTIONS,
})
