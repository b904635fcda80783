import {
  LOG_START,
  type Entry,
  type GroupId,
  type GroupWrite,
  type HardState,
  type LogPosition,
  type SnapshotDescription,
} from '@quorate/core'
import { checksum } from '../src/layout.ts'

interface ModelGroup {
  hardState: HardState
  snapshot: SnapshotDescription | undefined
  logStartsAfter: LogPosition
  entries: Entry[]
}

/** What a store should hold: plain arrays. */
export class Model {
  readonly #groups = new Map<GroupId, ModelGroup>()
  /** The state machines' parts of the snapshots, by what describes them. */
  readonly #states = new Map<SnapshotDescription, Uint8Array>()

  write(batch: readonly GroupWrite[]): void {
    for (const { group, hardState, truncateAfter = Infinity, snapshot, entries } of batch) {
      const held = this.#groups.get(group) ?? blankGroup()
      this.#groups.set(group, held)
      held.hardState = hardState ?? held.hardState
      held.snapshot = snapshot?.snapshot.description ?? held.snapshot
      held.logStartsAfter = snapshot?.logStartsAfter ?? held.logStartsAfter
      const { index: startsAfter } = held.logStartsAfter
      const left = held.entries.filter(({ index }) => index <= truncateAfter && index > startsAfter)
      held.entries = [...left, ...entries]
    }
  }

  /** A snapshot was stored. */
  noteState(description: SnapshotDescription, state: Uint8Array): void {
    this.#states.set(description, state)
  }

  get groups(): GroupId[] {
    return [...this.#groups.keys()]
  }

  /** Where the log begins, and the entry that a snapshot stands for up to. */
  startOf(group: GroupId): { logStartsAfter: LogPosition; lastIncluded: LogPosition } {
    const { logStartsAfter = LOG_START, snapshot } = this.#groups.get(group) ?? {}
    return { logStartsAfter, lastIncluded: snapshot?.lastIncluded ?? LOG_START }
  }

  /** Of an entry that is there, or of the one behind which the log begins. */
  positionAt(group: GroupId, index: number): LogPosition {
    const { logStartsAfter, entries } = this.#groups.get(group) ?? blankGroup()
    const entry = entries[index - logStartsAfter.index - 1]
    return entry === undefined ? logStartsAfter : { index, term: entry.term }
  }

  lastIndex(group: GroupId): number {
    const { logStartsAfter, entries } = this.#groups.get(group) ?? blankGroup()
    return logStartsAfter.index + entries.length
  }

  currentTerm(group: GroupId): number {
    return this.#groups.get(group)?.hardState.currentTerm ?? 0
  }

  /** In the form of `contentsOf`. */
  contents(): string {
    const groups = [...this.#groups].map(([group, { hardState, snapshot, logStartsAfter, entries }]) => ({
      group,
      hardState: { currentTerm: hardState.currentTerm, votedFor: hardState.votedFor ?? null },
      snapshot: snapshot === undefined ? null : plainSnapshot(snapshot, this.#states.get(snapshot) ?? Buffer.of()),
      logStartsAfter: [logStartsAfter.index, logStartsAfter.term],
      lastIndex: logStartsAfter.index + entries.length,
      lastTime: entries.at(-1)?.time ?? snapshot?.lastTime ?? 0,
      termStarts: entries
        .filter(({ term }, place) => entries[place - 1]?.term !== term)
        .map(({ index, term }) => ({ index, term })),
      configurations: entries.filter(({ kind }) => kind === 'configuration').map(plain),
      entries: entries.map(plain),
    }))
    return JSON.stringify(groups.sort((a, b) => (a.group < b.group ? -1 : 1)))
  }
}

function blankGroup(): ModelGroup {
  const hardState = { currentTerm: 0, votedFor: undefined }
  return { hardState, snapshot: undefined, logStartsAfter: LOG_START, entries: [] }
}

/** Without the bytes that it travels as. */
export function plain(entry: Entry): object {
  const { encoded: _, ...rest } = entry
  if (rest.kind !== 'command') return sorted(rest)
  return sorted({ ...rest, data: `${rest.data.length} bytes, ${checksum(rest.data)}` })
}

export function plainSnapshot(description: SnapshotDescription, state: Uint8Array): object {
  const { lastIncluded, configuration, lastTime, sizeBytes } = description
  const placed = { index: configuration.index, configuration: sorted(configuration.configuration) }
  const [included, sum] = [
    [lastIncluded.index, lastIncluded.term],
    [description.checksum, checksum(state)],
  ]
  return { included, lastTime, placed, sizeBytes, found: state.length, sum }
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
