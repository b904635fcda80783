/** @import { Entry, GroupWrite, HardState, LogPosition, SnapshotDescription } from '@quorate/core' */

/**
 * What a store must hold of a group.
 *
 * @typedef {object} HeldGroup
 * @property {HardState} hardState
 * @property {{ description: SnapshotDescription, data: Uint8Array } | undefined} snapshot
 * @property {LogPosition} logStartsAfter
 * @property {readonly Entry[]} entries
 */

/** What the writes to a store come to, in plain arrays: what stands in the manifest does not come out of the store itself. */
export class StoreModel {
  /** @type {Map<string, HeldGroup>} */
  #groups = new Map()

  /**
   * @param {GroupWrite} write
   * @param {Uint8Array} data Of the snapshot that it names.
   */
  write({ group, hardState, truncateAfter = Infinity, snapshot, entries, repaired = [] }, data) {
    const held = this.#groups.get(group) ?? {
      hardState: { currentTerm: 0, votedFor: undefined },
      snapshot: undefined,
      logStartsAfter: { index: 0, term: 0 },
      entries: [],
    }
    const { logStartsAfter, snapshot: stored } = snapshot ?? { logStartsAfter: held.logStartsAfter }
    const left = held.entries.filter(({ index }) => index <= truncateAfter && index > logStartsAfter.index)
    const whole = left.map((entry) => repaired.find(({ index }) => index === entry.index) ?? entry)
    this.#groups.set(group, {
      hardState: hardState ?? held.hardState,
      snapshot: stored === undefined ? held.snapshot : { description: stored.description, data },
      logStartsAfter,
      entries: [...whole, ...entries],
    })
  }

  /**
   * As `heldBy` reads it from a store.
   *
   * @param {readonly { group: string, index: number }[]} [damaged] Entries that cannot be read any more.
   */
  contents(damaged = []) {
    return [...this.#groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([group, { hardState, snapshot, logStartsAfter, entries }]) => {
        const isLost = (/** @type {Entry} */ entry) =>
          damaged.some((one) => one.group === group && one.index === entry.index)
        const whole = entries.filter((entry) => !isLost(entry))
        return {
          group,
          hardState,
          snapshot,
          logStartsAfter,
          lastIndex: logStartsAfter.index + entries.length,
          lastTime: entries.at(-1)?.time ?? snapshot?.description.lastTime ?? 0,
          termStarts: entries
            .filter(({ term }, place) => entries[place - 1]?.term !== term)
            .map(({ index, term }) => ({ index, term })),
          configurations: whole.filter(({ kind }) => kind === 'configuration').map(({ index }) => index),
          damaged: entries.filter(isLost).map(({ index, term }) => ({ index, term })),
          entries: whole,
        }
      })
  }
}
