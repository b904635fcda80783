// What is said of a log, of a group, of a server.
export {
  LOG_START,
  assertName,
  isName,
  type GroupId,
  type GroupUuid,
  type Index,
  type LogPosition,
  type NodeId,
  type ServerId,
  type StoreIdentity,
  type Term,
} from './identifiers.ts'
export {
  isVoter,
  memberOf,
  priorityOf,
  type Configuration,
  type Member,
  type NextConfiguration,
  type Origin,
  type PlacedConfiguration,
} from './configuration.ts'
export {
  ENTRY_OVERHEAD_BYTES,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  commandBytes,
  entryBytes,
  type Command,
  type CommandEntry,
  type ConfigurationEntry,
  type Entry,
  type EntryKind,
  type Idempotency,
  type NoOpEntry,
  type UpgradeEntry,
} from './entry.ts'
export {
  FIRST_MACHINE_VERSION,
  HIGHEST_MACHINE_VERSION,
  assertMachineVersion,
  type MachineVersions,
} from './machineVersions.ts'
export { decodeSystemPart, encodeSystemPart, type SystemPart } from './driver/systemPart.ts'
export { IdempotencyKeys, type KeyedPlace, type RememberedKey } from './state/idempotencyKeys.ts'
export {
  installSnapshotBytes,
  isSameSnapshot,
  type SnapshotDescription,
  type SnapshotHead,
  type StoredSnapshot,
} from './snapshot.ts'

// What servers and clients say to one another.
export {
  isBootstrapMessage,
  isRepairMessage,
  type AppendEntries,
  type AppendEntriesAccepted,
  type AppendEntriesRejected,
  type AppendEntriesReply,
  type BootstrapAccepted,
  type BootstrapInquiry,
  type BootstrapMessage,
  type BootstrapOffer,
  type BootstrapStanding,
  type InstallSnapshot,
  type InstallSnapshotAnswered,
  type Message,
  type Packet,
  type PreVote,
  type PreVoteGranted,
  type PreVoteRefused,
  type PreVoteReply,
  type RaftMessage,
  type RepairAbsent,
  type RepairEntry,
  type RepairInquiry,
  type RepairMessage,
  type RequestVote,
  type RequestVoteGranted,
  type RequestVoteRefused,
  type RequestVoteReply,
  type TimeoutNow,
} from './messages.ts'
export type {
  AppendRequest,
  AppendedReply,
  BusyReply,
  ClientOutcome,
  ClientReply,
  ClientRequest,
  CompactedReply,
  EntriesReply,
  KeyForgottenReply,
  KeyReusedReply,
  ReadIndexReply,
  ReadIndexRequest,
  NoAnswer,
  NoResponder,
  NotLeaderReply,
  NotSent,
  ReadRequest,
  RefusedReply,
  StatusReply,
  StatusRequest,
  UnknownReply,
} from './clientProtocol.ts'

// The ports.
export type {
  ClientRequestHandler,
  ClientTransport,
  Clock,
  DamagedEntry,
  GroupWrite,
  HardState,
  Network,
  Random,
  RecoveredGroup,
  SnapshotDraft,
  SnapshotReader,
  SnapshotSource,
  SnapshotWrite,
  StateMachine,
  Store,
  StoreFailure,
  TimerHandle,
  Transport,
  TransportReceiver,
} from './ports.ts'
export { MemoryNetwork } from './memory/memoryNetwork.ts'
export { MemoryStore } from './memory/memoryStore.ts'

// The node, and a server alone.
export { RaftNode, type OpenGroupOptions, type RaftNodeOptions } from './driver/raftNode.ts'
export type { CompactionPolicy } from './driver/compactionPolicy.ts'
export type { SnapshotOutcome, SnapshotSettled } from './driver/snapshotTaker.ts'
export type { Staleness } from './driver/staleness.ts'
export type { AppendSettled, HostedServer, ReadSettled, TransferSettled } from './driver/hostedServer.ts'
export type { DroppedPackets } from './driver/admission.ts'
export type { BirthRequest, BootstrapDone } from './driver/birth.ts'
export type { ServerStatus } from './driver/status.ts'
export {
  RaftServer,
  type ChartClock,
  type Inspect,
  type RaftServerOptions,
  type ServerHost,
} from './statecharts/raftServer.ts'
export type { RunningTimeout, ServerImage } from './statecharts/serverImage.ts'
export type { Role } from './statecharts/server.ts'
export type { Surroundings } from './statecharts/context.ts'
export type { ChangeOutcome, ChangeRefusal } from './state/membershipChange.ts'
export type { MembershipOutcome, MembershipRequest, MembershipSettled } from './driver/membershipDesk.ts'
export type { TransferOutcome, TransferRefusal } from './state/transfer.ts'
export type { AppendOrder, AppendOutcome } from './state/pendingAppends.ts'
export type { ReadOrder, ReadOutcome } from './state/readRounds.ts'
export type { Applying } from './rules/commitment.ts'
export type { IntakeStep, Outputs, SnapshotRead, Write } from './state/outputs.ts'
export type { WriteId } from './state/durability.ts'
export type { RaftState } from './state/raftState.ts'
export { firstEntry } from './rules/bootstrap.ts'
export {
  DEFAULT_SETTINGS,
  PAPER_SETTINGS,
  RELOADABLE_SETTINGS,
  reloadSettings,
  resolveSettings,
  type RaftSettings,
} from './settings.ts'

export {
  AlreadyBootstrappedError,
  AppendOutcomeUnknownError,
  BackpressureError,
  BootstrapConflictError,
  BootstrapIncompleteError,
  DamagedLogError,
  EntryTooLargeError,
  IdempotencyKeyReusedError,
  InvariantViolation,
  LeadershipTransferError,
  MembershipChangeError,
  type MembershipChangeReason,
  LogClosedError,
  LogCompactedError,
  MachineVersionError,
  NotBootstrappedError,
  NotCaughtUpError,
  NotLeaderError,
  QuorateError,
  ServerStoppedError,
  StoreReplacedError,
  WrongGroupError,
  invariant,
  toError,
} from './errors.ts'
