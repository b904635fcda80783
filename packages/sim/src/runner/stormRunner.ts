import { Worker } from 'node:worker_threads'
import { Storm, type StormFailure, type StormLimits, type StormReport } from '../storm/storm.ts'

/** What a storm makes is mostly of no use a moment later: with so much room for it, a storm takes a quarter less time. */
const YOUNG_GENERATION_MIB = 192

/** A report as it comes from another thread: an error is not what it was there. */
export interface SeedReport extends Omit<StormReport, 'broken'> {
  readonly broken: Omit<StormFailure, 'error'> | undefined
}

export interface RunOptions {
  /** Seeds, in order; without an end, `isOver` ends it. */
  readonly seeds: Iterable<number>
  /** How many run at once: 1 runs them here, more take a thread each. */
  readonly jobs: number
  readonly limits?: StormLimits | undefined
  readonly stopAtFirst: boolean
  /** Asked before each seed. */
  readonly isOver?: () => boolean
  readonly onReport?: (report: SeedReport) => void
}

/** Runs storms until the seeds or the time are at their end, or something is broken. The reports come as they are ready. */
export async function runStorms(options: RunOptions): Promise<void> {
  const seeds = options.seeds[Symbol.iterator]()
  let isStopped = false
  const nextSeed = (): number | undefined => {
    if (isStopped || options.isOver?.() === true) return undefined
    const next = seeds.next()
    return next.done === true ? undefined : next.value
  }
  const take = (report: SeedReport): void => {
    options.onReport?.(report)
    if (report.broken !== undefined && options.stopAtFirst) isStopped = true
  }
  if (options.jobs === 1) await runHere(nextSeed, take, options.limits)
  else await Promise.all(Array.from({ length: options.jobs }, () => runInThread(nextSeed, take, options.limits)))
}

/** One seed, in this thread. */
export async function runSeed(seed: number, limits: StormLimits = {}): Promise<SeedReport> {
  const report = await new Storm({ seed, limits }).run()
  if (report.broken === undefined) return { ...report, broken: undefined }
  const { error: _, ...broken } = report.broken
  return { ...report, broken }
}

async function runHere(
  nextSeed: () => number | undefined,
  take: (report: SeedReport) => void,
  limits: StormLimits | undefined,
): Promise<void> {
  for (let seed = nextSeed(); seed !== undefined; seed = nextSeed()) take(await runSeed(seed, limits))
}

function runInThread(
  nextSeed: () => number | undefined,
  take: (report: SeedReport) => void,
  limits: StormLimits | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./stormThread.js', import.meta.url), {
      workerData: { limits },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    })
    const goOn = (): void => {
      const seed = nextSeed()
      if (seed === undefined) void worker.terminate().then(() => resolve(), reject)
      else worker.postMessage(seed)
    }
    worker.on('message', (report: SeedReport) => {
      take(report)
      goOn()
    })
    worker.on('error', reject)
    goOn()
  })
}
