import { availableParallelism } from 'node:os'
import { COVERAGE, Coverage, type CoverageName } from '../storm/coverage.ts'
import type { FailingStorm } from '../runner/shrink.ts'
import { runStorms, type SeedReport } from '../runner/stormRunner.ts'
import type { StormLimits } from '../storm/storm.ts'
import { appendToLedger, commitOf, nextSeedOf } from './ledger.ts'
import { UsageError, numberOf, optionsOf, seedsOf } from './arguments.ts'
import { writeFailure } from './failureFiles.ts'

const OPTIONS = {
  seeds: { type: 'string' },
  minutes: { type: 'string' },
  servers: { type: 'string' },
  jobs: { type: 'string' },
  'stop-at-first': { type: 'boolean' },
  json: { type: 'boolean' },
  ledger: { type: 'string' },
  output: { type: 'string' },
} as const

/** What many storms amount to. */
export interface StormTotals {
  seeds: number
  events: number
  simulatedMs: number
  faults: number
  operations: number
  /** The longest that a group took to recover, as a share of what it may take. */
  slowestRecovery: number
}

/**
 * Runs storms: `--seeds 1..300`, or `--minutes 60` from where the ledger ends. Prints what it is at, what was covered, and
 * the first failure with the files that show it. Resolves to the exit code.
 */
export async function stormsCommand(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, OPTIONS)
  const minutes = options.minutes === undefined ? undefined : numberOf('minutes', options.minutes)
  const range = seedRange(options.seeds, minutes, options.ledger)
  const isOver = minutes === undefined ? (): boolean => false : deadline(minutes)
  const jobs = options.jobs === undefined ? availableParallelism() : numberOf('jobs', options.jobs)
  const totals: StormTotals = { seeds: 0, events: 0, simulatedMs: 0, faults: 0, operations: 0, slowestRecovery: 0 }
  const coverage = new Coverage()
  const failures: SeedReport[] = []
  const limits: StormLimits = options.servers === undefined ? {} : { servers: serversOf(options.servers) }
  const progress = progressLine(options.json === true, totals, failures)
  await runStorms({
    seeds: seedsFrom(range.first, range.last),
    jobs: Math.min(jobs, range.last - range.first + 1),
    limits,
    stopAtFirst: options['stop-at-first'] === true || minutes !== undefined,
    isOver,
    onReport: (report) => {
      add(totals, report)
      coverage.add(report.coverage)
      if (report.broken !== undefined) failures.push(report)
      progress()
    },
  })
  const failure = failures.sort((a, b) => a.seed - b.seed)[0]
  // What stopped at a failure has not had the time to cover everything.
  const missing = failure === undefined ? coverage.missing(totals.seeds) : []
  if (options.ledger !== undefined) {
    const verdict = failure === undefined ? 'held' : `broke ${failure.broken?.check} with seed ${failure.seed}`
    await appendToLedger(options.ledger, {
      ...totals,
      first: range.first,
      last: range.first + totals.seeds - 1,
      verdict,
      commit: commitOf(),
    })
  }
  if (options.json === true) printJson(totals, coverage, missing, failure)
  else
    await printSummary(
      totals,
      coverage,
      missing,
      failure && { seed: failure.seed, limits, report: failure },
      options.output,
    )
  return failure === undefined && missing.length === 0 ? 0 : 1
}

function seedRange(seeds: string | undefined, minutes: number | undefined, ledger: string | undefined) {
  if (seeds !== undefined) return seedsOf(seeds)
  const first = ledger === undefined ? 1 : nextSeedOf(ledger)
  return { first, last: minutes === undefined ? first + 299 : Number.MAX_SAFE_INTEGER }
}

function serversOf(text: string): number {
  const servers = numberOf('servers', text)
  if (![3, 4, 5, 6, 7].includes(servers)) throw new UsageError(`--servers ${text}: give 3 to 7`)
  return servers
}

function* seedsFrom(first: number, last: number): Generator<number> {
  for (let seed = first; seed <= last; seed++) yield seed
}

function deadline(minutes: number): () => boolean {
  const endMs = performance.now() + minutes * 60_000
  return () => performance.now() >= endMs
}

function add(totals: StormTotals, report: SeedReport): void {
  totals.seeds++
  totals.events += report.events
  totals.simulatedMs += report.simulatedMs
  totals.faults += report.faults.length
  totals.operations += report.operations
  if (report.recoveryLimitMs > 0) {
    totals.slowestRecovery = Math.max(totals.slowestRecovery, report.recoveryMs / report.recoveryLimitMs)
  }
}

const PROGRESS_EVERY_MS = 2_000

function progressLine(isQuiet: boolean, totals: StormTotals, failures: readonly SeedReport[]): () => void {
  const startMs = performance.now()
  let lastMs = startMs
  return () => {
    const nowMs = performance.now()
    if (isQuiet || nowMs - lastMs < PROGRESS_EVERY_MS) return
    lastMs = nowMs
    const failed = failures.length === 0 ? '' : `, ${failures.length} failed`
    console.log(`${seconds(nowMs - startMs)}  ${describeTotals(totals)}${failed}`)
  }
}

function describeTotals({ seeds, events, simulatedMs, faults, operations }: StormTotals): string {
  return (
    `${seeds} seeds, ${(simulatedMs / 3_600_000).toFixed(2)} simulated hours, ${(events / 1e6).toFixed(2)} million events, ` +
    `${faults} faults, ${operations} client operations`
  )
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0).padStart(5)} s`
}

/** The last line is one object, for whoever runs this as a program. */
function printJson(
  totals: StormTotals,
  coverage: Coverage,
  missing: readonly CoverageName[],
  failure: SeedReport | undefined,
): void {
  const { broken } = failure ?? {}
  const outcome =
    broken === undefined
      ? { caught: false }
      : { caught: true, seed: failure?.seed, check: broken.check, sentence: broken.sentence }
  console.log(JSON.stringify({ ...totals, coverage: coverage.counts, missing, ...outcome }))
}

async function printSummary(
  totals: StormTotals,
  coverage: Coverage,
  missing: readonly CoverageName[],
  failure: FailingStorm | undefined,
  output: string = 'simulation-failures',
): Promise<void> {
  console.log(`\n${describeTotals(totals)}`)
  console.log(`slowest recovery: ${Math.round(100 * totals.slowestRecovery)} % of three maximum election timeouts\n`)
  for (const [name, times] of failure === undefined ? Object.entries(coverage.counts) : []) {
    console.log(`${String(times).padStart(9)}  ${COVERAGE[name as CoverageName]}`)
  }
  for (const name of missing) console.log(`\ntoo rare: ${COVERAGE[name]}`)
  if (failure !== undefined) for (const line of await writeFailure(failure, output, console.log)) console.log(line)
  else if (missing.length === 0) console.log('\nall invariants held')
}
