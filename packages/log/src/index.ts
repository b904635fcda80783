export { openLog, type OpenSingleLogOptions } from './openLog.ts'
export { openNode, QuorateNode, type BootstrapOptions, type NodeOptions } from './quorateNode.ts'
export type { ChangeMembersOptions, RecoverServerOptions } from './membershipChange.ts'
export type { TransferOptions } from './leadershipTransfer.ts'
export { ReplicatedLog, type OpenLogOptions, type SubscribeOptions } from './replicatedLog.ts'
export { connectLog, RemoteLog, type LeaderStatus, type ReadResult } from './remoteLog.ts'
export type { CompactOptions, Compacted } from './logCompaction.ts'
export type { BackupOptions } from './logBackup.ts'
export type { ApplyContext, LogStateMachine } from './stateMachine.ts'
export type { ReadIndex, ReadIndexOptions } from './readIndex.ts'
export type { Appended, AppendOptions } from './appender.ts'
export type { Appendable } from './command.ts'
export { LogEntry } from './logEntry.ts'
export type { Subscription } from './subscription.ts'
export type { Watchable } from './watchable.ts'
export { memoryNetwork, memoryStore } from './memory.ts'
export { systemClock, systemRandom } from './systemPorts.ts'
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
  type CompactionPolicy,
  type GroupId,
  type GroupUuid,
  type Index,
  type Inspect,
  type Network,
  type MachineVersions,
  type MembershipChangeReason,
  type NodeId,
  type PlacedConfiguration,
  type RaftSettings,
  type Role,
  type ServerId,
  type ServerStatus,
  type Staleness,
  type Store,
  type Term,
} from '@quorate/core'
