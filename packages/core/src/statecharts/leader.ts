import { raise, setup } from 'xstate'
import { advanceCommitIndex } from '../rules/commitment.ts'
import { answerAppendEntries } from '../rules/following.ts'
import { answerInstallSnapshot } from '../rules/installing.ts'
import { appendCommands, learnKeys } from '../rules/appending.ts'
import { countTick, holdsQuorum, isStoreStalled } from '../rules/leadership.ts'
import {
  answerThere,
  countRounds,
  isCatchingUp,
  isChanging,
  isJoint,
  isRemoved,
  isThere,
  mayStep,
  refusalOf,
  refuseChange,
  settleChange,
  startChange,
  step,
} from '../rules/membership.ts'
import {
  answerRound,
  hasReaders,
  isRoundConfirmed,
  knowsCommitted,
  noteRound,
  renewLease,
  startRound,
  takeReads,
} from '../rules/reads.ts'
import { heartbeat, isOfSession, noteAcceptance, replicate, tellCommitIndex } from '../rules/replication.ts'
import { renewCredit } from '../rules/snapshotSending.ts'
import {
  abandonTransfer,
  bestTarget,
  isEligible,
  keepAppends,
  preferredTarget,
  refuseTransfer,
  startTransfer,
  tellAgain,
} from '../rules/transfer.ts'
import { appendUpgrade, isUpgraded, mayUpgrade } from '../rules/upgrading.ts'
import { answerPreVote, answerRequestVote } from '../rules/voting.ts'
import { CHART_OPTIONS, positiveDelay, type ServerContext } from './context.ts'
import type { RaftState } from '../state/raftState.ts'
import type { TransferRefusal } from '../state/transfer.ts'
import type { FollowerAnswered, PeerEvent, RoleEvent } from './events.ts'
import { withFastPath } from './fastPath.ts'
import { peerMachine } from './peer.ts'

const chart = setup({
  types: { context: {} as ServerContext, input: {} as ServerContext, events: {} as RoleEvent },
  actors: { peer: peerMachine },
  delays: {
    transferTimeout: ({ context }) => positiveDelay(context.state.settings.electionTimeoutMaxMs),
  },
  guards: {
    knowsPeer: ({ context, event }) => context.state.peers.has(peerOf(event) ?? ''),
    hasLostQuorum: ({ context }) => !holdsQuorum(context.state),
    knowsCommitted: ({ context }) => knowsCommitted(context.state),
    hasReaders: ({ context }) => hasReaders(context.state),
    isRoundConfirmed: ({ context }) => isRoundConfirmed(context.state),
    isStoreStalled: ({ context }) => isStoreStalled(context.state),
    storeFlushes: ({ context }) => !isStoreStalled(context.state),
    leadsInVain: ({ context: { state } }) => isStoreStalled(state) || isRemoved(state),
    isThere: ({ context, event }) => event.type === 'membership.requested' && isThere(context.state, event.order),
    mayChange: ({ context, event }) =>
      event.type === 'membership.requested' && refusalOf(context.state, event.order) === undefined,
    mayStep: ({ context }) => mayStep(context.state),
    isJoint: ({ context }) => isJoint(context.state),
    isCatchingUp: ({ context }) => isCatchingUp(context.state),
    isChanging: ({ context }) => isChanging(context.state),
    isSettled: ({ context }) => !isChanging(context.state),
    isRemoved: ({ context }) => isRemoved(context.state),
    mayUpgrade: ({ context }) => mayUpgrade(context.state),
    isUpgraded: ({ context }) => isUpgraded(context.state),
    isOutranked: ({ context }) => preferredTarget(context.state) !== undefined,
    hasTarget: ({ context, event }) => targetOf(context.state, event) !== undefined,
  },
  actions: {
    appendCommands: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'appends.received') appendCommands(state, event.orders, surroundings.wallTime())
    },
    keepCommands: ({ context: { state }, event }) => {
      if (event.type === 'appends.received') keepAppends(state, event.orders)
    },
    learnKeys: ({ context: { state, surroundings } }) => learnKeys(state, surroundings.wallTime()),
    appendUpgrade: ({ context: { state, surroundings } }) => appendUpgrade(state, surroundings.wallTime()),
    takeReads: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'reads.requested') takeReads(state, event.orders, surroundings.now())
    },
    startRound: ({ context: { state, surroundings } }) => startRound(state, surroundings.now()),
    answerRound: ({ context }) => answerRound(context.state),
    noteAnswer: ({ context, event }) => {
      if (isAnswered(event)) noteAnswer(context.state, event)
    },
    countTick: ({ context }) => tick(context),
    advanceCommitIndex: ({ context }) => advanceCommitIndex(context.state),
    startTransfer: ({ context, event }) => {
      const target = targetOf(context.state, event)
      if (target !== undefined && event.type === 'transfer.requested') startTransfer(context.state, target, event.token)
    },
    refuseTransfer: ({ context, event }, reason: TransferRefusal) => {
      if (event.type === 'transfer.requested') refuseTransfer(context.state, event.token, reason)
    },
    tellTargetAgain: ({ context }) => tellAgain(context.state),
    abandonTransfer: ({ context: { state, surroundings } }) => {
      abandonTransfer(state, surroundings.wallTime())
    },
    answerThere: ({ context, event }) => {
      if (event.type === 'membership.requested') answerThere(context.state, event.order)
    },
    startChange: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'membership.requested') startChange(state, event.order, surroundings.wallTime())
    },
    refuseChange: ({ context: { state }, event }) => {
      if (event.type !== 'membership.requested') return
      refuseChange(state, event.order.token, refusalOf(state, event.order) ?? 'busy')
    },
    step: ({ context: { state, surroundings } }) => step(state, surroundings.wallTime()),
    countRounds: ({ context }) => countRounds(context.state),
    settleChange: ({ context }) => settleChange(context.state),
    prefer: raise(({ context }: { context: ServerContext }) => ({
      type: 'transfer.requested' as const,
      to: preferredTarget(context.state),
      token: undefined,
    })),
    giveWay: raise({ type: 'transfer.requested', to: undefined, token: undefined }),
    answer: ({ context: { state, surroundings }, event }) => {
      if (event.type === 'appendEntries.received') {
        answerAppendEntries(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'installSnapshot.received') {
        answerInstallSnapshot(state, event.from, event.message, surroundings.now())
      } else if (event.type === 'preVote.received') {
        answerPreVote(state, event.from, event.message, { isLeader: true, nowMs: surroundings.now() })
      } else if (event.type === 'requestVote.received') {
        answerRequestVote(state, event.from, event.message, surroundings.now())
      }
    },
  },
})

