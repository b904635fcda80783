import type { KeptSegment } from './freedFile.ts'
import type { GroupLog } from './groupLog.ts'

/** Of what is freed, at most such a part is written once more. */
const LARGEST_CARRIED_PART = 1 / 4
/** And at most so many bytes at a time: the writes of the groups share the log with them. */
const LARGEST_CARRIED_BYTES = 16 * 1024 * 1024

/** Up to where segments can be freed, and what has to be written once more before. */
export interface FreeingPlan {
  /** The number of the first segment that is to be kept. */
  readonly first: number
  /** Groups with entries before it, few enough to be carried over. */
  readonly carried: readonly GroupLog[]
}

/**
 * Plans to free as many segments as it pays. A group that rests would keep all that others write from its last entry on:
 * its entries are written once more, further on, where they are few beside what is freed by that.
 */
export function planFreeing(kept: readonly KeptSegment[], logs: Iterable<GroupLog>): FreeingPlan {
  const pinning = [...logs]
    .filter(({ firstSegment }) => firstSegment !== undefined)
    .sort((a, b) => firstOf(a) - firstOf(b))
  let plan: FreeingPlan = { first: kept[0]?.number ?? 1, carried: [] }
  let [freedBytes, carriedBytes, passed] = [0, 0, 0]
  // The last is the one that is appended to.
  for (const segment of kept.slice(0, -1)) {
    freedBytes += segment.bytes
    for (let log = pinning[passed]; log !== undefined && firstOf(log) <= segment.number; log = pinning[passed]) {
      // What cannot be read cannot be written once more.
      carriedBytes += log.damagedIndexes.length > 0 ? Infinity : log.entryBytes
      passed += 1
    }
    if (carriedBytes > Math.min(freedBytes * LARGEST_CARRIED_PART, LARGEST_CARRIED_BYTES)) continue
    plan = { first: segment.number + 1, carried: pinning.slice(0, passed) }
  }
  return plan
}

function firstOf({ firstSegment }: GroupLog): number {
  return firstSegment ?? Infinity
}
