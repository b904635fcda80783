import type {
  Configuration,
  GroupId,
  GroupUuid,
  Index,
  LogPosition,
  Origin,
  PlacedConfiguration,
  RecoveredGroup,
  ServerId,
  SnapshotDescription,
  StoreIdentity,
  Term,
} from '@quorate/core'
import { isVoter } from '@quorate/core'
import { type FolderStore, withStore } from './folderStore.ts'

/** A server of a group, as the log of one of them has it. */
export interface ReportedServer {
  readonly id: ServerId
  readonly store: StoreIdentity
  readonly votes: boolean
}

/** What a store holds of a group. */
export interface GroupReport {
  readonly group: GroupId
  readonly groupUuid: GroupUuid
  /** Of which group it is the continuation, if it was founded anew by its latest configuration. */
  readonly origin: Origin | undefined
  /** The server whose store this is; undefined where the log does not name it. */
  readonly id: ServerId | undefined
  /** By the latest configuration in the log, committed or not. */
  readonly servers: readonly ReportedServer[]
  /** Its sets of voters: two while a change of the members is under way. */
  readonly voters: readonly (readonly ServerId[])[]
  readonly configurationIndex: Index
  /** The group was being written here when that was cut short: nobody is a server of it. */
  readonly isUnfinished: boolean
  readonly currentTerm: Term
  readonly votedFor: ServerId | undefined
  /** The log holds the entries behind this one. */
  readonly logStartsAfter: LogPosition
  readonly last: LogPosition
  /** Of the last entry, or later: milliseconds since the epoch. */
  readonly lastTime: number
  readonly snapshot: SnapshotDescription | undefined
  /** Entries that cannot be read any more. */
  readonly damaged: readonly Index[]
}

/** What a store holds. */
export interface StoreReport {
  readonly folder: string
  readonly identity: StoreIdentity
  readonly groups: readonly GroupReport[]
}

/**
 * Says what the store in a folder holds. Its server must not run; to open a store writes to it, as the start of its server does.
 * @throws NoStoreError, and as `openDiskStore`: StoreLockedError while a server has it.
 */
export function inspectStore(folder: string): Promise<StoreReport> {
  return withStore(folder, async (store) => reportOn(store))
}

export function reportOn(store: FolderStore): StoreReport {
  const { folder, identity } = store
  const groups = store.groups.map((group) => reportOnGroup(store, group)).sort((a, b) => (a.group < b.group ? -1 : 1))
  return { folder, identity, groups }
}

function reportOnGroup(store: FolderStore, group: GroupId): GroupReport {
  const recovered = store.find(group)!
  const { index, configuration } = latestConfiguration(recovered)
  const { hardState, logStartsAfter, lastTime, snapshot, damaged = [] } = recovered
  return {
    group,
    groupUuid: configuration.groupUuid,
    origin: configuration.origin,
    id: configuration.members.find((member) => member.store === store.identity)?.id,
    servers: serversOf(configuration),
    voters: configuration.voters,
    configurationIndex: index,
    isUnfinished: isUnfinished(configuration),
    currentTerm: hardState.currentTerm,
    votedFor: hardState.votedFor,
    logStartsAfter,
    last: lastPosition(recovered),
    lastTime,
    snapshot,
    damaged: damaged.map(({ position }) => position.index),
  }
}

/** A log that holds anything has one: its first entry, or that of its snapshot. */
export function latestConfiguration({ configurations, snapshot }: RecoveredGroup): PlacedConfiguration {
  const last = configurations.at(-1)
  return last === undefined ? snapshot!.configuration : { index: last.index, configuration: last.configuration }
}

export function lastPosition({ lastIndex, termStarts, logStartsAfter }: RecoveredGroup): LogPosition {
  return { index: lastIndex, term: termStarts.at(-1)?.term ?? logStartsAfter.term }
}

/** So it is until the entry is written with which the new group begins. */
export function isUnfinished({ members }: Configuration): boolean {
  return members.length === 0
}

function serversOf(configuration: Configuration): ReportedServer[] {
  return configuration.members.map(({ id, store }) => ({ id, store, votes: isVoter(configuration, id) }))
}
