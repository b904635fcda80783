/** When a group's log is compacted: whatever of it comes first. Without any, only when it is asked for. */
export interface CompactionPolicy {
  /**
   * At each multiple of so many entries, unless the snapshot before is still being written: all servers then take the same
   * ones, and a new leader goes on with those that a former one was sending.
   */
  readonly afterEntries?: number | undefined
  /** Once the entries that were applied since the last snapshot take so many bytes. */
  readonly afterBytes?: number | undefined
  /** So many of the entries that a snapshot stands for are kept, for followers that are a little behind: 1000. */
  readonly trailingEntries?: number | undefined
}

export const DEFAULT_TRAILING_ENTRIES = 1000

/** @throws RangeError naming the option and its value. */
export function assertCompactionPolicy(policy: CompactionPolicy): void {
  assertCount('compaction.afterEntries', policy.afterEntries, 1)
  assertCount('compaction.afterBytes', policy.afterBytes, 1)
  assertTrailingEntries('compaction.trailingEntries', policy.trailingEntries)
}

/** @throws RangeError naming `what` and its value. */
export function assertTrailingEntries(what: string, value: number | undefined): void {
  assertCount(what, value, 0)
}

function assertCount(what: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return
  throw new RangeError(`${what} is ${String(value)}; it must be a whole number of at least ${least}`)
}
