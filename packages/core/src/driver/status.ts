import type { GroupId, GroupUuid, Index, ServerId, Term } from '../identifiers.ts'
import type { PlacedConfiguration } from '../configuration.ts'
import { configurationOf } from '../state/raftState.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import type { Role } from '../statecharts/server.ts'

/** What a server can say of itself. */
export interface ServerStatus {
  readonly id: ServerId
  readonly group: GroupId
  /** Undefined until the group's configuration has reached this server. */
  readonly groupUuid: GroupUuid | undefined
  readonly role: Role
  /**
   * Who belongs to the group, as the latest configuration in the log of this server has it, and where in the log that
   * stands. Undefined until one has reached it.
   */
  readonly configuration: PlacedConfiguration | undefined
  readonly term: Term
  /** Who leads this term, once known. */
  readonly leaderId: ServerId | undefined
  readonly lastIndex: Index
  /** The log begins behind this entry: a snapshot stands for it and those before. 0 while it is whole. */
  readonly logStartsAfter: Index
  /** The last entry that the snapshot stands for; 0 while there is none. */
  readonly snapshotIndex: Index
  /** Why the state machine gave no snapshot when it was last asked for one: the log is kept. Undefined when it did. */
  readonly snapshotFailure: Error | undefined
  readonly commitIndex: Index
  /** Up to here the state machine has taken the entries. */
  readonly lastApplied: Index
  /** The version of the state machine that is in force there: it rises when all members can run a newer one. */
  readonly machineVersion: number
  /** Why the server stopped, if it did so by itself. */
  readonly failure: Error | undefined
}

export function statusOf({ id, group, role, state }: RaftServer, snapshotFailure?: Error): ServerStatus {
  return {
    id,
    group,
    groupUuid: configurationOf(state)?.groupUuid,
    role,
    configuration: state.configurations.at(-1),
    term: state.currentTerm,
    leaderId: state.leaderId,
    lastIndex: state.log.lastIndex,
    logStartsAfter: state.log.startsAfter.index,
    snapshotIndex: state.snapshot?.lastIncluded.index ?? 0,
    snapshotFailure,
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    machineVersion: state.machineVersion,
    failure: state.failure,
  }
}

export function isSameStatus(a: ServerStatus, b: ServerStatus): boolean {
  return (
    a.role === b.role &&
    a.term === b.term &&
    a.leaderId === b.leaderId &&
    a.commitIndex === b.commitIndex &&
    a.lastApplied === b.lastApplied &&
    a.machineVersion === b.machineVersion &&
    a.lastIndex === b.lastIndex &&
    a.logStartsAfter === b.logStartsAfter &&
    a.snapshotIndex === b.snapshotIndex &&
    a.snapshotFailure === b.snapshotFailure &&
    a.groupUuid === b.groupUuid &&
    a.configuration === b.configuration &&
    a.failure === b.failure
  )
}
