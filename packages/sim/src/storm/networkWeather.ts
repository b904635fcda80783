import type { SimRandom } from '../random.ts'
import type { NetworkConditions } from '../world/simNetwork.ts'

/** What a network is like for a while: from one that loses nothing to one that loses a tenth. */
export function drawNetwork(random: SimRandom): NetworkConditions {
  const low = random.pick([0.1, 0.3, 1, 5])
  return {
    delayMs: [low, low * random.pick([1.5, 4, 12])],
    reorders: random.happens(0.5),
    lossProbability: random.pick([0, 0, 0.001, 0.02, 0.1]),
    copyProbability: random.pick([0, 0, 0.01, 0.1]),
    lateProbability: random.pick([0, 0.0005, 0.005]),
    lateMs: [500, random.pick([3_000, 60_000, 300_000])],
    splits: random.happens(0.4),
  }
}
