import type { CommandEntry, Message, Packet } from '@quorate/core'

export const STORE = '5c1f8d52-64d5-4e7e-9d0c-3c8e21a4a001'
export const GROUP_UUID = '0d9a4f8e-15f6-4b76-8a8e-6f8f1f5d7002'

export function packet(group: string, ...messages: Message[]): Packet {
  return { group, groupUuid: GROUP_UUID, store: STORE, messages }
}

export function vote(term: number): Message {
  return { type: 'requestVote', term, lastLog: { index: 0, term: 0 }, isTransfer: false }
}

export function command(index: number, data: Uint8Array): CommandEntry {
  return { index, term: 1, time: 1, kind: 'command', data }
}

/** Entries 1 to `count` of `size` bytes each, every one with content of its own. */
export function appendEntries(count: number, size: number): Message {
  const entries = Array.from({ length: count }, (_, place) => command(place + 1, Buffer.alloc(size, place + 1)))
  return {
    type: 'appendEntries',
    term: 1,
    session: 1,
    round: 0,
    prevLog: { index: 0, term: 0 },
    entries,
    leaderCommit: 0,
  }
}
