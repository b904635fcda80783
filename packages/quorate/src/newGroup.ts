import type { Configuration, ConfigurationEntry, Entry, GroupUuid, SnapshotHead } from '@quorate/core'

/**
 * What became of the configurations of a former group in the log of the one that goes on from it: the group is the new one, and
 * has no servers yet. So nobody votes in it, and nobody leads it, until the configuration stands with which it begins.
 */
function emptyConfiguration(groupUuid: GroupUuid): Configuration {
  return { groupUuid, members: [], voters: [[]] }
}

/** An entry of a former group, as it stands in the new one. Commands keep their bytes. */
export function entryOfNewGroup(entry: Entry, groupUuid: GroupUuid): Entry {
  if (entry.kind !== 'configuration') return entry
  const { kind, index, term, time } = entry
  return { kind, index, term, time, configuration: emptyConfiguration(groupUuid) } satisfies ConfigurationEntry
}

/** What a snapshot of a former group says of the log, in the new one. Its data stay as they are. */
export function headOfNewGroup(
  { lastIncluded, lastTime, configuration }: SnapshotHead,
  groupUuid: GroupUuid,
): SnapshotHead {
  return {
    lastIncluded,
    lastTime,
    configuration: { index: configuration.index, configuration: emptyConfiguration(groupUuid) },
  }
}
