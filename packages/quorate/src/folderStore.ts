import { readdir } from 'node:fs/promises'
import {
  type Entry,
  type GroupId,
  type GroupWrite,
  type Index,
  type RecoveredGroup,
  type SnapshotHead,
  type SnapshotReader,
  type StoredSnapshot,
  type StoreIdentity,
} from '@quorate/core'
import { type DiskStore, openDiskStore } from '@quorate/disk'
import { NoStoreError, NoSuchGroupError, UnreadableEntriesError } from './errors.ts'

/** What a block of a snapshot's file has: asked for less, it would be read more than once. */
const PIECE_BYTES = 256 * 1024
const BATCH_BYTES = 1024 * 1024

/** The file that makes a folder a store. */
const IDENTITY_FILE = 'identity'

/** A store of which nobody is a server: read or written from the beginning to the end, a piece at a time. */
export class FolderStore {
  readonly folder: string
  readonly #store: DiskStore

  private constructor(folder: string, store: DiskStore) {
    this.folder = folder
    this.#store = store
  }

  /**
   * One that stands. To open it writes to it: a write that was cut off at the end of its log is removed, as at the start of
   * its server, and the log says that it was opened.
   * @throws NoStoreError, and as `openDiskStore`: StoreLockedError while a server has it.
   */
  static async open(folder: string): Promise<FolderStore> {
    if (!(await holdsStore(folder))) throw new NoStoreError(folder)
    return new FolderStore(folder, await openDiskStore({ folder }))
  }

  /** A new one, in an empty folder. `folder` is what it is called in errors. */
  static async create(at: string, folder: string): Promise<FolderStore> {
    return new FolderStore(folder, await openDiskStore({ folder: at }))
  }

  get identity(): StoreIdentity {
    return this.#store.identity
  }

  /** Those of which it holds anything but terms and votes. */
  get groups(): readonly GroupId[] {
    return this.#store.groups.filter((group) => this.find(group) !== undefined)
  }

  /** What it holds of the log of a group; undefined when that is nothing. */
  find(group: GroupId): RecoveredGroup | undefined {
    const recovered = this.#store.recover(group)
    return recovered === undefined || recovered.lastIndex === 0 ? undefined : recovered
  }

  /** The term of a group that it holds nothing else of, or 0. */
  termOf(group: GroupId): number {
    return this.#store.recover(group)?.hardState.currentTerm ?? 0
  }

  /**
   * A log that can be read from its beginning to its end.
   * @throws NoSuchGroupError, UnreadableEntriesError
   */
  whole(group: GroupId): RecoveredGroup {
    const recovered = this.find(group)
    if (recovered === undefined) throw new NoSuchGroupError(this.folder, group, this.groups)
    const indexes = recovered.damaged?.map(({ position }) => position.index) ?? []
    if (indexes.length > 0) throw new UnreadableEntriesError(this.folder, group, indexes)
    return recovered
  }

  async *entries(group: GroupId, after: Index, upTo: Index): AsyncGenerator<readonly Entry[], undefined> {
    for (let last = after; last < upTo;) {
      const entries = await this.#read(group, last, upTo)
      last = entries.at(-1)?.index ?? upTo
      yield entries
    }
  }

  async *snapshotData(group: GroupId): AsyncGenerator<Uint8Array, undefined> {
    const reader = this.#store.openSnapshot(group)
    try {
      for (let offset = 0; offset < reader.description.sizeBytes;) {
        const bytes = await readPiece(reader, offset)
        offset += bytes.length
        yield bytes
      }
    } finally {
      reader.close()
    }
  }

  write(write: GroupWrite): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#store.write([write], (failure) => (failure === undefined ? resolve() : reject(failure.error)))
    })
  }

  beginSnapshot(group: GroupId, head: SnapshotHead): SnapshotFile {
    const draft = this.#store.beginSnapshot(group, head)
    return {
      write: (bytes) =>
        new Promise((resolve, reject) => {
          draft.write(bytes, (failure) => (failure === undefined ? resolve() : reject(failure.error)))
        }),
      finish: () =>
        new Promise((resolve, reject) => {
          draft.finish((failure, snapshot) => (snapshot === undefined ? reject(failure?.error) : resolve(snapshot)))
        }),
    }
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#store.close((failure) => (failure === undefined ? resolve() : reject(failure.error)))
    })
  }

  #read(group: GroupId, after: Index, upTo: Index): Promise<readonly Entry[]> {
    return new Promise((resolve, reject) => {
      this.#store.read(group, { after, upTo, maxBytes: BATCH_BYTES }, (failure, entries) => {
        if (failure === undefined) resolve(entries)
        else reject(failure.error)
      })
    })
  }
}

/** The file of a snapshot, as it is written. */
export interface SnapshotFile {
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<StoredSnapshot>
}

/** Opens the store for as long as `use` takes. */
export async function withStore<Result>(folder: string, use: (store: FolderStore) => Promise<Result>): Promise<Result> {
  const store = await FolderStore.open(folder)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

/** Whether a store stands in the folder. */
export async function holdsStore(folder: string): Promise<boolean> {
  return (await namesIn(folder)).includes(IDENTITY_FILE)
}

/** What stands in the folder; nothing where there is no folder, or something else. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

function readPiece(reader: SnapshotReader, offset: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    reader.read(offset, PIECE_BYTES, (failure, bytes) => {
      if (failure === undefined) resolve(bytes)
      else reject(failure.error)
    })
  })
}
