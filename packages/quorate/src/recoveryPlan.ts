import { assertName, type GroupId, type LogPosition, type ServerId } from '@quorate/core'
import { NoSuchGroupError } from './errors.ts'
import { type GroupReport, type StoreReport, inspectStore } from './groupReport.ts'

export interface RecoveryOptions {
  /** The folder of the server that is left. */
  readonly folder: string
  /** Where the new store is to stand: a folder that does not stand yet, or a store that holds none of the groups. */
  readonly to: string
  /** The one server of the new groups. */
  readonly id: ServerId
  /** All that the folder holds, unless given. */
  readonly groups?: readonly GroupId[]
  /** Folders of other servers of the former groups, to be looked at. */
  readonly compare?: readonly string[]
}

/** The log of a group in a folder that was looked at. */
export interface ComparedLog {
  readonly folder: string
  /** Whose it was. */
  readonly id: ServerId | undefined
  readonly last: LogPosition
}

/** What recovery would make of one group. */
export interface GroupPlan {
  readonly report: GroupReport
  /** Those that are not in the new group. */
  readonly givenUp: readonly ServerId[]
  /** Voters of which no log was looked at. */
  readonly unseen: readonly ServerId[]
  /**
   * Whether entries may have been committed that no log which was looked at holds. They were not if the voters that are unseen
   * are no majority: what is committed stands in the most up-to-date log of the others (§5.4.1).
   */
  readonly mayLoseCommitted: boolean
  /** The log of this group in each of the folders that were compared and hold it. */
  readonly compared: readonly ComparedLog[]
  /** Folders that hold another group of this name. */
  readonly otherGroups: readonly string[]
  /** The folder with the most up-to-date log, if it is another one. */
  readonly latest: string | undefined
}

export interface RecoveryPlan {
  readonly folder: string
  readonly to: string
  readonly id: ServerId
  readonly groups: readonly GroupPlan[]
}

/**
 * Looks at what is left of groups that lost their majorities, and says what recovery would make of it. Writes nothing but what
 * opening a store writes.
 * @throws NoStoreError, NoSuchGroupError, TypeError for a bad name, and as `openDiskStore`.
 */
export async function planRecovery({ folder, to, id, groups, compare = [] }: RecoveryOptions): Promise<RecoveryPlan> {
  assertName('id', id)
  const own = await inspectStore(folder)
  const others: StoreReport[] = []
  for (const other of compare) others.push(await inspectStore(other))
  const wanted = groups === undefined || groups.length === 0 ? own.groups.map(({ group }) => group) : groups
  const plans = [...new Set(wanted)].map((group) => {
    const report = own.groups.find((each) => each.group === group)
    if (report === undefined) {
      const held = own.groups.map((each) => each.group)
      throw new NoSuchGroupError(folder, group, held)
    }
    return planFor(report, own, others)
  })
  return { folder, to, id, groups: plans }
}

function planFor(report: GroupReport, own: StoreReport, others: readonly StoreReport[]): GroupPlan {
  const named = others.flatMap(({ folder, groups }) =>
    groups.filter(({ group }) => group === report.group).map((found) => ({ folder, found })),
  )
  const same = named.filter(({ found }) => found.groupUuid === report.groupUuid)
  let latest = { folder: own.folder, found: report }
  for (const each of same) if (isMoreUpToDate(each.found.last, latest.found.last)) latest = each
  // Who votes is what the most up-to-date log says.
  const { servers, voters } = latest.found
  const storesSeen = new Set(
    [own, ...others.filter(({ folder }) => same.some((each) => each.folder === folder))].map(
      ({ identity }) => identity,
    ),
  )
  const seen = new Set(servers.filter(({ store }) => storesSeen.has(store)).map(({ id }) => id))
  const isUnseen = (id: ServerId): boolean => !seen.has(id)
  return {
    report,
    givenUp: report.servers.map(({ id }) => id).filter((id) => id !== report.id),
    unseen: [...new Set(voters.flat())].filter(isUnseen),
    mayLoseCommitted: voters.every((set) => set.filter(isUnseen).length > set.length / 2),
    compared: same.map(({ folder, found }) => ({ folder, id: found.id, last: found.last })),
    otherGroups: named.filter(({ found }) => found.groupUuid !== report.groupUuid).map(({ folder }) => folder),
    latest: latest.folder === own.folder ? undefined : latest.folder,
  }
}

/** §5.4.1: the later last term, and of one term the longer log. */
function isMoreUpToDate(a: LogPosition, b: LogPosition): boolean {
  return a.term > b.term || (a.term === b.term && a.index > b.index)
}
