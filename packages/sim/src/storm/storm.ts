import { MachineVersionError, type ServerStatus } from '@quorate/core'
import { CorruptStoreError } from '@quorate/disk'
import { INVARIANTS, InvariantBroken, hold, type InvariantName } from '../invariants/invariant.ts'
import { SimRandom } from '../random.ts'
import { HistoryBroken, ListsAndRegisters } from '../workload/listsAndRegisters.ts'
import { askForLease } from '../workload/readWithin.ts'
import { SimClient } from '../workload/simClient.ts'
import type { Workload } from '../workload/workload.ts'
import type { Machine } from '../world/machine.ts'
import type { SimNode } from '../world/simNode.ts'
import { bothWatchers, type WorldWatcher } from '../world/worldWatcher.ts'
import { SimWorld } from '../world/simWorld.ts'
import { CalmBroken, calmDown } from './calm.ts'
import { Coverage, type CoverageName } from './coverage.ts'
import { DRAWN_LAST, FAULTS, type FaultName, type FaultSite } from './faults.ts'
import { StormWatch } from './stormWatch.ts'
import { CALM_CONDITIONS } from '../world/simNetwork.ts'
import { drawWeather, type Weather } from './weather.ts'

export interface StormOptions {
  readonly seed: number
  /** Another state machine, and what clients do to it. */
  readonly workload?: Workload
  /** What differs from what the seed has drawn. */
  readonly limits?: StormLimits
  /** Looks on. */
  readonly watcher?: WorldWatcher
}

/** A storm with less in it than its seed has drawn: to see the same failure in a smaller one, or to ask for a certain kind. */
export interface StormLimits {
  /** Three to seven. */
  readonly servers?: number
  readonly clients?: number
  /** Faults that do not happen, as `freeze#3`: the third time that a process would have been frozen. */
  readonly without?: readonly string[]
  /** The network loses, copies, delays and reorders nothing, as long as no fault makes it. */
  readonly isNetworkCalm?: boolean
  /** Kinds of faults that never happen. */
  readonly withoutKinds?: readonly FaultName[]
  /** Logs are kept whole. */
  readonly keepsLogs?: boolean
  /** Milliseconds that the storm lasts at most. */
  readonly stormMs?: number
}

/** How a storm went. */
export interface StormReport {
  readonly seed: number
  readonly servers: number
  readonly events: number
  readonly simulatedMs: number
  /** The faults that happened, as `freeze#3`, in their order. */
  readonly faults: readonly string[]
  readonly operations: number
  readonly traceHash: string
  /** Milliseconds from the end of the last fault to a leader with a fresh commit, and the most that is allowed. */
  readonly recoveryMs: number
  readonly recoveryLimitMs: number
  readonly coverage: Readonly<Record<CoverageName, number>>
  /** What was broken; undefined when all was well. */
  readonly broken: StormFailure | undefined
}

/** What is looked at once a storm is over, beside the invariants. */
const CHECKS = {
  linearizable: 'what clients see could be seen if each operation happened at one moment (§8)',
  liveness: 'a group whose faults have ended has a leader soon, and all its servers become equal',
  ownCheck: 'the check that was given finds nothing wrong',
  nothingThrows: INVARIANTS.nothingThrows,
} as const

/** The check that came with the workload found something. */
class CheckFailed extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'CheckFailed'
  }
}

export interface StormFailure {
  /** The invariant or check. */
  readonly check: InvariantName | keyof typeof CHECKS
  /** What must be true, and what was found instead. */
  readonly sentence: string
  readonly promise: string
  readonly detail: string
  readonly atMs: number
  readonly error: Error
}

/** One run: a group in bad weather, and then in calm. Everything in it follows from the seed. */
export class Storm {
  readonly world: SimWorld
  readonly weather: Weather
  readonly coverage = new Coverage()
  readonly #workload: Workload
  readonly #random: SimRandom
  readonly #clients: SimClient[] = []
  readonly #seed: number
  readonly #without: ReadonlySet<string>
  readonly #faults: string[] = []
  #isOn = false

