import type { CompactionPolicy, RaftSettings } from '@quorate/core'
import type { SimRandom } from '../random.ts'
import type { NetworkConditions } from '../world/simNetwork.ts'
import type { NodeConditions } from '../world/simNode.ts'
import { DRAWN_LAST, FAULTS, type FaultName } from './faults.ts'
import { drawNetwork } from './networkWeather.ts'

/**
 * What one storm is like: drawn anew for each seed, so that some of it happens often and some of it never. A storm in
 * which everything happens all the time goes nowhere.
 */
export interface Weather {
  readonly servers: number
  /** How many of them the group is born with; undefined: all, and it stays so. */
  readonly members: number | undefined
  readonly settings: Partial<RaftSettings>
  readonly network: NetworkConditions
  readonly encodes: boolean
  readonly node: (random: SimRandom) => NodeConditions
  /** Milliseconds from one fault of a kind to the next, on average; a kind that is missing never happens. */
  readonly faults: ReadonlyMap<FaultName, number>
  readonly clients: number
  readonly thinkMs: number
  readonly localProbability: number
  /** How many of the clients' appends have idempotency keys, and how long these are remembered, by the time of the log. */
  readonly keyed: { readonly probability: number; readonly retainMs: number }
  /** Milliseconds that the storm lasts. */
  readonly stormMs: number
}

export function drawWeather(random: SimRandom): Weather {
  const weather = drawWithoutSnapshots(random)
  const { settings, compaction } = drawSnapshots(random)
  const keyed = { probability: random.pick([0, 0, 0.3, 1]), retainMs: random.pick([100, 2_000, 86_400_000]) }
  return {
    ...weather,
    keyed,
    faults: new Map([...weather.faults, ...drawLast(random)]),
    settings: { ...weather.settings, ...settings },
    node: (own) => ({ ...weather.node(own), ...compaction?.(own) }),
  }
}

function drawWithoutSnapshots(random: SimRandom): Omit<Weather, 'keyed'> {
  const servers = random.pick([3, 3, 3, 3, 3, 4, 5, 5, 6, 7])
  const changesMembers = random.happens(0.35)
  return {
    servers,
    members: changesMembers ? 1 + random.below(servers) : undefined,
    // Whoever leaves hears no leader any more: it must not be able to depose the others' (§6).
    settings: { ...drawSettings(random), ...(changesMembers ? { checkQuorum: true } : {}) },
    network: drawNetwork(random),
    encodes: random.happens(0.3),
    node: drawNodes(random),
    faults: drawFaults(random, changesMembers),
    clients: random.pick([2, 3, 5]),
    thinkMs: random.pick([100, 250, 600]),
    localProbability: random.pick([0, 0.3, 0.7]),
    stormMs: random.between(30_000, 43_000),
  }
}

function drawSettings(random: SimRandom): Partial<RaftSettings> {
  const heartbeatIntervalMs = random.pick([60, 100, 150])
  const electionTimeoutMinMs = heartbeatIntervalMs * random.pick([3, 3, 4])
  return {
    heartbeatIntervalMs,
    electionTimeoutMinMs,
    electionTimeoutMaxMs: electionTimeoutMinMs * random.pick([2, 2, 3]),
    backtracking: random.happens(0.5) ? 'term' : 'entry',
    maxInflightEntries: random.pick([2, 16, 16_384]),
    maxInflightBytes: random.pick([600, 4 * 1024 * 1024]),
    maxBatchBytes: random.pick([100, 300, 256 * 1024]),
    cacheBytes: random.pick([150, 2_000, 4 * 1024 * 1024]),
    fastPath: random.happens(0.85),
    ...drawThesis(random.fork()),
  }
}

/** What the thesis adds to elections, in some storms without. */
function drawThesis(random: SimRandom): Partial<RaftSettings> {
  const checkQuorum = random.happens(0.85)
  return {
    checkQuorum,
    preVote: checkQuorum && random.happens(0.85),
    storeStallTimeoutMs: random.pick([300, 1_000, 3_000]),
    leaseReads: checkQuorum && random.happens(0.6),
  }
}

/** Half of the storms compact logs, most of those often, so that whoever was away for a while needs a snapshot. */
function drawSnapshots(random: SimRandom): {
  readonly settings: Partial<RaftSettings>
  readonly compaction: ((own: SimRandom) => Partial<NodeConditions>) | undefined
} {
  const isCompacted = random.happens(0.5)
  const afterEntries = random.pick([10, 20, 20, 50, 200])
  const trailingEntries = random.pick([0, 0, 5, 20, 50])
  const applyMs = random.pick([0, 0, 2, 20, 200])
  const isEachOnItsOwn = random.happens(0.25)
  const settings = {
    snapshotChunkBytes: random.pick([40, 200, 1_000, 256 * 1024]),
    snapshotBytesPerSecond: random.pick([3_000, 50_000, Number.MAX_SAFE_INTEGER]),
  }
  if (!isCompacted) return { settings: {}, compaction: undefined }
  const policyOf = (own: SimRandom): CompactionPolicy => ({
    afterEntries: isEachOnItsOwn ? 1 + own.below(2 * afterEntries) : afterEntries,
    trailingEntries,
  })
  return { settings, compaction: (own) => ({ compaction: policyOf(own), applyMs }) }
}

function drawNodes(random: SimRandom): (random: SimRandom) => NodeConditions {
  const drift = random.pick([0, 0.0001, 0.05])
  const low = random.pick([0.05, 0.2, 1])
  const diskMs = [low, low * random.pick([2, 5, 20])] as const
  const busyMs = random.pick([0, 0, 0.5, 4])
  const applyMs = random.pick([0, 0, 2, 20])
  const segmentBytes = random.pick([8 * 1024, 32 * 1024, 128 * 1024])
  return (own) => ({ clockRate: 1 + own.between(-drift, drift), busyMs, diskMs, applyMs, segmentBytes })
}

/** Three storms in ten have each of them. */
function drawLast(random: SimRandom): [FaultName, number][] {
  return DRAWN_LAST.flatMap((name) => {
    const scale = random.pick([0, 0, 0, 0, 0, 0, 0, 0.4, 1, 3])
    return scale > 0 ? [[name, FAULTS[name].everyMs / scale]] : []
  })
}

function drawFaults(random: SimRandom, changesMembers: boolean): Map<FaultName, number> {
  const faults = new Map<FaultName, number>()
  const names = (Object.keys(FAULTS) as FaultName[]).filter((name) => !DRAWN_LAST.includes(name))
  for (const name of names) {
    const scale = random.pick([0, 0, 0.4, 1, 1, 3])
    if (scale > 0) faults.set(name, FAULTS[name].everyMs / scale)
  }
  if (!changesMembers) faults.delete('changeMembers')
  // How many a group may lose is known where its voters stay the same.
  else for (const name of ['damage', 'wipe'] as const) faults.delete(name)
  return faults
}
