import type { CommandEntry, Configuration, ConfigurationEntry, Entry, Index, Term } from '@quorate/core'
import { encodeEntry } from '@quorate/wire'

/** The group that all samples are about. */
export const SAMPLE_GROUP_UUID = '6b0c7f0e-3c5b-4f6e-9d4a-2f1b7f6f0a11'
/** The store of the server that sends. */
export const SAMPLE_STORE = 'b2a7a0f4-7c1d-4f0b-8f57-94d5c2f0a922'

const OTHER_STORE = 'c9d10a52-05a7-4d38-a4b8-1f5f5f3f0b33'
const FIRST_TIME = 1_800_000_000_000

/** Along a log the time never falls. */
function timeAt(index: Index): number {
  return FIRST_TIME + (index % 1_000_000) * 10
}

/** A command that no other index or term has. */
export function sampleCommand(
  index: Index,
  term: Term,
  data = bytesOf(`entry ${index} of term ${term}`),
): CommandEntry {
  return { kind: 'command', index, term, time: timeAt(index), data }
}

/** Commands from `first` to `last`, all of one term. */
export function sampleCommands(first: Index, last: Index, term: Term): CommandEntry[] {
  return Array.from({ length: last - first + 1 }, (_, place) => sampleCommand(first + place, term))
}

export function sampleNoOp(index: Index, term: Term): Entry {
  return { kind: 'no-op', index, term, time: timeAt(index) }
}

export function sampleConfiguration(index: Index, term: Term): ConfigurationEntry {
  const members = [
    { id: 'n1', store: SAMPLE_STORE },
    { id: 'n2', store: OTHER_STORE },
  ]
  const configuration: Configuration = { groupUuid: SAMPLE_GROUP_UUID, members, voters: [['n1'], ['n1', 'n2']] }
  return { kind: 'configuration', index, term, time: timeAt(index), configuration }
}

/** Entries of every kind, from index 1 on, terms rising: subjects, none and empty ones, no data and all bytes there are. */
export function everyEntry(): Entry[] {
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  return [
    sampleConfiguration(1, 1),
    sampleNoOp(2, 1),
    sampleCommand(3, 1),
    { ...sampleCommand(4, 2), subject: 'orders.created.münchen.✓' },
    { ...sampleCommand(5, 2), subject: '' },
    sampleCommand(6, 2, new Uint8Array(0)),
    { ...sampleCommand(7, 5, new Uint8Array(0)), subject: 'orders.removed' },
    sampleCommand(8, 5, everyByte),
    sampleCommand(9, 5, new Uint8Array(20_000).fill(0xa5)),
    { ...sampleConfiguration(10, 2 ** 40), time: 2 ** 52 },
    { ...sampleCommand(11, 2 ** 40), time: 2 ** 52, idempotency: { key: 'order 17 ✓', retainMs: 0 } },
    {
      ...sampleCommand(12, 2 ** 41),
      time: 2 ** 52,
      subject: 'orders',
      idempotency: { key: 'k'.repeat(128), retainMs: 2 ** 40 },
    },
    { ...sampleConfiguration(13, 2 ** 41), time: 2 ** 52, machineVersion: 2 },
    { kind: 'upgrade', index: 14, term: 2 ** 41, time: 2 ** 52, machineVersion: 2 ** 32 - 1 },
    { ...sampleNoOp(15, 2 ** 52), time: Number.MAX_SAFE_INTEGER },
  ]
}

/** A command in the place given whose encoded form has `encodedBytes`, or the byte or two less that can be had. */
export function commandOfSize(
  place: Pick<CommandEntry, 'index' | 'term' | 'time'>,
  encodedBytes: number,
): CommandEntry {
  const ofData = (dataBytes: number): CommandEntry => {
    return { kind: 'command', ...place, data: new Uint8Array(dataBytes).fill(0x5a) }
  }
  const aroundData = encodeEntry(ofData(encodedBytes)).length - encodedBytes
  return ofData(encodedBytes - aroundData)
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