  constructor({ seed, workload = new ListsAndRegisters(), limits = {}, watcher }: StormOptions) {
    this.#seed = seed
    this.#random = new SimRandom(seed)
    this.#workload = workload
    this.#without = new Set(limits.without)
    this.weather = limited(drawWeather(this.#random.fork()), limits)
    const { network: _, ...weather } = this.weather
    const watch = new StormWatch(this.coverage, () => this.world)
    this.world = new SimWorld({
      ...weather,
      seed: this.#random.bits(),
      network: CALM_CONDITIONS,
      machine: workload.machine,
      largestCommandBytes: 2_000,
      watcher: bothWatchers(watcher, {
        ...watched(watch),
        status: (node, status) => this.#supervise(node, status),
        refused: (node, error) => this.#noteRefusal(node, error),
        repaired: (_node, error) => {
          if (error === undefined) this.coverage.count('logRepaired')
        },
        started: (node, outcome) => {
          watch.started(node, outcome)
          if (outcome === 'repairing') this.coverage.count('entriesDamaged')
          // The bit that flipped was of no use to anybody: what the store holds was looked at.
          if (outcome === 'started' && node.lostFor === 'damage') node.lostFor = undefined
        },
      }),
    })
  }

  /** Runs it to its end, or to the first thing that is broken. */
  async run(): Promise<StormReport> {
    let recovery = { recoveryMs: 0, recoveryLimitMs: 0 }
    let broken: StormFailure | undefined
    try {
      await this.world.begin()
      await this.#rage()
      recovery = await calmDown(this.world, this.#clients)
      const end = this.world.up.find(({ lostFor }) => lostFor === undefined)
      if (end?.machine !== undefined) this.#checkWorkload(end.machine)
    } catch (error) {
      broken = this.#failureOf(error)
    }
    for (const name of ['appended', 'refused', 'unknown'] as const) this.#countOutcome(name)
    const { answered, refused } = this.world.invariants.clients.reads
    this.coverage.count('readAnswered', answered)
    this.coverage.count('readRefused', refused)
    return {
      seed: this.#seed,
      servers: this.weather.servers,
      events: this.world.events,
      simulatedMs: this.world.now,
      faults: this.#faults,
      operations: 'operations' in this.#workload ? Number(this.#workload.operations) : 0,
      traceHash: this.world.traceHash,
      ...recovery,
      coverage: this.coverage.counts,
      broken,
    }
  }

  #checkWorkload(end: Machine): void {
    try {
      this.#workload.check(end)
    } catch (error) {
      if (error instanceof HistoryBroken) throw error
      throw new CheckFailed(error)
    }
  }

  async #rage(): Promise<void> {
    const { world, weather } = this
    this.#isOn = true
    world.network.conditions = weather.network
    for (let number = 0; number < weather.clients; number++) this.#clients.push(this.#client(number))
    const site: Omit<FaultSite, 'random'> = {
      world,
      coverage: this.coverage,
      workload: this.#workload,
      places: this.#clients.map(({ place }) => place),
      partitions: new Set(),
      isOn: () => this.#isOn,
    }
    // Each kind has its own chance, and so has each fault: what one draws, or that it is left out, changes no other.
    const begin = (name: FaultName, random: SimRandom): void => {
      const everyMs = weather.faults.get(name)
      let count = 0
      if (everyMs !== undefined) this.#repeat(random, everyMs, () => this.#happen(site, name, ++count, random.fork()))
    }
    for (const name of Object.keys(FAULTS) as FaultName[]) {
      if (!DRAWN_LAST.includes(name)) begin(name, this.#random.fork())
    }
    const random = this.#random.fork()
    this.#repeat(random, 400, () => this.#peek(random))
    if (weather.settings.leaseReads === true) {
      this.#repeat(this.#random.fork(), 200, () => this.#askForLeases())
    }
    for (const name of DRAWN_LAST) if (weather.faults.has(name)) begin(name, this.#random.fork())
    await world.run(weather.stormMs)
    this.#isOn = false
  }

  #client(number: number): SimClient {
    const { thinkMs, localProbability, keyed } = this.weather
    return new SimClient({
      world: this.world,
      workload: this.#workload,
      number,
      random: this.#random.fork(),
      thinkMs,
      localProbability,
      keyed,
      count: (name) => this.coverage.count(name),
    })
  }

  #happen(site: Omit<FaultSite, 'random'>, name: FaultName, count: number, random: SimRandom): void {
    const fault = `${name}#${count}`
    if (this.#without.has(fault)) return
    this.#faults.push(fault)
    this.world.happened(fault)
    FAULTS[name].happen({ ...site, random })
  }

  #repeat(random: SimRandom, everyMs: number, happen: () => void): void {
    const delayMs = -Math.log(1 - random.next()) * everyMs
    this.world.at(this.world.now + delayMs, () => {
      if (!this.#isOn) return
      happen()
      this.#repeat(random, everyMs, happen)
    })
  }

  #askForLeases(): void {
    for (const node of this.world.up) askForLease(node, this.world.invariants.clients)
  }

  #peek(random: SimRandom): void {
    const { up, now } = this.world
    const node = up.length === 0 ? undefined : random.pick(up)
    if (node?.machine !== undefined) this.#workload.peek?.(node.machine, now)
  }

