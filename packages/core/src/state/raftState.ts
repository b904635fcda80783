import type { Configuration, PlacedConfiguration } from '../configuration.ts'
import type { GroupId, Index, ServerId, StoreIdentity, Term } from '../identifiers.ts'
import { FIRST_MACHINE_VERSION, FIRST_VERSION_ALONE, type MachineVersions } from '../machineVersions.ts'
import type { HardState, RecoveredGroup } from '../ports.ts'
import type { RaftSettings } from '../settings.ts'
import type { SnapshotDescription } from '../snapshot.ts'
import { startDurability, type Durability } from './durability.ts'
import { Log } from './log.ts'
import { noOutputs, type Outputs } from './outputs.ts'
import { IdempotencyKeys, type KeyedPlace } from './idempotencyKeys.ts'
import type { AppendOrder, PendingAppend } from './pendingAppends.ts'
import type { PendingChange } from './membershipChange.ts'
import { copyProgress, type Progress } from './progress.ts'
import { copyReadRounds, startReadRounds, type ReadRounds } from './readRounds.ts'
import type { SnapshotIntake } from './snapshotIntake.ts'
import type { Transfer } from './transfer.ts'

/** What a follower knows of the leader it follows. */
export interface Following {
  readonly leaderId: ServerId
  /** The leader's replication session, repeated in each acknowledgement. */
  readonly session: number
  /** The highest of its rounds that we have heard of (thesis §6.4). */
  round: number
  /** Up to here our log is that of this leader. */
  verifiedIndex: Index
  /** The highest index acknowledged to it. */
  acknowledgedIndex: Index
}

/**
 * One server's state: Figure 2, and what stands around it. Plain data, changed in place by the rules alone. The role is
 * not here: it stands in the statechart.
 */
export interface RaftState {
  readonly id: ServerId
  readonly group: GroupId
  readonly store: StoreIdentity
  /** What its state machine can run. */
  readonly machineVersions: MachineVersions
  /** How it behaves: another object when that changes. */
  settings: RaftSettings

  /** Latest term the server has seen (persistent). */
  currentTerm: Term
  /** The candidate that received the vote in the current term (persistent). */
  votedFor: ServerId | undefined
  /** The log entries (persistent). */
  readonly log: Log
  /** What stands for the log's beginning, and for more of it (§7); undefined while nothing does (persistent). */
  snapshot: SnapshotDescription | undefined
  /**
   * The configurations in the log, in order, after that of the snapshot: the last is in force, the one before returns if it
   * is truncated (§6).
   */
  configurations: PlacedConfiguration[]

  /** A committed configuration without this server stands here, or stood when it was last told so. */
  removedAt: Index
  /** The highest time in the log so far, so that times never fall: milliseconds since the epoch. */
  lastTime: number
  /** The highest entry known to be committed. */
  commitIndex: Index
  /** What was known to be committed when the process began: what its snapshot stands for. */
  readonly recoveredCommit: Index
  /** The highest commit index that a leader has told, be the entries here or not. */
  leaderCommit: Index
  /** The highest entry handed to the state machine. */
  applyingIndex: Index
  /** The highest entry that the state machine has taken. */
  lastApplied: Index

  /** The version by which the state machine took the last entry that was handed to it. */
  machineVersion: number

  /** Who leads the current term, once known. */
  leaderId: ServerId | undefined
  /** When the current leader was last heard, or this server last gave its vote: monotonic milliseconds. */
  lastContactMs: number
  /**
   * When any leader was last heard; of a process that has just started, when it did: what the former one heard is not
   * known. Monotonic milliseconds.
   */
  leaderHeardAtMs: number
  /** The latest draw from the interval (§5.2). */
  electionTimeoutMs: number
  /** A snapshot that is coming. */
  intake: SnapshotIntake | undefined
  /** As a follower of a known leader. */
  following: Following | undefined
  /** As a candidate that asks first: who would vote for it, itself included. */
  readonly preVotes: Set<ServerId>
  /** The last question of that kind that was asked in this process. */
  preVoteRound: number
  /** The leader has told this server to stand for election. */
  isTransferTarget: boolean
  /** As a candidate: who granted the vote, itself included once that is durable. */
  readonly votes: Set<ServerId>
  /** As a leader: nextIndex[] and matchIndex[]. */
  readonly peers: Map<ServerId, Progress>
  /** As a leader: so much of snapshots may leave now, for the rate that is set: bytes. */
  snapshotCreditBytes: number
  /** As a leader that hands over: to whom, and who wants to know how it went. */
  transfer: Transfer | undefined
  /**
   * As a leader: who was told to take over, and where the log ended then. Until it has taken in more, that word may still
   * move it.
   */
  readonly told: Map<ServerId, Index>
  /** As a leader: ticks since it began to hand over, or to lead. */
  ticksSinceTransfer: number
  /** As a leader that changes the configuration: who wants to know how it went. */
  pendingChange: PendingChange | undefined
  /** As a leader: whether it still leads, for those who read. */
  readRounds: ReadRounds
  /** As a leader: where the last version stands that it has named; 0 while it has named none. */
  upgradeIndex: Index
  /** The last replication session given out in this process. */
  lastSession: number

