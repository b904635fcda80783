import {
  entryBytes,
  type ConfigurationEntry,
  type Entry,
  type GroupId,
  type GroupWrite,
  type HardState,
  type LogPosition,
  type RecoveredGroup,
  type Store,
  type StoreFailure,
  type StoreIdentity,
} from '@quorate/core'
import type { TestClock } from './testClock.ts'

interface StoredGroup {
  hardState: HardState
  entries: Entry[]
}

/** What survives the process. Only what was flushed is here. */
export class TestDisk {
  readonly identity: StoreIdentity
  readonly groups = new Map<GroupId, StoredGroup>()

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
    return index === 0 || this.entriesOf(group)[index - 1]?.term === term
  }

  flush({ group, hardState, truncateAfter, entries }: GroupWrite): void {
    const held = this.groups.get(group) ?? { hardState: { currentTerm: 0, votedFor: undefined }, entries: [] }
    this.groups.set(group, held)
    if (hardState !== undefined) held.hardState = hardState
    if (truncateAfter !== undefined) held.entries = held.entries.slice(0, truncateAfter)
    for (const entry of entries) {
      if (entry.index !== held.entries.length + 1) throw new Error(`a hole in the log before ${entry.index}`)
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
      lastIndex: held.entries.length,
      lastTime: held.entries.reduce((latest, { time }) => Math.max(latest, time), 0),
      termStarts: held.entries
        .filter((entry, place) => held.entries[place - 1]?.term !== entry.term)
        .map(({ index, term }) => ({ index, term })),
      configurations: held.entries.filter((entry): entry is ConfigurationEntry => entry.kind === 'configuration'),
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
      for (const entry of this.disk.entriesOf(group).slice(after, upTo)) {
        bytes += entryBytes(entry)
        if (bytes > maxBytes && found.length > 0) break
        found.push(entry)
      }
    }
    this.#add({ kind: 'read', batch: [], perform, done: (failure) => done(failure, found) })
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
