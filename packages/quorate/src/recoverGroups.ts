import type { GroupId } from '@quorate/core'
import { GroupExistsError, NotLatestLogError, UnreadableEntriesError } from './errors.ts'
import { type FolderStore, holdsStore, withStore } from './folderStore.ts'
import { type FormerLog, type FormerPart, type FoundedGroup, foundGroup } from './founding.ts'
import { inspectStore, lastPosition, latestConfiguration } from './groupReport.ts'
import { planRecovery, type RecoveryOptions, type RecoveryPlan } from './recoveryPlan.ts'
import { assertFree, withTarget } from './targetFolder.ts'

/**
 * Founds groups anew from what one server has left of them: on a new store, each with a UUID of its own and `id` as its one
 * server. What the log holds and was not committed will be. Nothing is written to `folder` but what opening it writes.
 * @throws NotLatestLogError when one of the folders to compare has a log that is more up to date; GroupExistsError,
 * OccupiedFolderError, UnreadableEntriesError, UnfinishedGroupError; and as `planRecovery`.
 */
export async function recoverGroups(options: RecoveryOptions): Promise<readonly FoundedGroup[]> {
  const plan = await planRecovery(options)
  assertSource(plan)
  await assertTarget(plan)
  const { folder, to, id } = plan
  return withStore(folder, (source) =>
    withTarget(to, async ({ store, isStaged }) => {
      const founded: FoundedGroup[] = []
      for (const { report } of plan.groups) {
        const { group } = report
        founded.push(await foundGroup({ store, group, id, reason: 'recovery', former: logOf(source, group), isStaged }))
      }
      return founded
    }),
  )
}

/** Before anything is written: of several groups, none is recovered if one cannot be. */
function assertSource({ folder, groups }: RecoveryPlan): void {
  for (const { report, latest } of groups) {
    const { group, damaged } = report
    if (latest !== undefined) throw new NotLatestLogError(folder, group, latest)
    if (damaged.length > 0) throw new UnreadableEntriesError(folder, group, damaged)
  }
}

/**
 * The new store can stand there.
 * @throws OccupiedFolderError, GroupExistsError
 */
export async function assertTarget({ to, groups }: RecoveryPlan): Promise<void> {
  if (!(await holdsStore(to))) return assertFree(to)
  const target = await inspectStore(to)
  for (const { report } of groups) {
    const held = target.groups.find(({ group }) => group === report.group)
    if (held !== undefined && !held.isUnfinished) throw new GroupExistsError(to, held.group, held.groupUuid)
  }
}

function logOf(source: FolderStore, group: GroupId): FormerLog {
  const recovered = source.whole(group)
  const { snapshot, logStartsAfter, lastIndex, hardState } = recovered
  async function* parts(): AsyncGenerator<FormerPart, undefined> {
    if (snapshot !== undefined) for await (const bytes of source.snapshotData(group)) yield { type: 'data', bytes }
    for await (const entries of source.entries(group, logStartsAfter.index, lastIndex))
      yield { type: 'entries', entries }
  }
  return {
    groupUuid: latestConfiguration(recovered).configuration.groupUuid,
    snapshot,
    startsAfter: logStartsAfter,
    last: lastPosition(recovered),
    highestTerm: hardState.currentTerm,
    parts: parts(),
  }
}
