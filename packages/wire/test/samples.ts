import type {
  ClientReply,
  ClientRequest,
  CommandEntry,
  Configuration,
  ConfigurationEntry,
  Entry,
  InstallSnapshot,
  Message,
  Packet,
} from '@quorate/core'

export const STORE = '0b8f6c8e-6a1c-4b39-9d60-6f2f8f1f6a01'
export const GROUP_UUID = '3b241101-e2bb-4255-8caf-4136c566a962'
export const TIME = 1_790_000_000_000

export const CONFIGURATION: Configuration = {
  groupUuid: GROUP_UUID,
  members: [
    { id: 'n1', store: STORE },
    { id: 'n2', store: '5fd3e6a8-5b6a-4f0a-a3d5-3f2c0f2a9b02' },
  ],
  voters: [['n1'], ['n1', 'n2']],
}

export function command(index: number, term = 7, data = Buffer.from(`data of ${index}`)): CommandEntry {
  return { kind: 'command', index, term, time: TIME + index, data }
}

export function configurationEntry(): ConfigurationEntry {
  return { kind: 'configuration', index: 1, term: 1, time: TIME, configuration: CONFIGURATION }
}

export function packetOf(...messages: Message[]): Packet {
  return { group: 'orders', groupUuid: GROUP_UUID, store: STORE, messages }
}

export function appendEntries(entries: Entry[], prevLog = { index: 0, term: 0 }, term = 7): Message {
  return { type: 'appendEntries', term, session: 3, round: 70_001, prevLog, entries, leaderCommit: 2 }
}

export function installSnapshot(): InstallSnapshot {
  const lastIncluded = { index: 300, term: 6 }
  const configuration = { index: 200, configuration: CONFIGURATION }
  const description = { lastIncluded, lastTime: TIME, configuration, sizeBytes: 2 ** 36, checksum: 2 ** 32 - 1 }
  return { type: 'installSnapshot', term: 7, session: 3, round: 70_001, description, offset: 0, data: Buffer.alloc(0) }
}

export function everyEntry(): Entry[] {
  return [
    configurationEntry(),
    { kind: 'no-op', index: 2, term: 1, time: TIME },
    command(3, 2),
    { ...command(4, 2), subject: 'orders.created.münchen' },
    { ...command(5, 2, Buffer.alloc(0)), subject: '' },
    { ...command(2 ** 40, 2 ** 33), time: Number.MAX_SAFE_INTEGER },
    command(7, 2, Buffer.alloc(300, 1)),
    command(8, 2, Buffer.alloc(70_000, 2)),
    { ...command(9, 2), idempotency: { key: 'order 17 ✓', retainMs: 86_400_000 } },
    { ...command(10, 2), subject: 'orders', idempotency: { key: 'k'.repeat(128), retainMs: 2 ** 40 } },
    { ...configurationEntry(), machineVersion: 7 },
    { kind: 'upgrade', index: 12, term: 2, time: TIME, machineVersion: 2 ** 32 - 1 },
  ]
}

export function everyMessage(): Message[] {
  return [
    { type: 'preVote', term: 4, round: 2, lastLog: { index: 9, term: 4 } },
    { type: 'preVote.granted', term: 4, round: 2 },
    { type: 'preVote.refused', term: 2 ** 40, round: 300 },
    { type: 'timeoutNow', term: 4, lastLog: { index: 9, term: 3 } },
    { type: 'removed', term: 4, configurationIndex: 9 },
    installSnapshot(),
    { ...installSnapshot(), offset: 100_000, data: Buffer.alloc(70_000, 3) },
    {
      type: 'installSnapshot.answered',
      term: 7,
      session: 3,
      round: 70_001,
      lastIncludedIndex: 2 ** 40,
      receivedBytes: 2 ** 36,
    },
    { type: 'requestVote', term: 4, lastLog: { index: 9, term: 3 }, isTransfer: false },
    { type: 'requestVote', term: 1, lastLog: { index: 0, term: 0 }, isTransfer: true },
    { type: 'requestVote.granted', term: 4 },
    { type: 'requestVote.refused', term: 2 ** 52 },
    appendEntries([]),
    appendEntries([command(6), command(7)], { index: 5, term: 6 }),
    { type: 'appendEntries.accepted', term: 7, session: 3, round: 70_001, matchIndex: 70_000, machineVersion: 1 },
    {
      type: 'appendEntries.rejected',
      term: 7,
      session: 3,
      round: 70_001,
      prevLogIndex: 300,
      hint: { index: 200, term: 5 },
    },
    { type: 'bootstrap.inquiry', birth: undefined },
    { type: 'bootstrap.inquiry', birth: STORE },
    { type: 'bootstrap.standing', birth: undefined, groupUuid: undefined, knownStore: undefined },
    { type: 'bootstrap.standing', birth: STORE, groupUuid: GROUP_UUID, knownStore: STORE },
    { type: 'bootstrap.offer', entry: configurationEntry() },
    { type: 'bootstrap.accepted', groupUuid: GROUP_UUID },
    { type: 'repair.inquiry', wanted: { index: 2 ** 40, term: 7 } },
    { type: 'repair.entry', entry: command(9) },
    { type: 'repair.absent', wanted: { index: 9, term: 7 }, committedTerm: 8, startsAfter: 0 },
    { type: 'repair.absent', wanted: { index: 9, term: 7 }, committedTerm: undefined, startsAfter: 2 ** 40 },
  ]
}

export function everyRequest(): ClientRequest[] {
  const data = Buffer.from('data')
  return [
    { type: 'append', term: 7, commands: [{ data }, { subject: 'orders.created', data }, { subject: '', data }] },
    {
      type: 'append',
      term: 7,
      commands: [
        { idempotency: { key: 'order 17 ✓', retainMs: 86_400_000 }, data },
        { subject: 'orders', idempotency: { key: 'k'.repeat(128), retainMs: 0 }, after: 2 ** 40, data },
      ],
    },
    { type: 'read', after: 2 ** 45, maxBytes: 65_536 },
    { type: 'status' },
  ]
}

export function everyReply(): ClientReply[] {
  return [
    { type: 'appended', firstIndex: 12, term: 7 },
    {
      type: 'appended',
      firstIndex: 12,
      term: 7,
      places: [
        { index: 12, term: 6 },
        { index: 2 ** 40, term: 7 },
      ],
    },
    { type: 'keyReused', key: 'order 17 ✓' },
    { type: 'keyForgotten', key: 'k'.repeat(128), after: 2 ** 40 },
    { type: 'notLeader', term: 7, leaderId: 'n2' },
    { type: 'notLeader', term: 7, leaderId: undefined },
    { type: 'refused', reason: 'tooLarge', message: 'the command is too large — split it' },
    { type: 'refused', reason: 'closed', message: '' },
    { type: 'refused', reason: 'malformed', message: 'x'.repeat(500) },
    { type: 'unknown', term: 7 },
    { type: 'entries', entries: [command(6), command(7)], commitIndex: 9, term: 8 },
    { type: 'entries', entries: [], commitIndex: 0, term: 8 },
    { type: 'status', leaderId: 'n1', term: 7, commitIndex: 9 },
    { type: 'compacted', firstAvailable: 2 ** 40 },
    { type: 'busy', pendingBytes: 2 ** 26, maxPendingBytes: 2 ** 26 },
  ]
}

/** `value` for a comparison: bytes as hex, whatever class they are of, and entries without their encoded form. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'encoded')
  return Object.fromEntries(kept.map(([name, inner]) => [name, plain(inner)]))
}

/** What `call` throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('it threw nothing')
}
