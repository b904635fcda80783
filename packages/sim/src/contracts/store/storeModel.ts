import type { ConfigurationEntry, Entry, GroupId, GroupWrite, HardState, RecoveredGroup } from '@quorate/core'

interface ModelGroup {
  readonly hardState: HardState
  readonly entries: readonly Entry[]
}

const BLANK: ModelGroup = { hardState: { currentTerm: 0, votedFor: undefined }, entries: [] }

/** What a store should hold: plain arrays, changed as the port says. */
export class StoreModel {
  readonly #groups = new Map<GroupId, ModelGroup>()

  /** In alphabetical order. */
  get groups(): GroupId[] {
    return [...this.#groups.keys()].sort()
  }

  write(batch: readonly GroupWrite[]): void {
    for (const { group, hardState, truncateAfter, entries } of batch) {
      const held = this.#groups.get(group) ?? BLANK
      const left = truncateAfter === undefined ? held.entries : held.entries.slice(0, truncateAfter)
      this.#groups.set(group, { hardState: hardState ?? held.hardState, entries: [...left, ...entries] })
    }
  }

  entries(group: GroupId): readonly Entry[] {
    return this.#groups.get(group)?.entries ?? []
  }

  recover(group: GroupId): RecoveredGroup | undefined {
    const held = this.#groups.get(group)
    if (held === undefined) return undefined
    const { hardState, entries } = held
    return {
      hardState,
      lastIndex: entries.length,
      termStarts: entries
        .filter(({ term }, place) => entries[place - 1]?.term !== term)
        .map(({ index, term }) => ({ index, term })),
      lastTime: entries.reduce((latest, { time }) => Math.max(latest, time), 0),
      configurations: entries.filter((entry): entry is ConfigurationEntry => entry.kind === 'configuration'),
    }
  }
}