  /** Appends taken as a leader whose outcome is open, in the order of their entries. */
  readonly pendingAppends: PendingAppend[]
  /** The bytes of these, and of those that wait for the end of a transfer. */
  pendingBytes: number
  /** The idempotency keys of what the state machine has taken (thesis §6.3). */
  keys: IdempotencyKeys
  /** As a leader: the keys of what it has appended in its term and not applied yet. */
  readonly openKeys: Map<string, KeyedPlace>
  /** As a leader that does not know all keys yet: appends that have one, and wait until it does. */
  keyedAppends: AppendOrder[]
  /** The term in which this server led and knew all keys. */
  keysKnownIn: Term
  readonly durability: Durability
  outputs: Outputs
  /** Why the server must stop at the end of this turn. */
  failure: Error | undefined
}

export interface ServerOptions {
  readonly id: ServerId
  readonly group: GroupId
  readonly store: StoreIdentity
  readonly settings: RaftSettings
  /** What its state machine can run; the first version alone unless given. */
  readonly machineVersions?: MachineVersions | undefined
  /** Undefined: the store holds nothing of the group. */
  readonly recovered: RecoveredGroup | undefined
}

/** The state of a server that has just been started from what its store holds. */
export function startState(options: ServerOptions): RaftState {
  const { id, group, store, settings, machineVersions = FIRST_VERSION_ALONE, recovered } = options
  // A snapshot stands for what is committed.
  const committed = recovered?.snapshot?.lastIncluded.index ?? 0
  return {
    id,
    group,
    store,
    machineVersions,
    settings,
    currentTerm: recovered?.hardState.currentTerm ?? 0,
    votedFor: recovered?.hardState.votedFor,
    log: new Log(recovered?.lastIndex, recovered?.termStarts, recovered?.logStartsAfter),
    snapshot: recovered?.snapshot,
    configurations: recoveredConfigurations(recovered),
    removedAt: 0,
    lastTime: recovered?.lastTime ?? 0,
    commitIndex: committed,
    recoveredCommit: committed,
    leaderCommit: 0,
    applyingIndex: 0,
    lastApplied: 0,
    machineVersion: FIRST_MACHINE_VERSION,
    leaderId: undefined,
    lastContactMs: 0,
    leaderHeardAtMs: 0,
    electionTimeoutMs: 0,
    intake: undefined,
    following: undefined,
    preVotes: new Set(),
    preVoteRound: 0,
    isTransferTarget: false,
    votes: new Set(),
    snapshotCreditBytes: 0,
    transfer: undefined,
    told: new Map(),
    pendingChange: undefined,
    ticksSinceTransfer: 0,
    readRounds: startReadRounds(),
    upgradeIndex: 0,
    peers: new Map(),
    lastSession: 0,
    pendingAppends: [],
    pendingBytes: 0,
    keys: new IdempotencyKeys(),
    openKeys: new Map(),
    keyedAppends: [],
    keysKnownIn: 0,
    durability: startDurability(recovered?.lastIndex ?? 0),
    outputs: noOutputs(),
    failure: undefined,
  }
}

/** A state of its own that says the same: what the rules change later in the one stays in the other. */
export function copyState(state: RaftState): RaftState {
  const { intake, following, peers, transfer, told, readRounds, durability, outputs } = state
  return {
    ...state,
    log: state.log.copy(),
    configurations: [...state.configurations],
    intake: intake && { ...intake },
    following: following && { ...following },
    preVotes: new Set(state.preVotes),
    votes: new Set(state.votes),
    transfer: transfer && { ...transfer, waiting: [...transfer.waiting] },
    told: new Map(told),
    readRounds: copyReadRounds(readRounds),
    peers: new Map([...peers].map(([id, progress]) => [id, copyProgress(progress)])),
    pendingAppends: [...state.pendingAppends],
    keys: state.keys.copy(),
    openKeys: new Map(state.openKeys),
    keyedAppends: [...state.keyedAppends],
    durability: {
      ...durability,
      pending: durability.pending.map((write) => ({ ...write })),
      held: [...durability.held],
    },
    outputs: {
      messages: [...outputs.messages],
      reads: [...outputs.reads],
      snapshotReads: [...outputs.snapshotReads],
      intakeSteps: [...outputs.intakeSteps],
      answers: [...outputs.answers],
      pollWanted: outputs.pollWanted,
    },
  }
}

/** Every configuration that a store knows of, in order: that of the snapshot first, where the log has it no more. */
export function recoveredConfigurations(recovered: RecoveredGroup | undefined): PlacedConfiguration[] {
  if (recovered === undefined) return []
  const { snapshot, logStartsAfter, configurations } = recovered
  const inLog = configurations.map(({ index, configuration }) => ({ index, configuration }))
  const isGone = snapshot !== undefined && snapshot.configuration.index <= logStartsAfter.index
  return isGone ? [snapshot.configuration, ...inLog] : inLog
}

/** The latest configuration in the log, committed or not (§6). Undefined on a blank server. */
export function configurationOf(state: RaftState): Configuration | undefined {
  return state.configurations.at(-1)?.configuration
}

/** The latest that is known to be committed. Undefined while none is. */
export function committedConfiguration({ configurations, commitIndex }: RaftState): PlacedConfiguration | undefined {
  let last = configurations.length - 1
  while (last >= 0 && configurations[last]!.index > commitIndex) last--
  return configurations[last]
}

export function hardStateOf(state: RaftState): HardState {
  return { currentTerm: state.currentTerm, votedFor: state.votedFor }
}
