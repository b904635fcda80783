/** How far a search goes. Numbers are inclusive, and count what happens on one path from the start. */
export interface SearchBounds {
  readonly servers: 2 | 3
  /** Election timeouts that elapse, of all servers together. */
  readonly timeouts: number
  /** Heartbeat ticks of leaders that send something. */
  readonly ticks: number
  /** Commands that a client hands to a leader. */
  readonly appends: number
  /** Crashes, each followed by a restart from the disk. */
  readonly crashes: number
  readonly drops: number
  readonly duplicates: number
  /** No server goes beyond this term. */
  readonly term: number
  /** More messages than this are never under way at once. */
  readonly inFlight: number
  /** The number of actions on a path. */
  readonly depth: number
  /** The search stops when it has seen so many distinct states. */
  readonly states: number
  /** When a write reaches the disk: within the action that ordered it, or as an action of its own, or never. */
  readonly writes: 'atOnce' | 'late'
  /** How many entries an AppendEntries carries: as many as there are, or one. */
  readonly batches: 'all' | 'one'
}

/** What a path has used up of its bounds. */
export const COUNTED = ['timeouts', 'ticks', 'appends', 'crashes', 'drops', 'duplicates'] as const

export type Counted = (typeof COUNTED)[number]

const MOST_COUNTED = 31
const MOST_IN_FLIGHT = 100

const TWO: SearchBounds = {
  servers: 2,
  timeouts: 2,
  ticks: 1,
  appends: 1,
  crashes: 1,
  drops: 0,
  duplicates: 1,
  term: 4,
  inFlight: 6,
  depth: Infinity,
  states: 20_000_000,
  writes: 'late',
  batches: 'all',
}

const THREE: SearchBounds = { ...TWO, servers: 3, ticks: 0, duplicates: 0, inFlight: 5, writes: 'atOnce' }

/**
 * Bounds to begin with. `two` and `three` are searched to their ends: 6.4 and 7.5 million states. Of `wide` and
 * `figure8` the first so many million are met; in the bounds of `figure8` lies the history of that figure (§5.4.2), with
 * entries sent one by one as the figure has it.
 */
export const PRESETS = {
  two: TWO,
  three: THREE,
  wide: {
    ...THREE,
    timeouts: 3,
    ticks: 1,
    appends: 2,
    drops: 1,
    duplicates: 1,
    inFlight: 8,
    writes: 'late',
    states: 5_000_000,
  },
  figure8: { ...THREE, timeouts: 5, appends: 0, crashes: 0, term: 5, inFlight: 4, batches: 'one', states: 5_000_000 },
} as const satisfies Readonly<Record<string, SearchBounds>>

export type Preset = keyof typeof PRESETS

/** @throws RangeError naming the bound and its value. */
export function checkBounds(bounds: SearchBounds): void {
  if (bounds.servers !== 2 && bounds.servers !== 3) {
    throw new RangeError(`servers is ${String(bounds.servers)}; a search takes 2 or 3`)
  }
  for (const name of COUNTED) assertWhole(name, bounds[name], 0, MOST_COUNTED)
  assertWhole('inFlight', bounds.inFlight, 1, MOST_IN_FLIGHT)
  for (const name of ['term', 'depth', 'states'] as const) {
    const value = bounds[name]
    if (!(value >= 1)) throw new RangeError(`${name} is ${value}; it must be at least 1`)
  }
  if (bounds.writes !== 'atOnce' && bounds.writes !== 'late') {
    throw new RangeError(`writes is ${String(bounds.writes)}; it must be 'atOnce' or 'late'`)
  }
  if (bounds.batches !== 'all' && bounds.batches !== 'one') {
    throw new RangeError(`batches is ${String(bounds.batches)}; it must be 'all' or 'one'`)
  }
}

function assertWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${name} is ${value}; it must be a whole number from ${least} up to ${most}`)
}
