import {
  LOG_START,
  type ConfigurationEntry,
  type Entry,
  type GroupId,
  type GroupWrite,
  type HardState,
  type LogPosition,
  type RecoveredGroup,
  type SnapshotDescription,
} from '@quorate/core'

interface ModelGroup {
  readonly hardState: HardState
  readonly snapshot: SnapshotDescription | undefined
  readonly logStartsAfter: LogPosition
  readonly entries: readonly Entry[]
}

const BLANK: ModelGroup = {
  hardState: { currentTerm: 0, votedFor: undefined },
  snapshot: undefined,
  logStartsAfter: LOG_START,
  entries: [],
}

/** What a store should hold: plain arrays, changed as the port says. */
export class StoreModel {
  readonly #groups = new Map<GroupId, ModelGroup>()

  /** In alphabetical order. */
  get groups(): GroupId[] {
    return [...this.#groups.keys()].sort()
  }

  write(batch: readonly GroupWrite[]): void {
    for (const write of batch) this.#groups.set(write.group, written(this.#groups.get(write.group) ?? BLANK, write))
  }

  /** From the one behind `logStartsAfter` on. */
  entries(group: GroupId): readonly Entry[] {
    return this.#groups.get(group)?.entries ?? []
  }

  recover(group: GroupId): RecoveredGroup | undefined {
    const held = this.#groups.get(group)
    if (held === undefined) return undefined
    const { hardState, snapshot, logStartsAfter, entries } = held
    return {
      hardState,
      snapshot,
      logStartsAfter,
      lastIndex: logStartsAfter.index + entries.length,
      termStarts: entries
        .filter(({ term }, place) => entries[place - 1]?.term !== term)
        .map(({ index, term }) => ({ index, term })),
      lastTime: entries.reduce((latest, { time }) => Math.max(latest, time), snapshot?.lastTime ?? 0),
      configurations: entries.filter((entry): entry is ConfigurationEntry => entry.kind === 'configuration'),
    }
  }
}

/** The parts take effect in the order hard state, truncation, snapshot, entries. */
function written(held: ModelGroup, { hardState, truncateAfter = Infinity, snapshot, entries }: GroupWrite): ModelGroup {
  const logStartsAfter = snapshot?.logStartsAfter ?? held.logStartsAfter
  const left = held.entries.filter(({ index }) => index <= truncateAfter && index > logStartsAfter.index)
  return {
    hardState: hardState ?? held.hardState,
    snapshot: snapshot?.snapshot.description ?? held.snapshot,
    logStartsAfter,
    entries: [...left, ...entries],
  }
}
