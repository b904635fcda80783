import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readStormFile, runSeed } from '@quorate/sim'
import { describe, expect, it, test } from 'vitest'
import { NodeProcess } from '../setup/nodeProcess.ts'

const cli = fileURLToPath(new URL('../../packages/sim/dist/cli.js', import.meta.url))
const past = fileURLToPath(new URL('past-failures', import.meta.url))

const SEEDS = 300
const EVENTS = 5_000_000
const SIMULATED_HOURS = 3

interface Totals {
  readonly seeds: number
  readonly events: number
  readonly simulatedMs: number
  readonly missing: readonly string[]
  readonly caught: boolean
}

/** Other storms for each commit, and the same for whoever tests that commit again. */
function freshSeeds(): string {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' })
  const first = Number.parseInt(commit.slice(0, 10), 16)
  return `${first}..${first + SEEDS - 1}`
}

// Budget: two minutes of two cores. The test runs alone, so that all of them are there.
test(
  `${SEEDS} storms that no commit has seen: every invariant holds after every event, and everything is covered`,
  { timeout: 20 * 60_000 },
  async () => {
    const output = mkdtempSync(join(tmpdir(), 'quorate-storms-'))
    const seeds = freshSeeds()
    const startedAtMs = performance.now()
    const run = new NodeProcess(cli, { args: ['storms', '--seeds', seeds, '--json', '--output', output] })
    const ending = await run.end()
    const totals = JSON.parse(run.lines.at(-1) ?? '{}') as Totals
    expect(totals, `seeds ${seeds}: ${ending}`).toMatchObject({ seeds: SEEDS, caught: false, missing: [] })
    expect(totals.events).toBeGreaterThan(EVENTS)
    expect(totals.simulatedMs / 3_600_000).toBeGreaterThan(SIMULATED_HOURS)
    const tookSeconds = Math.round((performance.now() - startedAtMs) / 1000)
    console.log(`seeds ${seeds}: ${(totals.events / 1e6).toFixed(1)} million events in ${tookSeconds} s`)
    rmSync(output, { recursive: true })
  },
)

describe('a storm that once broke something', () => {
  const files = readdirSync(past).filter((name) => name.endsWith('.json'))

  it.each(files)('breaks nothing any more: %s', { timeout: 60_000 }, async (file) => {
    const { seed, limits } = readStormFile(join(past, file))
    expect((await runSeed(seed, limits)).broken).toBeUndefined()
  })
})
