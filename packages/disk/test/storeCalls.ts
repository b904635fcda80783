import type {
  CommandEntry,
  ConfigurationEntry,
  Entry,
  GroupId,
  GroupWrite,
  SnapshotDraft,
  SnapshotHead,
  SnapshotReader,
  StoreFailure,
  StoredSnapshot,
} from '@quorate/core'
import type { DiskStore } from '../src/index.ts'
import { plain, plainSnapshot } from './model.ts'

/** A write of one group. */
export function change(group: GroupId, parts: Partial<Omit<GroupWrite, 'group'>>): GroupWrite {
  return { group, hardState: undefined, truncateAfter: undefined, snapshot: undefined, entries: [], ...parts }
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

/** What a snapshot up to this entry says. */
export function headAt(index: number, term: number): SnapshotHead {
  const placed = { index: 1, configuration: configuration(1, 1).configuration }
  return { lastIncluded: { index, term }, lastTime: index * 10, configuration: placed }
}

/** Writes a snapshot, in pieces of at most `pieceBytes`. Rejects with the error of the failure. */
export async function storeSnapshot(
  store: DiskStore,
  group: GroupId,
  head: SnapshotHead,
  state: Uint8Array,
  pieceBytes = 100_000,
): Promise<StoredSnapshot> {
  const draft = store.beginSnapshot(group, head)
  for (let start = 0; start < state.length; start += pieceBytes) {
    const piece = state.subarray(start, start + pieceBytes)
    await new Promise<void>((resolve, reject) => draft.write(piece, settling(resolve, reject)))
  }
  return finish(draft)
}

export function finish(draft: SnapshotDraft): Promise<StoredSnapshot> {
  return new Promise((resolve, reject) =>
    draft.finish((failure, stored) => {
      if (stored === undefined) reject(failure?.error ?? new Error('no snapshot came'))
      else resolve(stored)
    }),
  )
}

/** Stores a snapshot up to `index`, and names it in a write: the log begins behind `startsAfter` then. */
export async function compact(
  store: DiskStore,
  group: GroupId,
  { index, term, startsAfter = index, state = Buffer.from(`state at ${index}`) }: Compaction,
): Promise<void> {
  const snapshot = await storeSnapshot(store, group, headAt(index, term), state)
  await write(store, change(group, { snapshot: { snapshot, logStartsAfter: { index: startsAfter, term } } }))
}

interface Compaction {
  readonly index: number
  readonly term: number
  readonly startsAfter?: number
  readonly state?: Uint8Array
}

export function readPiece(reader: SnapshotReader, offset: number, maxBytes = 1e9): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    reader.read(offset, maxBytes, (failure, bytes) => {
      if (failure === undefined) resolve(bytes)
      else reject(failure.error)
    }),
  )
}

/** All bytes of the snapshot from `offset` on. */
export async function readState(reader: SnapshotReader, offset = 0): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for (let at = offset; at < reader.description.sizeBytes; at += pieces.at(-1)?.length ?? 1) {
    pieces.push(await readPiece(reader, at))
  }
  return Buffer.concat(pieces)
}

/** Everything that a store just opened holds, comparable. */
export async function contentsOf(store: DiskStore): Promise<string> {
  const groups: object[] = []
  for (const group of [...store.groups].sort()) {
    const recovered = store.recover(group)
    if (recovered === undefined) throw new Error(`group ${group} is listed, and not recovered`)
    const { hardState, snapshot, logStartsAfter, lastIndex, lastTime, termStarts, configurations } = recovered
    const { currentTerm, votedFor = null } = hardState
    const after = logStartsAfter.index
    const entries = lastIndex === after ? [] : await read(store, group, after, lastIndex)
    groups.push({
      group,
      hardState: { currentTerm, votedFor },
      snapshot: snapshot === undefined ? null : plainSnapshot(snapshot, await stateOf(store, group)),
      logStartsAfter: [logStartsAfter.index, logStartsAfter.term],
      lastIndex,
      lastTime,
      termStarts: termStarts.map(({ index, term }) => ({ index, term })),
      configurations: configurations.map(plain),
      entries: entries.map(plain),
    })
  }
  return JSON.stringify(groups)
}

async function stateOf(store: DiskStore, group: GroupId): Promise<Uint8Array> {
  const reader = store.openSnapshot(group)
  try {
    return await readState(reader)
  } finally {
    reader.close()
  }
}

function settling(resolve: () => void, reject: (error: Error) => void): (failure: StoreFailure | undefined) => void {
  return (failure) => (failure === undefined ? resolve() : reject(failure.error))
}
