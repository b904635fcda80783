import type { SimRandom } from '../random.ts'
import type { FileChange, NameChange, Written } from './diskOperation.ts'

/** What a disk writes whole or not at all, in bytes. */
const SECTOR_BYTES = 512

/** What becomes of bytes that are not flushed: which changes, or parts of them, are on the disk, in their order. */
export type ChangesFate = (unflushed: readonly FileChange[]) => readonly FileChange[]

/** What becomes of names that are not flushed: which of the changes are on the disk, in their order. */
export type NamesFate = (unflushed: readonly NameChange[]) => readonly NameChange[]

/** What becomes of all that is not flushed when the power goes. */
export interface CrashFate {
  readonly changes: ChangesFate
  readonly names: NamesFate
}

/** As if nothing had been written since the last flush. */
export const LOST: CrashFate = { changes: () => [], names: () => [] }

/** As if all had been flushed. */
export const KEPT: CrashFate = { changes: (unflushed) => unflushed, names: (unflushed) => unflushed }

/** The files are as long as they were, and where they grew there are zeros. */
export const grown: ChangesFate = (unflushed) =>
  unflushed.map((change) => {
    if (change.kind !== 'written') return change
    const { at, file, position, bytes } = change
    return { kind: 'grown', at, file, length: position + bytes.length }
  })

/** All is there, but of the last write only the first `bytes`, or all but the first `bytes`. */
export function torn(bytes: number, part: 'beginning' | 'end'): ChangesFate {
  return (unflushed) => {
    const last = lastWrite(unflushed)
    return unflushed.map((change) => {
      if (last === undefined || change !== last) return change
      return part === 'beginning' ? partOf(last, 0, bytes) : partOf(last, bytes)
    })
  }
}

/** Any of the sectors, each with this probability. */
export function someSectors(random: SimRandom, probability: number): ChangesFate {
  return (unflushed) => {
    const pieces = unflushed.flatMap((change): readonly FileChange[] =>
      change.kind === 'written' ? sectorsOf(change) : [change],
    )
    return random.some(pieces, probability)
  }
}

/** The parts of a write that lie in one sector of the disk each. */
export function sectorsOf(write: Written): Written[] {
  const sectors: Written[] = []
  for (let start = 0; start < write.bytes.length;) {
    const end = start + SECTOR_BYTES - ((write.position + start) % SECTOR_BYTES)
    sectors.push(partOf(write, start, end))
    start = end
  }
  return sectors
}

/** One of all that can happen. */
export function drawFate(random: SimRandom): CrashFate {
  return { changes: drawChangesFate(random), names: drawNamesFate(random) }
}

function drawChangesFate(random: SimRandom): ChangesFate {
  const probability = random.pick([0.1, 0.5, 0.9])
  switch (random.below(7)) {
    case 0:
      return LOST.changes
    case 1:
      return KEPT.changes
    case 2:
      return grown
    case 3:
      return someTorn(random)
    case 4:
      // Later ones without those before them.
      return (unflushed) => random.some(unflushed, probability)
    case 5:
      return (unflushed) => unflushed.slice(0, random.below(unflushed.length + 1))
    default:
      return someSectors(random, probability)
  }
}

/** The last write is torn anywhere. */
function someTorn(random: SimRandom): ChangesFate {
  const part = random.pick(['beginning', 'end'] as const)
  return (unflushed) => {
    const length = lastWrite(unflushed)?.bytes.length ?? 0
    return torn(random.below(length + 1), part)(unflushed)
  }
}

function drawNamesFate(random: SimRandom): NamesFate {
  switch (random.below(4)) {
    case 0:
      return LOST.names
    case 1:
      return KEPT.names
    case 2:
      // A journal brings them back in their order.
      return (unflushed) => unflushed.slice(0, random.below(unflushed.length + 1))
    default:
      return (unflushed) => random.some(unflushed, 0.5)
  }
}

function lastWrite(unflushed: readonly FileChange[]): Written | undefined {
  return unflushed.filter((change) => change.kind === 'written').at(-1)
}

function partOf(write: Written, start: number, end?: number): Written {
  return { ...write, position: write.position + start, bytes: write.bytes.subarray(start, end) }
}
