import { expect, it } from 'vitest'
import { MUTANTS } from './catalogue.mjs'
import { runSuite } from './suites.mjs'
import { withMutant } from './workspaceCopy.mjs'

/** A canary is found within a few seeds; this many would be a wonder to survive. */
const SEEDS = 40
const STALL_MS = 200_000

it(
  'a fault that is planted is found by the storms, another one in each run',
  async () => {
    const canaries = MUTANTS.filter(({ canary }) => canary === true)
    const mutant = canaries[Math.floor(Math.random() * canaries.length)]
    if (mutant === undefined) throw new Error('there is no canary in the catalogue')
    const firstSeed = 1 + Math.floor(Math.random() * 1_000_000)
    const verdict = await withMutant(mutant, (copy) =>
      runSuite(copy, 'storms', { seeds: SEEDS, stallMs: STALL_MS }, firstSeed),
    )
    const found = verdict.isCaught ? `found by ${verdict.check} after ${verdict.seeds} seeds` : 'not found'
    console.log(`canary ${mutant.name} (${mutant.source}), storms from seed ${firstSeed} on: ${found}`)
    expect(verdict, `${mutant.name}: ${mutant.title}`).toMatchObject({ isCaught: true })
    expect(verdict.check).not.toBe('timed out')
  },
  5 * 60_000,
)
