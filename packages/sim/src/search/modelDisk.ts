import {
  LOG_START,
  type ConfigurationEntry,
  type Entry,
  type HardState,
  type RecoveredGroup,
  type Write,
} from '@quorate/core'

/**
 * What a write holds, apart from its number, which says only which process wrote how much before, and from snapshots: the
 * search compacts no log.
 */
export type DiskWrite = Omit<Write, 'id' | 'snapshot'>

/** A server's disk: what is durable, and what was handed over and may still be lost, oldest first. Never changed. */
export interface ModelDisk {
  readonly hardState: HardState
  readonly entries: readonly Entry[]
  readonly pending: readonly DiskWrite[]
}

/** What the disk promises to take: it is asked for nothing that breaks a promise of the server (§5.1, §5.2). */
export function withWrite(disk: ModelDisk, { hardState, truncateAfter, entries }: DiskWrite): ModelDisk {
  return { ...disk, pending: [...disk.pending, { hardState, truncateAfter, entries }] }
}

/** The oldest write has become durable. */
export function flushed({ hardState, entries, pending }: ModelDisk): ModelDisk {
  const [oldest, ...rest] = pending
  if (oldest === undefined) throw new Error('no write is under way on this disk')
  return {
    hardState: oldest.hardState ?? hardState,
    entries: [...entries.slice(0, oldest.truncateAfter ?? entries.length), ...oldest.entries],
    pending: rest,
  }
}

/** What a process finds that starts on this disk: nothing of what was pending. */
export function recoveredFrom({ hardState, entries }: ModelDisk): RecoveredGroup {
  return {
    hardState,
    snapshot: undefined,
    logStartsAfter: LOG_START,
    lastIndex: entries.length,
    lastTime: entries.reduce((latest, { time }) => Math.max(latest, time), 0),
    termStarts: entries
      .filter(({ term }, place) => entries[place - 1]?.term !== term)
      .map(({ index, term }) => ({ index, term })),
    configurations: entries.filter((entry): entry is ConfigurationEntry => entry.kind === 'configuration'),
  }
}