/** The follower that an event is about. */
function peerOf(event: RoleEvent): string | undefined {
  if ('for' in event) return event.for
  return 'from' in event ? event.from : undefined
}

function isAnswered(event: RoleEvent): event is FollowerAnswered {
  const { type } = event
  return type === 'appendEntries.accepted' || type === 'appendEntries.rejected' || type === 'installSnapshot.answered'
}

/** A word from a follower in this term, whatever it says: it is there, and follows. */
function noteAnswer(state: RaftState, { from, message }: FollowerAnswered): void {
  const progress = state.peers.get(from)
  if (progress === undefined) return
  progress.silentTicks = 0
  if (isOfSession(progress, message)) noteRound(state, progress, message.round)
}

function tick({ state, surroundings }: ServerContext): void {
  countTick(state)
  renewCredit(state)
  renewLease(state, surroundings.now())
}

/** Who is to lead instead; undefined when nobody can. */
function targetOf(state: RaftState, event: RoleEvent): string | undefined {
  if (event.type !== 'transfer.requested') return undefined
  const to = event.to ?? bestTarget(state)
  return to !== undefined && isEligible(state, to) ? to : undefined
}

const invokePeers = chart.enqueueActions(({ context, enqueue }) => {
  for (const [id, progress] of context.state.peers) {
    enqueue.spawnChild('peer', { id, input: { state: context.state, progress } })
  }
})

