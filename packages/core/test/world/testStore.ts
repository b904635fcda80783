import {
  LOG_START,
  entryBytes,
  type ConfigurationEntry,
  type Entry,
  type GroupId,
  type GroupWrite,
  type HardState,
  type Index,
  type LogPosition,
  type RecoveredGroup,
  type SnapshotDescription,
  type SnapshotDraft,
  type SnapshotHead,
  type SnapshotReader,
  type Store,
  type StoreFailure,
  type StoreIdentity,
  type StoredSnapshot,
} from '@quorate/core'
import type { TestClock } from './testClock.ts'

interface StoredGroup {
  hardState: HardState
  snapshot: SnapshotFile | undefined
  logStartsAfter: LogPosition
  entries: Entry[]
}

interface SnapshotFile {
  readonly description: SnapshotDescription
  readonly bytes: Uint8Array
}

/** Any sum would do, of all bytes and of their order. */
function checksumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (sum * 31 + byte) % 4_294_967_291, 7)
}

function blankGroup(): StoredGroup {
  const hardState = { currentTerm: 0, votedFor: undefined }
  return { hardState, snapshot: undefined, logStartsAfter: LOG_START, entries: [] }
}

/** What survives the process. Only what was flushed is here. */
export class TestDisk {
  readonly identity: StoreIdentity
  readonly groups = new Map<GroupId, StoredGroup>()
  /** Snapshots that are flushed, by their keys. */
  readonly finished = new Map<number, SnapshotFile>()
  /** Entries of these indexes cannot be read any more, whatever group they are of. */
  readonly damaged = new Set<Index>()

  constructor(identity: StoreIdentity) {
    this.identity = identity
  }

  hardStateOf(group: GroupId): HardState {
    return this.groups.get(group)?.hardState ?? { currentTerm: 0, votedFor: undefined }
  }

  entriesOf(group: GroupId): readonly Entry[] {
    return this.groups.get(group)?.entries ?? []
  }

  holds(group: GroupId, { index, term }: LogPosition): boolean {
    return index === 0 || this.entriesOf(group).find((entry) => entry.index === index)?.term === term
  }

  flush({ group, hardState, truncateAfter, snapshot, entries, repaired = [] }: GroupWrite): void {
    const held = this.groups.get(group) ?? blankGroup()
    this.groups.set(group, held)
    if (hardState !== undefined) held.hardState = hardState
    if (truncateAfter !== undefined) held.entries = held.entries.filter(({ index }) => index <= truncateAfter)
    if (snapshot !== undefined) {
      held.snapshot = this.finished.get(snapshot.snapshot.key)
      if (held.snapshot === undefined) throw new Error('a write names a snapshot that was not finished')
      held.logStartsAfter = snapshot.logStartsAfter
      held.entries = held.entries.filter(({ index }) => index > snapshot.logStartsAfter.index)
    }
    for (const { index } of repaired) this.damaged.delete(index)
    for (const entry of entries) {
      this.damaged.delete(entry.index)
      const last = held.entries.at(-1)?.index ?? held.logStartsAfter.index
      if (entry.index !== last + 1) throw new Error(`a hole in the log before ${entry.index}`)
      held.entries.push(entry)
    }
  }
}

interface Operation {
  readonly kind: 'write' | 'read'
  readonly batch: readonly GroupWrite[]
  readonly perform: () => void
  readonly done: (failure: StoreFailure | undefined) => void
}

/**
 * One process's hold on a disk. Prompt, it completes each operation after `latencyMs`; held, when told to. Operations
 * complete in the order of the calls.
 */
export class TestStore implements Store {
  readonly identity: StoreIdentity
  readonly disk: TestDisk
  readonly #clock: TestClock
  isHeld = false
  latencyMs = 0
  /** Every batch handed in, in order. */
  readonly batches: (readonly GroupWrite[])[] = []
  /** Snapshots that were begun. */
  readonly drafts: SnapshotDraft[] = []
  /** Of those, the ones that were given up, or were the group's and may not be given up any more. */
  readonly discarded: SnapshotHead[] = []
  /** Snapshots that are open. */
  readers = 0
  #operations: Operation[] = []
  #failure: StoreFailure | undefined
  #isGone = false

  constructor(disk: TestDisk, clock: TestClock) {
    this.disk = disk
    this.identity = disk.identity
    this.#clock = clock
  }

  get groups(): readonly GroupId[] {
    return [...this.disk.groups.keys()]
  }

  /** Operations that wait. */
  get waiting(): number {
    return this.#operations.length
  }

