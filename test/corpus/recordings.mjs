import { IdempotencyKeys, encodeSystemPart } from '@quorate/core'
import { encodeClientReply, encodeClientRequest, encodeEntry, encodeFrames, encodeSnapshotHead } from '@quorate/wire'
import { BACKUPS, encodeBackup } from './samples/backups.mjs'
import { REPLIES, REQUESTS } from './samples/clients.mjs'
import { CONFIGURATIONS, GROUP_UUID, LARGE, STORE, TIME, everyEntry } from './samples/entries.mjs'
import { MESSAGES } from './samples/messages.mjs'

/** @import { Message, Packet } from '@quorate/core' */
/** @import { RecordedKind } from './recordedFolder.mjs' */

/**
 * What one file is to hold. `bytes` may share a buffer with those of the next: they are written before that is asked for.
 *
 * @typedef {object} Recording
 * @property {string} name
 * @property {RecordedKind} kind What it is to be read as.
 * @property {Uint8Array} bytes
 * @property {unknown} value What it must decode to.
 */

/**
 * Everything but stores, by the folder that it belongs in.
 *
 * @type {Record<string, () => Generator<Recording>>}
 */
export const RECORDINGS = { frames, clients, entries, snapshots, backups }

function* frames() {
  for (const [type, messages] of Object.entries(MESSAGES)) {
    for (const [place, message] of messages.entries()) yield frameOf(numbered(type, place), [packetOf([message])])
  }
  // What the envelope may hold: packets of several groups, of one that has no configuration, several messages a packet.
  const heartbeat = MESSAGES.appendEntries.slice(0, 1)
  yield frameOf('envelope', [
    packetOf([...MESSAGES.appendEntries, ...MESSAGES['requestVote.granted']]),
    { ...packetOf([...MESSAGES.installSnapshot, ...MESSAGES['repair.entry']]), group: 'stock' },
    { ...packetOf(heartbeat), group: 'blank', groupUuid: undefined },
  ])
}

/**
 * @param {readonly Message[]} messages
 * @returns {Packet}
 */
function packetOf(messages) {
  return { group: 'orders', groupUuid: GROUP_UUID, store: STORE, messages }
}

/**
 * @param {string} name
 * @param {readonly Packet[]} packets
 * @returns {Recording}
 */
function frameOf(name, packets) {
  const [bytes, ...more] = encodeFrames(STORE, packets, 1 << 20)
  if (bytes === undefined || more.length > 0) throw new Error(`${name} takes more than one frame`)
  return { name, kind: 'frame', bytes, value: { store: STORE, packets } }
}

/** @returns {Generator<Recording>} */
function* clients() {
  for (const [type, requests] of Object.entries(REQUESTS)) {
    for (const [place, request] of requests.entries()) {
      const id = 41 + place
      const bytes = encodeClientRequest(id, request)
      yield { name: `request.${numbered(type, place)}`, kind: 'clientRequest', bytes, value: { id, request } }
    }
  }
  for (const [type, replies] of Object.entries(REPLIES)) {
    for (const [place, reply] of replies.entries()) {
      const id = 2 ** 40 + place
      const bytes = encodeClientReply(id, reply)
      yield { name: `reply.${numbered(type, place)}`, kind: 'clientReply', bytes, value: { id, reply } }
    }
  }
}

/** @returns {Generator<Recording>} */
function* entries() {
  for (const entry of everyEntry()) {
    yield { name: `${entry.index}.${entry.kind}`, kind: 'entry', bytes: encodeEntry(entry), value: entry }
  }
}

/** @returns {Generator<Recording>} */
function* snapshots() {
  for (const [place, configuration] of CONFIGURATIONS.entries()) {
    const lastIncluded = { index: 2 ** (10 * place + 3), term: 6 }
    const head = { lastIncluded, lastTime: TIME, configuration: { index: 7, configuration } }
    yield { name: numbered('head', place), kind: 'snapshotHead', bytes: encodeSnapshotHead(head), value: head }
  }
  const remembered = everyEntry().flatMap(({ kind, index, term, ...entry }, place) => {
    const { key } = /** @type {{ idempotency?: { key: string } }} */ (entry).idempotency ?? {}
    if (kind !== 'command' || key === undefined) return []
    return [{ key, position: { index, term }, checksum: 2 ** 32 - 1 - place, expiresAt: LARGE }]
  })
  for (const [place, keys] of [[], remembered].entries()) {
    const forgottenUpTo = place * 5
    const machineVersion = 1 + place
    const bytes = encodeSystemPart({ keys: IdempotencyKeys.of(keys, forgottenUpTo, TIME), machineVersion })
    const value = { keys: { remembered: keys, forgottenUpTo }, machineVersion }
    yield { name: numbered('system', place), kind: 'systemPart', bytes, value }
  }
}

/** @returns {Generator<Recording>} */
function* backups() {
  for (const [name, parts] of Object.entries(BACKUPS)) {
    yield { name, kind: 'backup', bytes: encodeBackup(parts), value: parts }
  }
}

/**
 * @param {string} name
 * @param {number} place
 */
function numbered(name, place) {
  return place === 0 ? name : `${name}-${place + 1}`
}
