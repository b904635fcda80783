import { describe, expect, it } from 'vitest'
import { Storm, type StormOptions } from './world/storm.ts'

function ride(options: StormOptions, events: number): Storm {
  const storm = new Storm(options)
  try {
    for (let event = 0; event < events; event++) storm.step()
    storm.calm()
  } catch (error) {
    throw new Error(`seed ${options.seed} with ${options.servers} servers: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return storm
}

describe('Figure 3: “Raft guarantees that each of these properties is true at all times”', () => {
  it.each([
    { servers: 3, seeds: 120, events: 2000, disksBreak: false },
    { servers: 3, seeds: 40, events: 2000, disksBreak: true },
    { servers: 5, seeds: 80, events: 2500, disksBreak: false },
  ])(
    'in $seeds storms of $events events over $servers servers, breaking disks: $disksBreak',
    (storms) => {
      const { servers, seeds, events, disksBreak } = storms
      const sums = { leaders: 0, truncations: 0, committed: 0, applied: 0, crashesAsLeader: 0 }
      for (let seed = 1; seed <= seeds; seed++) {
        const { counts } = ride({ servers, seed, disksBreak }, events).invariants
        for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name]
      }
      // A storm in which nothing happens finds nothing.
      expect(sums.leaders).toBeGreaterThan(3 * seeds)
      expect(sums.truncations).toBeGreaterThan(seeds / 2)
      expect(sums.committed).toBeGreaterThan(20 * seeds)
      expect(sums.crashesAsLeader).toBeGreaterThan(seeds / 2)
    },
    120_000,
  )
})