  /** What keeps processes running elsewhere: one whose server has stopped is ended, and started again. */
  #supervise(node: SimNode, { failure }: ServerStatus): void {
    if (failure === undefined) return
    const { incarnation } = node
    if (node.lostFor === 'wipe') this.coverage.count('wipeFound')
    if (failure instanceof MachineVersionError) {
      this.coverage.count('versionLacked')
      node.deploy(failure.version)
    }
    this.world.at(this.world.now + this.#random.between(0, 50), () => {
      if (!node.isUp || node.incarnation !== incarnation) return
      this.world.kill(node)
      // Started again a store that is not the group's is found out again: nothing is learnt from that.
      if (node.lostFor === 'wipe') return
      this.world.at(this.world.now + this.#random.between(5, 500), () => this.world.start(node))
    })
  }

  /** A store that cannot be opened: damaged, or its disk is full or fails. */
  #noteRefusal(node: SimNode, error: Error): void {
    const isCorrupt =
      error instanceof CorruptStoreError ||
      ('code' in error && error.code === 'FOREIGN_STORE') ||
      ('code' in error && error.code === 'NEWER_STORE_FORMAT')
    if (isCorrupt) {
      hold(node.lostFor === 'damage', 'storeKeeps', () => `${node.id} cannot open its store: ${error.message}`)
      this.coverage.count('damageFound')
      return
    }
    hold(
      'code' in error && error.code === 'STORAGE_FAILED',
      'storeKeeps',
      () => `${node.id} does not open: ${error.message}`,
    )
    this.world.at(this.world.now + this.#random.between(100, 1_000), () => this.world.start(node))
  }

  #countOutcome(type: 'appended' | 'refused' | 'unknown'): void {
    const names = { appended: 'appendAnswered', refused: 'appendRefused', unknown: 'appendUnknown' } as const
    this.coverage.count(names[type], this.world.invariants.clients.outcomes(type))
  }

  #failureOf(thrown: unknown): StormFailure {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    const check = checkOf(error)
    const words =
      error instanceof InvariantBroken
        ? { promise: INVARIANTS[error.invariant], detail: error.detail }
        : { promise: CHECKS[check as keyof typeof CHECKS], detail: error.message }
    return { check, sentence: error.message, ...words, atMs: this.world.now, error }
  }
}

function checkOf(error: Error): StormFailure['check'] {
  if (error instanceof InvariantBroken) return error.invariant
  if (error instanceof HistoryBroken) return 'linearizable'
  if (error instanceof CalmBroken) return 'liveness'
  return error instanceof CheckFailed ? 'ownCheck' : 'nothingThrows'
}

function limited(weather: Weather, limits: StormLimits): Weather {
  const { servers = weather.servers, clients = weather.clients, isNetworkCalm, keepsLogs, withoutKinds = [] } = limits
  const stormMs = Math.min(weather.stormMs, limits.stormMs ?? Infinity)
  const faults = new Map([...weather.faults].filter(([name]) => !withoutKinds.includes(name)))
  return {
    ...weather,
    servers,
    members: weather.members === undefined ? undefined : Math.min(weather.members, servers),
    clients,
    faults,
    stormMs,
    node: keepsLogs === true ? (own) => ({ ...weather.node(own), compaction: undefined }) : weather.node,
    network: isNetworkCalm === true ? CALM_CONDITIONS : weather.network,
  }
}

/** Its methods, which a spread would not take along. */
function watched(watch: StormWatch): Partial<StormWatch> {
  const names = [
    'sent',
    'received',
    'lost',
    'writing',
    'written',
    'read',
    'applied',
    'restored',
    'disk',
    'beforeLook',
  ] as const
  return Object.fromEntries(names.map((name) => [name, watch[name].bind(watch)]))
}
