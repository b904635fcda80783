import type { CommandEntry, ConfigurationEntry, Entry, GroupId, GroupWrite, StoreFailure } from '@quorate/core'
import type { DiskStore } from '../src/index.ts'
import { plain } from './model.ts'

/** A write of one group. */
export function change(group: GroupId, parts: Partial<Omit<GroupWrite, 'group'>>): GroupWrite {
  return { group, hardState: undefined, truncateAfter: undefined, entries: [], ...parts }
}

export function command(index: number, term: number, data: Uint8Array | string = `entry ${index}`): CommandEntry {
  return { index, term, time: index * 10, kind: 'command', data: typeof data === 'string' ? Buffer.from(data) : data }
}

export function configuration(index: number, term: number): ConfigurationEntry {
  const store = '00000000-0000-4000-8000-000000000000'
  const groupUuid = '11111111-1111-4111-8111-111111111111'
  const members = ['n1', 'n2', 'n3'].map((id) => ({ id, store }))
  const configured = { groupUuid, members, voters: [['n1', 'n2', 'n3']] }
  return { index, term, time: index * 10, kind: 'configuration', configuration: configured }
}

export function commands(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, place) => command(first + place, term))
}

/** Rejects with the error of the failure. */
export function write(store: DiskStore, ...batch: GroupWrite[]): Promise<void> {
  return new Promise((resolve, reject) => store.write(batch, settling(resolve, reject)))
}

export function close(store: DiskStore): Promise<void> {
  return new Promise((resolve, reject) => store.close(settling(resolve, reject)))
}

export function read(
  store: DiskStore,
  group: GroupId,
  after: number,
  upTo: number,
  maxBytes = 1e9,
): Promise<readonly Entry[]> {
  return new Promise((resolve, reject) =>
    store.read(group, { after, upTo, maxBytes }, (failure, entries) => {
      if (failure === undefined) resolve(entries)
      else reject(failure.error)
    }),
  )
}

/** Everything that a store just opened holds, comparable. */
export async function contentsOf(store: DiskStore): Promise<string> {
  const groups: object[] = []
  for (const group of [...store.groups].sort()) {
    const recovered = store.recover(group)
    if (recovered === undefined) throw new Error(`group ${group} is listed, and not recovered`)
    const { hardState, lastIndex, lastTime, termStarts, configurations } = recovered
    const { currentTerm, votedFor = null } = hardState
    const entries = lastIndex === 0 ? [] : await read(store, group, 0, lastIndex)
    groups.push({
      group,
      hardState: { currentTerm, votedFor },
      lastIndex,
      lastTime,
      termStarts: termStarts.map(({ index, term }) => ({ index, term })),
      configurations: configurations.map(plain),
      entries: entries.map(plain),
    })
  }
  return JSON.stringify(groups)
}

function settling(resolve: () => void, reject: (error: Error) => void): (failure: StoreFailure | undefined) => void {
  return (failure) => (failure === undefined ? resolve() : reject(failure.error))
}
