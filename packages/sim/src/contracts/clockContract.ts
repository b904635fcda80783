import { ClockBench, type ClockHarness, type ClockTests } from './clock/clockBench.ts'
import { timeCases } from './clock/timeCases.ts'
import { arrivalCases, turnCases } from './clock/turnCases.ts'
import type { ContractCase } from './contractCase.ts'

/** What the port `Clock` promises, as tests of the clock of the harness. */
export function clockContract(harness: ClockHarness): ContractCase[] {
  const tests: ClockTests = {
    ...timeCases,
    ...turnCases,
    ...(harness.arrive === undefined ? {} : arrivalCases),
  }
  return Object.entries(tests).map(([title, test]) => ({
    title,
    run: async () => {
      const bench = new ClockBench(harness)
      await test(bench)
      await bench.finish()
    },
  }))
}
