import { setup } from 'xstate'
import { advanceCommitIndex } from '../rules/commitment.ts'
import { answerAppendEntries } from '../rules/following.ts'
import {
  appendCommands,
  heartbeat,
  isOfSession,
  noteAcceptance,
  replicate,
  tellCommitIndex,
} from '../rules/replication.ts'
import { answerRequestVote } from '../rules/voting.ts'
import { CHART_OPTIONS, type ServerContext } from './context.ts'
import type { PeerEvent, RoleEvent } from './events.ts'
import { withFastPath } from './fastPath.ts'
import { peerMachine } from './peer.ts'

const chart = setup({
  types: { context: {} as ServerContext, input: {} as ServerContext, events: {} as RoleEvent },
  actors: { peer: peerMachine },
  guards: {
    knowsPeer: ({ context, event }) => context.state.peers.has(peerOf(event) ?? ''),
  },
  actions: {
    appendCommands: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'appends.received') appendCommands(state, event.orders, surroundings.wallTime())
    },
    advanceCommitIndex: ({ context }) => advanceCommitIndex(context.state),
    answer: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'appendEntries.received') {
        answerAppendEntries(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'requestVote.received') {
        answerRequestVote(state, event.from, event.message, surroundings.now())
      }
    },
  },
})

/** The follower that an event is about. */
function peerOf(event: RoleEvent): string | undefined {
  if (event.type === 'entries.read') return event.for
  return 'from' in event ? event.from : undefined
}

const invokePeers = chart.enqueueActions(({ context, enqueue }) => {
  for (const [id, progress] of context.state.peers) {
    enqueue.spawnChild('peer', { id, input: { state: context.state, progress } })
  }
})

const passToPeer = chart.sendTo(
  ({ event }) => peerOf(event) ?? '',
  ({ event }) => event as PeerEvent,
)

function tellAllPeers(toEvent: (event: RoleEvent) => PeerEvent) {
  return chart.enqueueActions(({ context, event, enqueue }) => {
    for (const id of context.state.peers.keys()) enqueue.sendTo(id, toEvent(event))
  })
}

const leader = chart.createMachine({
  id: 'leader',
  description: 'Handles all client requests, and replicates the log to its peers (§5.3).',
  context: ({ input }) => input,
  initial: 'leading',
  states: {
    leading: {
      entry: invokePeers,
      on: {
        'appends.received': {
          description: 'To the log, then to the followers and the disk in parallel.',
          actions: ['appendCommands', tellAllPeers(() => ({ type: 'entries.appended' }))],
        },
        'appendEntries.accepted': { guard: 'knowsPeer', actions: passToPeer },
        'appendEntries.rejected': { guard: 'knowsPeer', actions: passToPeer },
        'entries.read': { guard: 'knowsPeer', actions: passToPeer },
        'heartbeatTick.elapsed': { actions: tellAllPeers(() => ({ type: 'heartbeatTick.elapsed' })) },
        'commitIndex.advanced': { actions: tellAllPeers(() => ({ type: 'commitIndex.advanced' })) },
        'connection.restored': { actions: tellAllPeers(() => ({ type: 'connection.restored' })) },
        'write.completed': {
          description: 'Its own disk counts as one of the majority.',
          actions: 'advanceCommitIndex',
        },
        'appendEntries.received': { description: 'Of an older term: refused.', actions: 'answer' },
        'requestVote.received': { description: 'Of this term or an older one: refused.', actions: 'answer' },
      },
    },
  },
  options: CHART_OPTIONS,
})

/** Leads until a newer term is discovered. Each follower is a child actor, under the follower's id. */
export const leaderMachine = withFastPath(leader, ({ context, children }, event) => {
  const { state, surroundings } = context
  if (!state.settings.fastPath) return false
  const isReplicating = (id: string): boolean => children[id]?.getSnapshot().value === 'replicate'
  switch (event.type) {
    case 'appendEntries.accepted': {
      const progress = state.peers.get(event.from)
      if (progress === undefined || !isReplicating(event.from)) return false
      if (!isOfSession(progress, event.message)) return true
      noteAcceptance(state, progress, event.message)
      replicate(state, progress)
      return true
    }
    case 'appends.received':
      appendCommands(state, event.orders, surroundings.wallTime())
      for (const progress of state.peers.values()) if (isReplicating(progress.id)) replicate(state, progress)
      return true
    case 'heartbeatTick.elapsed':
      for (const id of state.peers.keys()) if (!isReplicating(id)) return false
      for (const progress of state.peers.values()) heartbeat(state, progress)
      return true
    case 'commitIndex.advanced':
      for (const progress of state.peers.values()) if (isReplicating(progress.id)) tellCommitIndex(state, progress)
      return true
    case 'write.completed':
      advanceCommitIndex(state)
      return true
    default:
      return false
  }
})
