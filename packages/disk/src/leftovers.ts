import { type Folder, settled } from './folder.ts'
import { NEW_FREED_FILE } from './freedFile.ts'
import type { GroupLog } from './groupLog.ts'
import { NEW_IDENTITY_FILE } from './identityFile.ts'
import { NEW_SEGMENT_FILE, segmentNumber } from './segment.ts'
import { isSnapshotDraft, snapshotNumber } from './snapshotFile.ts'

const DRAFTS: readonly string[] = [NEW_SEGMENT_FILE, NEW_IDENTITY_FILE, NEW_FREED_FILE]

/** What stands in the folder, and what of it counts. */
export interface Standing {
  readonly names: readonly string[]
  /** The number of the first segment. */
  readonly first: number
  readonly logs: readonly GroupLog[]
}

/**
 * Removes what the last use left behind: files that were not whole yet, snapshots that no write names, or names no more,
 * and segments of which `freed` says that they are gone. Only once all that says so is on the disk.
 */
export async function removeLeftovers(folder: Folder, { names, first, logs }: Standing): Promise<void> {
  const named = new Set(logs.map(({ snapshot }) => snapshot?.file))
  const leftovers = names.filter((name) => {
    if (DRAFTS.includes(name) || isSnapshotDraft(name)) return true
    const snapshot = snapshotNumber(name)
    if (snapshot !== undefined) return !named.has(snapshot)
    return (segmentNumber(name) ?? first) < first
  })
  for (const name of leftovers) await settled((done) => folder.remove(name, done))
  if (leftovers.length > 0) await settled((done) => folder.flush(done))
}
