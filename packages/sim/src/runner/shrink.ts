import type { FaultName } from '../storm/faults.ts'
import type { StormLimits } from '../storm/storm.ts'
import { runSeed, type SeedReport } from './stormRunner.ts'

/** A storm that fails, and what is left out of it. */
export interface FailingStorm {
  readonly seed: number
  readonly limits: StormLimits
  readonly report: SeedReport
}

export interface ShrinkOptions {
  /** How many storms it may run. */
  readonly tries: number
  /** Runs a storm: `runSeed` unless given. */
  readonly run?: (seed: number, limits: StormLimits) => Promise<SeedReport>
}

/**
 * Looks for a smaller storm with the same failure: fewer servers, fewer clients, a calm network, whole logs, and as few
 * faults as will do. Leaving a fault out changes none of the others.
 */
export async function shrink(failing: FailingStorm, options: ShrinkOptions): Promise<FailingStorm> {
  const search = new Shrinking(failing, options)
  await search.takeServers()
  await search.calmNetwork()
  await search.keepLogs()
  await search.takeKinds()
  await search.takeFaults()
  await search.takeClients()
  await search.takeServers()
  return search.best
}

class Shrinking {
  best: FailingStorm
  #triesLeft: number
  readonly #check: string | undefined
  readonly #run: NonNullable<ShrinkOptions['run']>

  constructor(failing: FailingStorm, { tries, run = runSeed }: ShrinkOptions) {
    this.best = failing
    this.#triesLeft = tries
    this.#check = failing.report.broken?.check
    this.#run = run
  }

  async takeServers(): Promise<void> {
    for (let servers = 3; servers < this.best.report.servers; servers++) if (await this.#try({ servers })) return
  }

  async takeClients(): Promise<void> {
    for (const clients of [0, 1]) if (await this.#try({ clients })) return
  }

  async calmNetwork(): Promise<void> {
    await this.#try({ isNetworkCalm: true })
  }

  async keepLogs(): Promise<void> {
    await this.#try({ keepsLogs: true })
  }

  /** Whole kinds of faults first: they are few. */
  async takeKinds(): Promise<void> {
    const kinds = new Set(this.best.report.faults.map((fault) => fault.split('#')[0] as FaultName))
    for (const kind of kinds) await this.#try({ withoutKinds: [...(this.best.limits.withoutKinds ?? []), kind] })
  }

  /** Then ever smaller parts of what is left, the later ones first: most of them are of no account. */
  async takeFaults(): Promise<void> {
    for (
      let size = Math.ceil(this.best.report.faults.length / 2);
      size >= 1;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let end = this.best.report.faults.length; end > 0; end -= size) {
        const part = this.best.report.faults.slice(Math.max(0, end - size), end)
        if (part.length > 0) await this.#try({ without: [...(this.best.limits.without ?? []), ...part] })
        if (this.#triesLeft === 0) return
      }
    }
  }

  async #try(less: StormLimits): Promise<boolean> {
    if (this.#triesLeft === 0) return false
    this.#triesLeft--
    const limits = { ...this.best.limits, ...less }
    const report = await this.#run(this.best.seed, limits)
    if (report.broken?.check !== this.#check) return false
    this.best = { seed: this.best.seed, limits: withoutTwice(limits), report }
    return true
  }
}

/** Without the faults of kinds that are left out as a whole. */
function withoutTwice({ without = [], ...limits }: StormLimits): StormLimits {
  const kinds: readonly string[] = limits.withoutKinds ?? []
  const needed = without.filter((fault) => !kinds.includes(fault.split('#')[0] ?? ''))
  return needed.length === 0 ? limits : { ...limits, without: needed }
}
