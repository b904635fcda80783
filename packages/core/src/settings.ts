/** How the servers of a node behave. Times are in milliseconds, sizes in bytes. */
export interface RaftSettings {
  /** A leader lets no follower wait longer than this for a word. */
  readonly heartbeatIntervalMs: number
  /** The election timeout is drawn anew each time, from this up to `electionTimeoutMaxMs` (§5.2). */
  readonly electionTimeoutMinMs: number
  readonly electionTimeoutMaxMs: number
  /**
   * Ask whether an election could be won before a term is begun for it (thesis §9.6), so that a server which was cut off
   * deposes nobody when it returns. Needs `checkQuorum`.
   */
  readonly preVote: boolean
  /**
   * A leader that has not heard a majority for `electionTimeoutMaxMs` gives way (§6.2 of the thesis); and whoever has
   * heard its leader within `electionTimeoutMinMs` disregards candidates (§6 of the paper, thesis §4.2.3). One goes with
   * the other: followers that hold on to their leader rely on it to know when it leads nobody.
   */
  readonly checkQuorum: boolean
  /**
   * A leader answers who asks for it without asking its followers, as long as they cannot have elected another (thesis
   * §6.4.1). Needs `checkQuorum` and the same `electionTimeoutMinMs` on all servers, and trusts their clocks to differ by no
   * more than `clockDriftBound`.
   */
  readonly leaseReads: boolean
  /**
   * By how much the clock of one server may go faster than that of another, as a part of the slower one's rate: at least
   * 0, below 1. A machine that is suspended while its clock stands still is beyond any such bound.
   */
  readonly clockDriftBound: number
  /** A leader whose store has not flushed a write for so long gives way to a server whose store may do better. */
  readonly storeStallTimeoutMs: number
  /** How a leader looks for the point where a follower's log agrees: by whole terms, or one entry at a time (§5.3). */
  readonly backtracking: 'term' | 'entry'
  /** The most that one AppendEntries carries; an entry that is larger goes alone. */
  readonly maxBatchBytes: number
  /** How far a leader runs ahead of a follower's acknowledgements. */
  readonly maxInflightBytes: number
  readonly maxInflightEntries: number
  /**
   * The most that a leader takes in of appends that are not committed and applied yet, an append alone excepted. More is
   * answered as `busy`: not appended.
   */
  readonly maxPendingBytes: number
  /** The most of a snapshot that one InstallSnapshot carries; less where the transport takes less. */
  readonly snapshotChunkBytes: number
  /** The most that a leader sends of snapshots in a second, to all followers of a group together. */
  readonly snapshotBytesPerSecond: number
  /** Recent entries kept in memory, for each group; older ones are read from the store. */
  readonly cacheBytes: number
  /** Answer the events that change no state of a chart without going through it. Off only to compare. */
  readonly fastPath: boolean
}

export const DEFAULT_SETTINGS: RaftSettings = {
  heartbeatIntervalMs: 50,
  electionTimeoutMinMs: 150,
  electionTimeoutMaxMs: 300,
  preVote: true,
  checkQuorum: true,
  leaseReads: false,
  clockDriftBound: 0.1,
  storeStallTimeoutMs: 1_000,
  backtracking: 'term',
  maxBatchBytes: 256 * 1024,
  maxInflightBytes: 4 * 1024 * 1024,
  maxInflightEntries: 16_384,
  maxPendingBytes: 64 * 1024 * 1024,
  snapshotChunkBytes: 256 * 1024,
  snapshotBytesPerSecond: Number.MAX_SAFE_INTEGER,
  cacheBytes: 4 * 1024 * 1024,
  fastPath: true,
}

/** Raft as the paper has it: without what keeps elections from disturbing anybody, and with trust in every disk. */
export const PAPER_SETTINGS = {
  preVote: false,
  checkQuorum: false,
  storeStallTimeoutMs: Number.MAX_SAFE_INTEGER,
} as const satisfies Partial<RaftSettings>

const POSITIVE = [
  'heartbeatIntervalMs',
  'electionTimeoutMinMs',
  'electionTimeoutMaxMs',
  'storeStallTimeoutMs',
  'maxBatchBytes',
  'maxInflightBytes',
  'maxInflightEntries',
  'maxPendingBytes',
  'snapshotChunkBytes',
  'snapshotBytesPerSecond',
  'cacheBytes',
] as const

const SWITCHES = ['preVote', 'checkQuorum', 'leaseReads', 'fastPath'] as const

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
  const settings: RaftSettings = { ...DEFAULT_SETTINGS, ...withoutAbsent(given) }
  for (const name of POSITIVE) {
    const value: unknown = settings[name]
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw new RangeError(`${name} is ${String(value)}; it must be a number above 0`)
    }
  }
  for (const name of SWITCHES) {
    const value: unknown = settings[name]
    if (typeof value !== 'boolean') throw new RangeError(`${name} is ${String(value)}; it must be true or false`)
  }
  if (settings.preVote && !settings.checkQuorum) {
    throw new RangeError(
      'preVote is true and checkQuorum is false: a leader that leads nobody would refuse pre-votes and never give way. ' +
        'Set both, or neither.',
    )
  }
  if (settings.leaseReads && !settings.checkQuorum) {
    throw new RangeError(
      'leaseReads is true and checkQuorum is false: followers would elect another leader while the lease of the first holds. ' +
        'Set both, or not leaseReads.',
    )
  }
  const { clockDriftBound } = settings
  if (!(typeof clockDriftBound === 'number' && clockDriftBound >= 0 && clockDriftBound < 1)) {
    throw new RangeError(`clockDriftBound is ${String(clockDriftBound)}; it must be a number of at least 0 and below 1`)
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

function withoutAbsent(given: Partial<RaftSettings>): Partial<RaftSettings> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** What may change while servers run: amounts, and not what they promise one another. */
export const RELOADABLE_SETTINGS = POSITIVE

/**
 * `present` with these changes.
 * @throws RangeError naming the setting and its value, also where it cannot change while servers run.
 */
export function reloadSettings(present: RaftSettings, changes: Partial<RaftSettings>): RaftSettings {
  for (const name of Object.keys(changes) as (keyof RaftSettings)[]) {
    const isSame = changes[name] === undefined || changes[name] === present[name]
    const isFixed = name in present && !(RELOADABLE_SETTINGS as readonly string[]).includes(name)
    if (isFixed && !isSame) {
      throw new RangeError(
        `${name} is ${String(present[name])} and cannot become ${String(changes[name])} while the node runs. ` +
          `Open it anew with that; what can change are ${RELOADABLE_SETTINGS.join(', ')}`,
      )
    }
  }
  const settings = resolveSettings({ ...present, ...withoutAbsent(changes) })
  if (present.leaseReads && settings.electionTimeoutMinMs !== present.electionTimeoutMinMs) {
    throw new RangeError(
      `electionTimeoutMinMs is ${present.electionTimeoutMinMs} and cannot become ${settings.electionTimeoutMinMs} while ` +
        'leaseReads is on: leases count on its being the same on all servers. Open all nodes anew with that.',
    )
  }
  return settings
}
