import { SimRandom } from '../random.ts'
import type { ContractCase } from './contractCase.ts'
import { callbackCases } from './store/callbackCases.ts'
import { closeCases, closedCases, goingOnCases, lastingCloseCases } from './store/closeCases.ts'
import { readCases } from './store/readCases.ts'
import { lastingRecoveryCases, recoveryCases } from './store/recoveryCases.ts'
import { closedSnapshotCases, lastingSnapshotCases, snapshotCases } from './store/snapshotCases.ts'
import { StoreBench, type StoreHarness, type StoreTests } from './store/storeBench.ts'
import { StoreHistory } from './store/storeHistory.ts'
import { writeCases } from './store/writeCases.ts'

const SEEDS = [1, 2, 3]
const BATCHES = 80

/** What the port `Store` promises, as tests of the stores that the harness opens. */
export function storeContract(harness: StoreHarness): ContractCase[] {
  const { isLasting = true, servesAfterClose = false } = harness
  const tests: StoreTests = {
    ...recoveryCases,
    ...writeCases,
    ...callbackCases,
    ...readCases,
    ...snapshotCases,
    ...closeCases,
    ...(servesAfterClose ? goingOnCases : { ...closedCases, ...closedSnapshotCases }),
    ...(isLasting ? { ...lastingRecoveryCases, ...lastingSnapshotCases, ...lastingCloseCases } : {}),
    ...historyCases(isLasting),
  }
  return Object.entries(tests).map(([title, test]) => ({ title, run: () => withBench(harness, test) }))
}

/** Random histories, each the same on every machine, beside a plain model. */
function historyCases(isLasting: boolean): StoreTests {
  return Object.fromEntries(
    SEEDS.map((seed) => [
      `equals a plain model after each of ${BATCHES} random batches (seed ${seed})`,
      (bench: StoreBench) => followHistory(bench, seed, isLasting),
    ]),
  )
}

async function followHistory(bench: StoreBench, seed: number, isLasting: boolean): Promise<void> {
  const random = new SimRandom(seed)
  const history = new StoreHistory(random.fork())
  for (let step = 1; step <= BATCHES; step++) {
    await bench.write(...(await history.next((...wanted) => bench.storeSnapshot(...wanted))))
    bench.assertRecovers(history.model)
    if (isLasting && random.happens(0.1)) await bench.reopen()
    if (random.happens(0.2) || step === BATCHES) await bench.assertHolds(history.model)
  }
}

async function withBench(harness: StoreHarness, test: (bench: StoreBench) => Promise<void>): Promise<void> {
  const bench = await StoreBench.open(harness)
  try {
    await test(bench)
    await bench.finish()
  } finally {
    await bench.dispose()
  }
}