/** As the configuration has it, which takes effect as soon as it stands in the log (§6). */
const updatePeerCharts = chart.enqueueActions(({ context, self, enqueue }) => {
  const { children } = self.getSnapshot()
  for (const [id, progress] of context.state.peers) {
    const present = children[id]?.getSnapshot().context.progress
    if (present === progress) continue
    if (present !== undefined) enqueue.stopChild(id)
    enqueue.spawnChild('peer', { id, input: { state: context.state, progress } })
  }
  for (const id of Object.keys(children)) if (!context.state.peers.has(id)) enqueue.stopChild(id)
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

const tellOfEntries = tellAllPeers(() => ({ type: 'entries.appended' }))

const leader = chart.createMachine({
  id: 'leader',
  description: 'Handles all client requests, and replicates the log to its peers (§5.3).',
  context: ({ input }) => input,
  initial: 'leading',
  states: {
    leading: {
      type: 'parallel',
      states: {
        replication: {
          description: 'A peer for each follower.',
          entry: invokePeers,
          on: {
            'appendEntries.accepted': { guard: 'knowsPeer', actions: ['noteAnswer', passToPeer] },
            'appendEntries.rejected': { guard: 'knowsPeer', actions: ['noteAnswer', passToPeer] },
            'installSnapshot.answered': { guard: 'knowsPeer', actions: ['noteAnswer', passToPeer] },
            'entries.read': { guard: 'knowsPeer', actions: passToPeer },
            'snapshot.read': { guard: 'knowsPeer', actions: passToPeer },
            'snapshot.superseded': { guard: 'knowsPeer', actions: passToPeer },
            'log.compacted': { actions: tellAllPeers(() => ({ type: 'log.compacted' })) },
            'heartbeatTick.elapsed': [
              {
                description: 'No majority has answered for an election timeout: it leads nobody (thesis §6.2).',
                guard: 'hasLostQuorum',
                target: '#leader.gaveWay',
              },
              { actions: ['countTick', tellAllPeers(() => ({ type: 'heartbeatTick.elapsed' }))] },
            ],
            'commitIndex.advanced': { actions: tellAllPeers(() => ({ type: 'commitIndex.advanced' })) },
            'connection.restored': { actions: tellAllPeers(() => ({ type: 'connection.restored' })) },
            'write.completed': {
              description: 'Its own disk counts as one of the majority.',
              actions: 'advanceCommitIndex',
            },
            'appendEntries.received': { description: 'Of an older term: refused.', actions: 'answer' },
            'installSnapshot.received': { description: 'Of an older term: refused.', actions: 'answer' },
            'preVote.received': { description: 'There is a leader: refused.', actions: 'answer' },
            'requestVote.received': { description: 'Of this term or an older one: refused.', actions: 'answer' },
          },
        },
        service: {
          initial: 'serving',
          states: {
            serving: {
              on: {
                'appends.received': {
                  description: 'To the log, then to the followers and the disk in parallel.',
                  actions: ['appendCommands', tellOfEntries],
                },
                'heartbeatTick.elapsed': {
                  description: 'One of a higher priority is well.',
                  guard: 'isOutranked',
                  actions: 'prefer',
                },
                'transfer.requested': [
                  { guard: 'hasTarget', target: 'transferring', actions: 'startTransfer' },
                  { guard: 'leadsInVain', target: '#leader.gaveWay' },
                  { actions: { type: 'refuseTransfer', params: 'noTarget' } },
                ],
              },
            },
            transferring: {
              description:
                'Brings the target up to date and tells it to stand for election; appends wait (thesis §3.10).',
              after: {
                transferTimeout: [
                  { guard: 'leadsInVain', target: '#leader.gaveWay' },
                  { description: 'It leads on.', target: 'serving', actions: ['abandonTransfer', tellOfEntries] },
                ],
              },
              on: {
                'appends.received': { actions: 'keepCommands' },
                'transfer.requested': { actions: { type: 'refuseTransfer', params: 'busy' } },
                'heartbeatTick.elapsed': { description: 'The word may be lost.', actions: 'tellTargetAgain' },
              },
            },
          },
        },
        keys: {
          description: 'Appends that are to happen once have keys, and are not appended again (thesis §6.3).',
          initial: 'opening',
          states: {
            opening: {
              description:
                'What stood in its log before is not applied: it does not know all keys, and such appends wait.',
              on: { 'keys.known': { target: 'known', actions: ['learnKeys', tellOfEntries] } },
            },
            known: {},
          },
        },
        machineVersion: {
          description: 'All servers go over to a newer version of the state machine at the same entry.',
          initial: 'steady',
          states: {
            steady: {
              on: {
                'heartbeatTick.elapsed': {
                  description: 'Every member can run a newer one.',
                  guard: 'mayUpgrade',
                  target: 'upgrading',
                  actions: ['appendUpgrade', tellOfEntries],
                },
              },
            },
            upgrading: {
              description: 'The entry that names it is not applied here yet.',
              on: { 'heartbeatTick.elapsed': { guard: 'isUpgraded', target: 'steady' } },
            },
          },
        },
        reads: {
          description: 'What is committed, for those who read: proven to be so by a round of heartbeats (thesis §6.4).',
          initial: 'opening',
          on: {
            'reads.requested': {
              description: 'All that come before a round begins share it; a lease answers at once.',
              actions: 'takeReads',
            },
          },
          states: {
            opening: {
              description: 'No entry of its own term is committed: it does not know what is (§8).',
              always: { guard: 'knowsCommitted', target: 'resting' },
            },
            resting: { always: { guard: 'hasReaders', target: 'asking' } },
            asking: {
              description: 'Does a majority still follow? Who reads meanwhile waits for the next round.',
              entry: 'startRound',
              always: { guard: 'isRoundConfirmed', target: 'resting', actions: 'answerRound' },
            },
          },
        },
        membership: {
          description:
            'Who belongs to the group (§6). Each step is an entry, and waits until the one before is committed.',
          initial: 'looking',
          on: {
            'membership.requested': [
              { description: 'Nothing to do.', guard: 'isThere', actions: 'answerThere' },
              {
                description: 'Also another goal while new servers catch up: nothing is lost by it yet.',
                guard: 'mayChange',
                target: '.looking',
                actions: ['startChange', updatePeerCharts, tellOfEntries],
              },
              { actions: 'refuseChange' },
            ],
          },
          states: {
            looking: {
              description: 'How far is the change? A new leader goes on where the former one was.',
              always: [
                { guard: 'isJoint', target: 'joint' },
                { guard: 'isCatchingUp', target: 'catchingUp' },
                { guard: 'isChanging', target: 'committing' },
                { guard: 'isRemoved', target: 'leaving', actions: 'settleChange' },
                { target: 'settled', actions: 'settleChange' },
              ],
            },
            settled: {},
            catchingUp: {
              description: 'New servers take the log without a vote, in rounds (thesis §4.2.1).',
              always: { guard: 'mayStep', target: 'looking', actions: ['step', updatePeerCharts, tellOfEntries] },
              on: { 'heartbeatTick.elapsed': { actions: 'countRounds' } },
            },
            joint: {
              description: 'Every decision takes a majority of the old voters and one of the new (§6).',
              always: { guard: 'mayStep', target: 'looking', actions: ['step', updatePeerCharts, tellOfEntries] },
            },
            committing: {
              description: 'In force since it was appended; done when it is committed.',
              always: { guard: 'isSettled', target: 'looking' },
            },
            leaving: {
              description: 'No voter of its group any more: another is to lead (thesis §4.2.2).',
              entry: 'giveWay',
              on: { 'membership.requested': { actions: 'refuseChange' } },
            },
          },
        },
        store: {
          description: 'Heartbeats need no disk: does its own still flush?',
          initial: 'flushing',
          states: {
            flushing: {
              on: {
                'heartbeatTick.elapsed': { guard: 'isStoreStalled', target: 'stalled' },
              },
            },
            stalled: {
              description: 'Hands over to whoever is best; if nobody takes over, gives way all the same.',
              entry: 'giveWay',
              on: { 'write.completed': { guard: 'storeFlushes', target: 'flushing' } },
            },
          },
        },
      },
    },
    gaveWay: { type: 'final', description: 'Leads nobody, or its store stands still: another may do better.' },
  },
  options: CHART_OPTIONS,
})

type Region = 'service' | 'machineVersion' | 'reads' | 'membership' | 'store'

/** In each region what an ordinary moment finds. */
function isSettled({ value }: { readonly value: unknown }): boolean {
  const { leading } = value as { readonly leading?: Readonly<Record<Region, string>> }
  return (
    leading?.service === 'serving' &&
    leading.machineVersion === 'steady' &&
    leading.reads === 'resting' &&
    leading.membership === 'settled' &&
    leading.store === 'flushing'
  )
}

/** Leads until a newer term is discovered, or until it gives way. Each follower is a child actor, under the follower's id. */
export const leaderMachine = withFastPath(leader, (snapshot, event) => {
  const { context, children } = snapshot
  const { state, surroundings } = context
  if (!state.settings.fastPath || !isSettled(snapshot)) return false
  const isReplicating = (id: string): boolean => children[id]?.getSnapshot().value === 'replicate'
  switch (event.type) {
    case 'appendEntries.accepted': {
      const progress = state.peers.get(event.from)
      if (progress === undefined || !isReplicating(event.from)) return false
      noteAnswer(state, event)
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
      if (!holdsQuorum(state) || isStoreStalled(state) || preferredTarget(state) !== undefined) return false
      if (mayUpgrade(state)) return false
      tick(context)
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
