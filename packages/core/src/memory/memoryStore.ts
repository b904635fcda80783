import type { ConfigurationEntry, Entry } from '../entry.ts'
import { entryBytes } from '../entry.ts'
import { invariant } from '../errors.ts'
import { LOG_START, type GroupId, type Index, type LogPosition, type StoreIdentity } from '../identifiers.ts'
import type {
  Clock,
  GroupWrite,
  HardState,
  Random,
  RecoveredGroup,
  SnapshotDraft,
  SnapshotReader,
  SnapshotWrite,
  Store,
  StoreFailure,
} from '../ports.ts'
import type { SnapshotHead } from '../snapshot.ts'
import { MemorySnapshots, type MemorySnapshot } from './memorySnapshots.ts'

interface MemoryGroup {
  hardState: HardState
  snapshot: MemorySnapshot | undefined
  logStartsAfter: LogPosition
  /** From the one behind `logStartsAfter` on. */
  entries: Entry[]
}

/**
 * A store in this process's memory: real, and gone with the process. For groups whose data may go with it, and for
 * trying things out; a server that restarts on a new one is a server that lost its disk.
 */
export class MemoryStore implements Store {
  readonly identity: StoreIdentity
  readonly #clock: Pick<Clock, 'soon'>
  readonly #groups = new Map<GroupId, MemoryGroup>()
  readonly #snapshots: MemorySnapshots

  constructor({ clock, random }: { clock: Pick<Clock, 'soon'>; random: Pick<Random, 'uuid'> }) {
    this.#clock = clock
    this.#snapshots = new MemorySnapshots(clock)
    this.identity = random.uuid()
  }

  get groups(): readonly GroupId[] {
    return [...this.#groups.keys()]
  }

  recover(group: GroupId): RecoveredGroup | undefined {
    const held = this.#groups.get(group)
    if (held === undefined) return undefined
    const { hardState, snapshot, logStartsAfter, entries } = held
    return {
      hardState,
      snapshot: snapshot?.description,
      logStartsAfter,
      lastIndex: lastIndexOf(held),
      lastTime: entries.reduce((latest, { time }) => Math.max(latest, time), snapshot?.description.lastTime ?? 0),
      termStarts: termStartsOf(entries),
      configurations: entries.filter((entry): entry is ConfigurationEntry => entry.kind === 'configuration'),
    }
  }

  write(batch: readonly GroupWrite[], done: (failure: StoreFailure | undefined) => void): void {
    for (const write of batch) this.#writeGroup(write)
    this.#clock.soon(() => done(undefined))
  }

  read(
    group: GroupId,
    { after, upTo, maxBytes }: { readonly after: Index; readonly upTo: Index; readonly maxBytes: number },
    done: (failure: StoreFailure | undefined, entries: readonly Entry[]) => void,
  ): void {
    const found: Entry[] = []
    let bytes = 0
    for (const entry of entriesBetween(this.#groups.get(group), after, upTo)) {
      bytes += entryBytes(entry)
      if (bytes > maxBytes && found.length > 0) break
      found.push(entry)
    }
    this.#clock.soon(() => done(undefined, found))
  }

  beginSnapshot(_group: GroupId, head: SnapshotHead): SnapshotDraft {
    return this.#snapshots.begin(head)
  }

  openSnapshot(group: GroupId): SnapshotReader {
    const snapshot = this.#groups.get(group)?.snapshot
    invariant(snapshot !== undefined, `group ${group} has a snapshot to be opened`)
    return this.#snapshots.open(snapshot)
  }

  close(done: (failure: StoreFailure | undefined) => void): void {
    this.#clock.soon(() => done(undefined))
  }

  #writeGroup({ group, hardState, truncateAfter, snapshot, entries }: GroupWrite): void {
    const held = this.#groups.get(group) ?? blankGroup()
    this.#groups.set(group, held)
    if (hardState !== undefined) held.hardState = hardState
    if (truncateAfter !== undefined) {
      held.entries.length = Math.min(held.entries.length, Math.max(0, truncateAfter - held.logStartsAfter.index))
    }
    if (snapshot !== undefined) this.#adopt(held, snapshot)
    for (const entry of entries) held.entries.push(entry)
  }

  #adopt(held: MemoryGroup, { snapshot, logStartsAfter }: SnapshotWrite): void {
    const { description } = snapshot
    const before = held.snapshot?.description.lastIncluded.index ?? 0
    invariant(description.lastIncluded.index > before, 'a snapshot stands for more than the one before')
    const isWithin =
      logStartsAfter.index <= description.lastIncluded.index && logStartsAfter.index >= held.logStartsAfter.index
    invariant(isWithin, 'a log begins no earlier than before, and at most behind what its snapshot stands for')
    held.snapshot = this.#snapshots.take(snapshot.key)
    held.entries.splice(0, logStartsAfter.index - held.logStartsAfter.index)
    held.logStartsAfter = logStartsAfter
  }
}

function blankGroup(): MemoryGroup {
  const hardState = { currentTerm: 0, votedFor: undefined }
  return { hardState, snapshot: undefined, logStartsAfter: LOG_START, entries: [] }
}

function lastIndexOf({ logStartsAfter, entries }: MemoryGroup): Index {
  return logStartsAfter.index + entries.length
}

function entriesBetween(held: MemoryGroup | undefined, after: Index, upTo: Index): readonly Entry[] {
  if (held === undefined || after < held.logStartsAfter.index) return []
  const { index } = held.logStartsAfter
  return held.entries.slice(after - index, Math.max(0, upTo - index))
}

function termStartsOf(entries: readonly Entry[]): LogPosition[] {
  return entries
    .filter((entry, place) => entries[place - 1]?.term !== entry.term)
    .map(({ index, term }) => ({ index, term }))
}
