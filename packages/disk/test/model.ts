import type { Entry, GroupId, GroupWrite, HardState } from '@quorate/core'
import { checksum } from '../src/layout.ts'

interface ModelGroup {
  hardState: HardState
  entries: Entry[]
}

/** What a store should hold: plain arrays. */
export class Model {
  readonly #groups = new Map<GroupId, ModelGroup>()

  write(batch: readonly GroupWrite[]): void {
    for (const { group, hardState, truncateAfter, entries } of batch) {
      const held = this.#groups.get(group) ?? { hardState: { currentTerm: 0, votedFor: undefined }, entries: [] }
      this.#groups.set(group, held)
      held.hardState = hardState ?? held.hardState
      held.entries = [...held.entries.slice(0, truncateAfter ?? held.entries.length), ...entries]
    }
  }

  get groups(): GroupId[] {
    return [...this.#groups.keys()]
  }

  lastIndex(group: GroupId): number {
    return this.#groups.get(group)?.entries.length ?? 0
  }

  currentTerm(group: GroupId): number {
    return this.#groups.get(group)?.hardState.currentTerm ?? 0
  }

  lastTime(group: GroupId): number {
    return this.#groups.get(group)?.entries.at(-1)?.time ?? 0
  }

  /** In the form of `contentsOf`. */
  contents(): string {
    const groups = [...this.#groups].map(([group, { hardState, entries }]) => ({
      group,
      hardState: { currentTerm: hardState.currentTerm, votedFor: hardState.votedFor ?? null },
      lastIndex: entries.length,
      lastTime: entries.at(-1)?.time ?? 0,
      termStarts: entries
        .filter(({ term }, place) => entries[place - 1]?.term !== term)
        .map(({ index, term }) => ({ index, term })),
      configurations: entries.filter(({ kind }) => kind === 'configuration').map(plain),
      entries: entries.map(plain),
    }))
    return JSON.stringify(groups.sort((a, b) => (a.group < b.group ? -1 : 1)))
  }
}

/** Without the bytes that it travels as. */
export function plain(entry: Entry): object {
  const { encoded: _, ...rest } = entry
  if (rest.kind !== 'command') return sorted(rest)
  return sorted({ ...rest, data: `${rest.data.length} bytes, ${checksum(rest.data)}` })
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
