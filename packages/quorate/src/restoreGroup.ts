import { assertName, type GroupId, type ServerId } from '@quorate/core'
import { type BackupSummary, readBackup, verifyBackup } from './backupFile.ts'
import { type FormerLog, type FormerPart, type FoundedGroup, foundGroup } from './founding.ts'
import { withTarget } from './targetFolder.ts'

export interface RestoreOptions {
  readonly file: string
  /** A folder that does not stand yet, or a store that does not hold the group. */
  readonly to: string
  /** The one server of the new group. */
  readonly id: ServerId
  /** What the new group is called; as the former one, unless given. */
  readonly as?: GroupId
}

/** What was restored, and from what. */
export interface RestoredGroup extends FoundedGroup {
  readonly backup: BackupSummary
}

/**
 * Founds a group anew from a backup: with a UUID of its own, and `id` as its one server. The backup is read to its end
 * before anything is written.
 * @throws ForeignBackupError, NewerBackupError, DamagedBackupError, BackupCutShortError; GroupExistsError,
 * UnfinishedGroupError, OccupiedFolderError; TypeError for a bad name; and as `openDiskStore`.
 */
export async function restoreGroup({ file, to, id, as }: RestoreOptions): Promise<RestoredGroup> {
  assertName('id', id)
  if (as !== undefined) assertName('group', as)
  const backup = await verifyBackup(file)
  const group = as ?? backup.head.group
  const founded = await withTarget(to, ({ store, isStaged }) =>
    foundGroup({ store, group, id, reason: 'restore', former: logOf(backup), isStaged }),
  )
  return { ...founded, backup }
}

function logOf({ file, head, snapshot, counts }: BackupSummary): FormerLog {
  const { logStartsAfter, last } = counts
  async function* parts(): AsyncGenerator<FormerPart, undefined> {
    for await (const part of readBackup(file)) {
      if (part.type === 'data') yield part
      // Those before were void: the log was compacted while the backup was made.
      else if (part.type === 'entries' && part.entries[0]!.index > logStartsAfter.index) yield part
    }
  }
  return {
    groupUuid: head.groupUuid,
    snapshot,
    startsAfter: logStartsAfter,
    last,
    highestTerm: last.term,
    parts: parts(),
  }
}
