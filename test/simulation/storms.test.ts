import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
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

/** The first seed behind those of the ledger: new whenever it grows, and the same for whoever runs the tests meanwhile. */
function firstSeed(): number {
  const lines = readFileSync(fileURLToPath(new URL('ledger.jsonl', import.meta.url)), 'utf8')
    .trim()
    .split('\n')
  const { seeds } = JSON.parse(lines.at(-1) ?? '{}') as { seeds: string }
  return Number(seeds.split('..')[1]) + 1
}

// Budget: four minutes of one core. With two, `npm run sim -- --seeds` takes half of it.
test(
  `${SEEDS} storms that are not in the ledger yet: every invariant holds after every event, and everything is covered`,
  { timeout: 20 * 60_000 },
  async () => {
    const output = mkdtempSync(join(tmpdir(), 'quorate-storms-'))
    const first = firstSeed()
    const range = `${first}..${first + SEEDS - 1}`
    // One at a time: the other core is for the tests that run beside, some of which look at a clock.
    const args = ['storms', '--seeds', range, '--jobs', '1', '--json', '--output', output]
    const run = new NodeProcess(cli, { args })
    const ending = await run.end()
    const totals = JSON.parse(run.lines.at(-1) ?? '{}') as Totals
    expect(totals, `seeds ${range}: ${ending}`).toMatchObject({ seeds: SEEDS, caught: false, missing: [] })
    expect(totals.events).toBeGreaterThan(EVENTS)
    expect(totals.simulatedMs / 3_600_000).toBeGreaterThan(SIMULATED_HOURS)
    console.log(`seeds ${range}: ${(totals.events / 1e6).toFixed(1)} million events`)
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
