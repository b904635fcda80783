import type { ConfigurationEntry, Entry } from '../entry.ts'
import { entryBytes } from '../entry.ts'
import type { GroupId, LogPosition, StoreIdentity } from '../identifiers.ts'
import type { Clock, GroupWrite, HardState, Random, RecoveredGroup, Store, StoreFailure } from '../ports.ts'

interface MemoryGroup {
  hardState: HardState
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

  constructor({ clock, random }: { clock: Pick<Clock, 'soon'>; random: Pick<Random, 'uuid'> }) {
    this.#clock = clock
    this.identity = random.uuid()
  }

  get groups(): readonly GroupId[] {
    return [...this.#groups.keys()]
  }

  recover(group: GroupId): RecoveredGroup | undefined {
    const held = this.#groups.get(group)
    if (held === undefined) return undefined
    return {
      hardState: held.hardState,
      lastIndex: held.entries.length,
      lastTime: held.entries.reduce((latest, { time }) => Math.max(latest, time), 0),
      termStarts: termStartsOf(held.entries),
      configurations: held.entries.filter((entry): entry is ConfigurationEntry => entry.kind === 'configuration'),
    }
  }

  write(batch: readonly GroupWrite[], done: (failure: StoreFailure | undefined) => void): void {
    for (const write of batch) this.#writeGroup(write)
    this.#clock.soon(() => done(undefined))
  }

  read(
    group: GroupId,
    { after, upTo, maxBytes }: { readonly after: number; readonly upTo: number; readonly maxBytes: number },
    done: (failure: StoreFailure | undefined, entries: readonly Entry[]) => void,
  ): void {
    const found: Entry[] = []
    let bytes = 0
    for (const entry of this.#groups.get(group)?.entries.slice(after, upTo) ?? []) {
      bytes += entryBytes(entry)
      if (bytes > maxBytes && found.length > 0) break
      found.push(entry)
    }
    this.#clock.soon(() => done(undefined, found))
  }

  close(done: (failure: StoreFailure | undefined) => void): void {
    this.#clock.soon(() => done(undefined))
  }

  #writeGroup({ group, hardState, truncateAfter, entries }: GroupWrite): void {
    const held = this.#groups.get(group) ?? { hardState: { currentTerm: 0, votedFor: undefined }, entries: [] }
    this.#groups.set(group, held)
    if (hardState !== undefined) held.hardState = hardState
    if (truncateAfter !== undefined) held.entries.length = Math.min(held.entries.length, truncateAfter)
    for (const entry of entries) held.entries.push(entry)
  }
}

function termStartsOf(entries: readonly Entry[]): LogPosition[] {
  return entries
    .filter((entry, place) => entries[place - 1]?.term !== entry.term)
    .map(({ index, term }) => ({ index, term }))
}
