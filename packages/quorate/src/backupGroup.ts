import type { GroupId } from '@quorate/core'
import { BackupEncoder } from '@quorate/wire'
import { writeBackup } from './backupFile.ts'
import { type FolderStore, withStore } from './folderStore.ts'
import { lastPosition, latestConfiguration } from './groupReport.ts'

export interface BackupGroupOptions {
  /** The folder of a server that does not run. */
  readonly folder: string
  readonly group: GroupId
  /** The file; none must stand there. */
  readonly to: string
  readonly now?: () => number
}

/**
 * Writes all that a store holds of a group to a file. The last entries of a log may not have been committed; a server that
 * runs knows which were, and gives a backup of these alone: `log.backup()`.
 * @throws NoStoreError, NoSuchGroupError, UnreadableEntriesError, FileExistsError; and as `openDiskStore`.
 */
export function backupGroup({ folder, group, to, now = Date.now }: BackupGroupOptions): Promise<void> {
  return withStore(folder, (store) => writeBackup(to, encoded(store, group, now())))
}

async function* encoded(store: FolderStore, group: GroupId, time: number): AsyncGenerator<Uint8Array, undefined> {
  const encoder = new BackupEncoder()
  const recovered = store.whole(group)
  const { snapshot, logStartsAfter, lastIndex } = recovered
  const configuration = latestConfiguration(recovered)
  const { groupUuid, members } = configuration.configuration
  const server = members.find((member) => member.store === store.identity)?.id
  const last = lastPosition(recovered)
  const head = { group, groupUuid, server, store: store.identity, time, isCommitted: false, last, configuration }
  yield encoder.head(head)
  if (snapshot !== undefined) {
    yield encoder.snapshot(snapshot)
    for await (const bytes of store.snapshotData(group)) yield encoder.data(bytes)
  }
  yield encoder.log(logStartsAfter)
  for await (const entries of store.entries(group, logStartsAfter.index, lastIndex)) yield encoder.entries(entries)
  yield encoder.end()
}
