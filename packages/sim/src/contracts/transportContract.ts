import type { ContractCase } from './contractCase.ts'
import { connectionCases } from './transport/connectionCases.ts'
import { packetCases } from './transport/packetCases.ts'
import { TransportBench, type TransportHarness, type TransportTests } from './transport/transportBench.ts'

/**
 * What the port `Transport` promises, as tests of the transports that the harness joins. Packets may be lost, doubled,
 * late and in any order, and an AppendEntries in parts: what must arrive is sent until it does, and whatever arrives must
 * have been sent.
 */
export function transportContract(harness: TransportHarness): ContractCase[] {
  const tests: TransportTests = { ...connectionCases, ...packetCases }
  return Object.entries(tests).map(([title, test]) => ({ title, run: () => withBench(harness, test) }))
}

async function withBench(harness: TransportHarness, test: (bench: TransportBench) => Promise<void>): Promise<void> {
  const bench = new TransportBench(harness, await harness.meeting())
  try {
    await test(bench)
    await bench.finish()
  } finally {
    await bench.dispose()
  }
}
