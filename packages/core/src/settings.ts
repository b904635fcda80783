/** How the servers of a node behave. Times are in milliseconds, sizes in bytes. */
export interface RaftSettings {
  /** A leader lets no follower wait longer than this for a word. */
  readonly heartbeatIntervalMs: number
  /** The election timeout is drawn anew each time, from this up to `electionTimeoutMaxMs` (§5.2). */
  readonly electionTimeoutMinMs: number
  readonly electionTimeoutMaxMs: number
  /** How a leader looks for the point where a follower's log agrees: by whole terms, or one entry at a time (§5.3). */
  readonly backtracking: 'term' | 'entry'
  /** The most that one AppendEntries carries; an entry that is larger goes alone. */
  readonly maxBatchBytes: number
  /** How far a leader runs ahead of a follower's acknowledgements. */
  readonly maxInflightBytes: number
  readonly maxInflightEntries: number
  /** Recent entries kept in memory, for each group; older ones are read from the store. */
  readonly cacheBytes: number
  /** Answer the events that change no state of a chart without going through it. Off only to compare. */
  readonly fastPath: boolean
}

export const DEFAULT_SETTINGS: RaftSettings = {
  heartbeatIntervalMs: 50,
  electionTimeoutMinMs: 150,
  electionTimeoutMaxMs: 300,
  backtracking: 'term',
  maxBatchBytes: 256 * 1024,
  maxInflightBytes: 4 * 1024 * 1024,
  maxInflightEntries: 16_384,
  cacheBytes: 4 * 1024 * 1024,
  fastPath: true,
}

const POSITIVE = [
  'heartbeatIntervalMs',
  'electionTimeoutMinMs',
  'electionTimeoutMaxMs',
  'maxBatchBytes',
  'maxInflightBytes',
  'maxInflightEntries',
  'cacheBytes',
] as const

/**
 * Fills in the defaults and checks that the whole makes sense.
 * @throws RangeError naming the settings and their values.
 */
export function resolveSettings(given: Partial<RaftSettings> = {}): RaftSettings {
  for (const name of Object.keys(given)) {
    if (!(name in DEFAULT_SETTINGS)) {
      throw new RangeError(`${name} is not a setting; the settings are ${Object.keys(DEFAULT_SETTINGS).join(', ')}`)
    }
  }
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const settings: RaftSettings = { ...DEFAULT_SETTINGS, ...present }
  for (const name of POSITIVE) {
    const value: unknown = settings[name]
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw new RangeError(`${name} is ${String(value)}; it must be a number above 0`)
    }
  }
  if (settings.backtracking !== 'term' && settings.backtracking !== 'entry') {
    throw new RangeError(`backtracking is ${String(settings.backtracking)}; it must be 'term' or 'entry'`)
  }
  if (settings.electionTimeoutMinMs <= settings.heartbeatIntervalMs) {
    throw new RangeError(
      `electionTimeoutMinMs is ${settings.electionTimeoutMinMs} and heartbeatIntervalMs is ${settings.heartbeatIntervalMs}: ` +
        'the timeout must be above the interval, or followers give up leaders that are well',
    )
  }
  if (settings.electionTimeoutMaxMs <= settings.electionTimeoutMinMs) {
    throw new RangeError(
      `electionTimeoutMaxMs is ${settings.electionTimeoutMaxMs} and electionTimeoutMinMs is ${settings.electionTimeoutMinMs}: ` +
        'the maximum must be above the minimum, or servers stand for election at the same moment',
    )
  }
  return settings
}
