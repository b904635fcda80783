import { ClientBench, type ClientTests, type ClientTransportHarness } from './client/clientBench.ts'
import { endCases } from './client/endCases.ts'
import { leaderCases } from './client/leaderCases.ts'
import { requestCases } from './client/requestCases.ts'
import type { ContractCase } from './contractCase.ts'

/** What the port `ClientTransport` promises, as tests of the transports that the harness brings together. */
export function clientTransportContract(harness: ClientTransportHarness): ContractCase[] {
  const tests: ClientTests = { ...requestCases, ...leaderCases, ...endCases }
  return Object.entries(tests).map(([title, test]) => ({ title, run: () => withBench(harness, test) }))
}

async function withBench(harness: ClientTransportHarness, test: (bench: ClientBench) => Promise<void>): Promise<void> {
  const bench = new ClientBench(harness, await harness.meeting())
  try {
    await test(bench)
    await bench.finish()
  } finally {
    await bench.dispose()
  }
}
