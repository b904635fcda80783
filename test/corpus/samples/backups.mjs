import { crc32 } from 'node:zlib'
import { BackupEncoder } from '@quorate/wire'
import { CONFIGURATIONS, GROUP_UUID, STORE, TIME, commands, everyEntry } from './entries.mjs'

/** @import { BackupHead, BackupPart } from '@quorate/wire' */

const STATE = Buffer.from('the state of a state machine')

/** @type {BackupHead} */
const HEAD = {
  group: 'orders',
  groupUuid: GROUP_UUID,
  server: undefined,
  store: STORE,
  time: TIME,
  isCommitted: false,
  last: { index: 8, term: 3 },
  configuration: { index: 1, configuration: CONFIGURATIONS[0] },
}

/** @type {Record<string, BackupPart[]>} */
export const BACKUPS = {
  // Of a store: as far back as the log goes.
  log: [
    { type: 'head', head: HEAD },
    { type: 'log', startsAfter: { index: 0, term: 0 } },
    { type: 'entries', entries: everyEntry().slice(0, 5) },
    { type: 'entries', entries: everyEntry().slice(5, 8) },
    {
      type: 'end',
      counts: { snapshotBytes: 0, entries: 8, logStartsAfter: { index: 0, term: 0 }, last: HEAD.last },
    },
  ],
  // Of a server that ran: a snapshot, and a log that was compacted while it was being read.
  snapshot: [
    { type: 'head', head: { ...HEAD, server: 'n1', isCommitted: true, last: { index: 14, term: 6 } } },
    {
      type: 'snapshot',
      description: {
        lastIncluded: { index: 12, term: 6 },
        lastTime: TIME,
        configuration: { index: 9, configuration: CONFIGURATIONS[1] ?? CONFIGURATIONS[0] },
        sizeBytes: STATE.length,
        checksum: crc32(STATE),
      },
    },
    { type: 'data', bytes: STATE.subarray(0, 9) },
    { type: 'data', bytes: STATE.subarray(9) },
    { type: 'log', startsAfter: { index: 8, term: 6 } },
    { type: 'entries', entries: commands(9, 10, 6) },
    { type: 'log', startsAfter: { index: 11, term: 6 } },
    { type: 'entries', entries: commands(12, 14, 6) },
    {
      type: 'end',
      counts: {
        snapshotBytes: STATE.length,
        entries: 3,
        logStartsAfter: { index: 11, term: 6 },
        last: { index: 14, term: 6 },
      },
    },
  ],
}

/** @param {readonly BackupPart[]} parts */
export function encodeBackup(parts) {
  const encoder = new BackupEncoder()
  return Buffer.concat(parts.map((part) => encodePart(encoder, part)))
}

/**
 * @param {BackupEncoder} encoder
 * @param {BackupPart} part
 */
function encodePart(encoder, part) {
  switch (part.type) {
    case 'head':
      return encoder.head(part.head)
    case 'snapshot':
      return encoder.snapshot(part.description)
    case 'data':
      return encoder.data(part.bytes)
    case 'log':
      return encoder.log(part.startsAfter)
    case 'entries':
      return encoder.entries(part.entries)
    case 'end':
      return encoder.end()
  }
}
