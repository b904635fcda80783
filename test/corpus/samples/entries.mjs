/** @import { CommandEntry, Configuration, ConfigurationEntry, Entry, Index, Term } from '@quorate/core' */

// Fixed for good: a recording must give the same bytes whenever and wherever it is made.
export const STORE = '0b8f6c8e-6a1c-4b39-9d60-6f2f8f1f6a01'
export const OTHER_STORE = '5fd3e6a8-5b6a-4f0a-a3d5-3f2c0f2a9b02'
export const LEARNER_STORE = '9e1d4f60-27c8-4a06-8b1f-c1a3e5d7f904'
export const GROUP_UUID = '3b241101-e2bb-4255-8caf-4136c566a962'
export const FORMER_GROUP_UUID = 'a7c0be55-8d3e-4b5c-b6a6-0d6c5a9e7703'
export const TIME = 1_790_000_000_000
export const LARGE = Number.MAX_SAFE_INTEGER

/**
 * @param {Index} index
 * @param {Term} term
 * @param {string | Uint8Array} [data]
 * @returns {CommandEntry}
 */
export function command(index, term, data = `entry ${index} of term ${term}`) {
  return { kind: 'command', index, term, time: TIME + index, data: Buffer.from(data) }
}

/**
 * @param {Index} first
 * @param {Index} last
 * @param {Term} term
 */
export function commands(first, last, term) {
  return Array.from({ length: last - first + 1 }, (_, place) => command(first + place, term))
}

/**
 * @param {Index} index
 * @param {Term} term
 * @returns {Entry}
 */
export function noOp(index, term) {
  return { kind: 'no-op', index, term, time: TIME + index }
}

/**
 * @param {Index} index
 * @param {Term} term
 * @param {number} machineVersion
 * @returns {Entry}
 */
export function upgrade(index, term, machineVersion) {
  return { kind: 'upgrade', index, term, time: TIME + index, machineVersion }
}

/**
 * @param {Index} index
 * @param {Term} term
 * @param {Configuration} [configuration]
 * @returns {ConfigurationEntry}
 */
export function configured(index, term, configuration = CONFIGURATIONS[0]) {
  return { kind: 'configuration', index, term, time: TIME + index, configuration }
}

const MEMBERS = [
  { id: 'n1', store: STORE },
  { id: 'n2', store: OTHER_STORE },
]

/**
 * One that rests, one that changes with all that a change may say, and those with which a group goes on from another's log.
 *
 * @type {[Configuration, ...Configuration[]]}
 */
export const CONFIGURATIONS = [
  { groupUuid: GROUP_UUID, members: MEMBERS, voters: [['n1', 'n2']] },
  {
    groupUuid: GROUP_UUID,
    members: [...MEMBERS, { id: 'n3', store: LEARNER_STORE, priority: 0 }],
    voters: [['n1'], ['n1', 'n2']],
    next: { members: [{ id: 'n1', store: STORE, priority: 255 }], voters: ['n1'] },
  },
  {
    groupUuid: GROUP_UUID,
    origin: { groupUuid: FORMER_GROUP_UUID, lastIndex: 17, reason: 'recovery' },
    members: MEMBERS.slice(0, 1),
    voters: [['n1']],
  },
  {
    groupUuid: GROUP_UUID,
    origin: { groupUuid: FORMER_GROUP_UUID, lastIndex: 2 ** 40, reason: 'restore' },
    members: MEMBERS,
    voters: [['n1']],
  },
]

/** Entries of every kind, with and without what they may leave out, numbers small and large, as they may follow one another. */
export function everyEntry() {
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  return [
    configured(1, 0, CONFIGURATIONS[0]),
    noOp(2, 1),
    command(3, 1),
    { ...command(4, 2), subject: 'orders.created.münchen.✓' },
    { ...command(5, 2, ''), subject: '' },
    command(6, 2, everyByte),
    { ...command(7, 3), idempotency: { key: 'order 17 ✓', retainMs: 86_400_000 } },
    { ...command(8, 3), subject: 'orders', idempotency: { key: 'k'.repeat(128), retainMs: 2 ** 40 } },
    ...CONFIGURATIONS.slice(1).map((configuration, place) => configured(9 + place, 3, configuration)),
    command(12, 2 ** 33),
    { ...configured(13, 2 ** 33), machineVersion: 3 },
    upgrade(14, 2 ** 33, 4),
    upgrade(15, 2 ** 33, 2 ** 32 - 1),
    { ...noOp(16, 2 ** 52), time: LARGE },
  ]
}
