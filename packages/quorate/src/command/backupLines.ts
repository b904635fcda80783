import type { BackupSummary } from '../backupFile.ts'
import { columns, countOf, sizeOf, timeOf } from './words.ts'

/** What a whole backup is, for people. */
export function backupLines({ file, sizeBytes, head, snapshot, counts }: BackupSummary): string[] {
  const { group, groupUuid, server, store, time, isCommitted, configuration } = head
  const { members } = configuration.configuration
  const { logStartsAfter, last, entries } = counts
  const rows = [
    ['group', `${group} (${groupUuid})`],
    ['taken', `${timeOf(time)}, from ${server === undefined ? `the store ${store}` : `the server ${server}`}`],
    ['servers', members.map(({ id }) => id).join(', ') || 'none'],
    [
      'up to',
      `entry ${last.index} of term ${last.term}${isCommitted ? ', all committed' : ', the last of which may not be committed'}`,
    ],
    ['snapshot', 'none'],
    [
      'log',
      entries === 0 ? 'no entries' : `${countOf(entries, 'entry', 'entries')}, from ${logStartsAfter.index + 1} on`,
    ],
  ]
  if (snapshot !== undefined) {
    rows[4] = ['snapshot', `stands for the entries up to ${snapshot.lastIncluded.index}, ${sizeOf(snapshot.sizeBytes)}`]
  }
  return [`${file} is whole: ${sizeOf(sizeBytes)}.`, ...columns(rows, '  ')]
}