  recover(group: GroupId): RecoveredGroup | undefined {
    if (this.#operations.some(({ batch }) => batch.some((write) => write.group === group))) {
      throw new Error(`recover(${group}) was asked while a write of the group is under way`)
    }
    const held = this.disk.groups.get(group)
    if (held === undefined) return undefined
    return {
      hardState: held.hardState,
      snapshot: held.snapshot?.description,
      logStartsAfter: held.logStartsAfter,
      lastIndex: held.entries.at(-1)?.index ?? held.logStartsAfter.index,
      lastTime: held.entries.reduce(
        (latest, { time }) => Math.max(latest, time),
        held.snapshot?.description.lastTime ?? 0,
      ),
      termStarts: held.entries
        .filter((entry, place) => held.entries[place - 1]?.term !== entry.term)
        .map(({ index, term }) => ({ index, term })),
      configurations: held.entries.filter((entry): entry is ConfigurationEntry => {
        return entry.kind === 'configuration' && !this.disk.damaged.has(entry.index)
      }),
      damaged: held.entries
        .filter(({ index }) => this.disk.damaged.has(index))
        .map(({ index, term, kind, time }) => ({
          position: { index, term },
          matches: (given) => given.kind === kind && given.time === time,
        })),
    }
  }

  write(batch: readonly GroupWrite[], done: (failure: StoreFailure | undefined) => void): void {
    this.batches.push(batch)
    this.#add({
      kind: 'write',
      batch,
      perform: () => {
        for (const write of batch) this.disk.flush(write)
      },
      done,
    })
  }

  read(
    group: GroupId,
    { after, upTo, maxBytes }: { readonly after: number; readonly upTo: number; readonly maxBytes: number },
    done: (failure: StoreFailure | undefined, entries: readonly Entry[]) => void,
  ): void {
    const found: Entry[] = []
    const perform = (): void => {
      let bytes = 0
      const held = this.disk.groups.get(group)
      if (held === undefined || after < held.logStartsAfter.index) return
      for (const entry of held.entries.filter(({ index }) => index > after && index <= upTo)) {
        bytes += entryBytes(entry)
        if (bytes > maxBytes && found.length > 0) break
        found.push(entry)
      }
    }
    this.#add({ kind: 'read', batch: [], perform, done: (failure) => done(failure, found) })
  }

  beginSnapshot(_group: GroupId, head: SnapshotHead): SnapshotDraft {
    const pieces: Uint8Array[] = []
    const key = this.disk.finished.size + this.drafts.length + 1
    const add = (perform: () => void, done: (failure: StoreFailure | undefined) => void): void =>
      this.#add({ kind: 'write', batch: [], perform, done })
    const draft: SnapshotDraft = {
      write: (bytes, done) => add(() => pieces.push(new Uint8Array(bytes)), done),
      finish: (done) => {
        let stored: StoredSnapshot | undefined
        const perform = (): void => {
          const bytes = new Uint8Array(Buffer.concat(pieces))
          stored = { key, description: { ...head, sizeBytes: bytes.length, checksum: checksumOf(bytes) } }
          this.disk.finished.set(key, { bytes, description: stored.description })
        }
        add(perform, (failure) => done(failure, stored))
      },
      discard: () => this.discarded.push(head),
    }
    this.drafts.push(draft)
    return draft
  }

  openSnapshot(group: GroupId): SnapshotReader {
    const named = this.batches
      .flat()
      .filter((write) => write.group === group && write.snapshot !== undefined)
      .at(-1)
    const key = named?.snapshot?.snapshot.key
    const file = key === undefined ? this.disk.groups.get(group)?.snapshot : this.disk.finished.get(key)
    if (file === undefined) throw new Error(`group ${group} has no snapshot`)
    const { description, bytes } = file
    this.readers++
    return {
      description,
      read: (offset, maxBytes, done) => {
        const piece = bytes.subarray(offset, offset + maxBytes)
        this.#add({ kind: 'read', batch: [], perform: () => {}, done: (failure) => done(failure, piece) })
      },
      close: () => {
        this.readers--
      },
    }
  }

  close(done: (failure: StoreFailure | undefined) => void): void {
    this.#add({ kind: 'write', batch: [], perform: () => {}, done })
  }

  /** Completes the oldest operations. */
  complete(count: number = Infinity): void {
    for (let left = Math.min(count, this.#operations.length); left > 0; left--) {
      const operation = this.#operations.shift()!
      if (this.#failure === undefined) operation.perform()
      operation.done(this.#failure)
    }
  }

  get isBroken(): boolean {
    return this.#failure !== undefined
  }

  /** From here on nothing reaches the disk. */
  fail(message: string): void {
    this.#failure = { error: new Error(message) }
  }

  /** The process is gone: `flushed` of its last writes reached the disk, but nobody was told. */
  crash(flushed: number = 0): void {
    const writes = this.#operations.filter(({ kind }) => kind === 'write')
    if (this.#failure === undefined) for (const { perform } of writes.slice(0, flushed)) perform()
    this.#operations = []
    this.#isGone = true
  }

  release(): void {
    this.isHeld = false
    this.complete()
  }

  #add(operation: Operation): void {
    if (this.#isGone) return
    this.#operations.push(operation)
    if (this.isHeld) return
    this.#clock.arrive(() => {
      if (!this.isHeld) this.complete(1)
    }, this.latencyMs)
  }
}
