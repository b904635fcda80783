import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame } from '../difference.ts'
import { sampleCommand, sampleCommands } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import type { StoreBench, StoreTests } from './storeBench.ts'
import { StoreModel } from './storeModel.ts'

const WRITES = 20

/** How a store ends. */
export const closeCases: StoreTests = {
  'calls back what was handed in before it says that it is closed': async (bench) => {
    const { writes } = handIn(bench)
    const close = bench.beginClose()
    await bench.succeeded(close)
    for (const write of writes) await bench.succeeded(write)
    await bench.finish()
    assertSame('the last callback', 'close', bench.callbacks.order.at(-1))
  },

  'closes when nothing was ever asked of it': async (bench) => {
    await bench.succeeded(bench.beginClose())
  },
}

/** How a store ends that can be opened again. */
export const lastingCloseCases: StoreTests = {
  'flushes at its close what was handed in': async (bench) => {
    const { model } = handIn(bench)
    await bench.succeeded(bench.beginClose())
    await bench.reopen()
    await bench.assertHolds(model)
  },
}

/** How a closed store answers. */
export const closedCases: StoreTests = {
  'answers a write after its close with a failure': async (bench) => {
    await closeWithEntries(bench)
    const [failure] = await bench.callbacks.valuesOf(
      bench.beginWrite([groupWrite('orders', { entries: [sampleCommand(4, 1)] })]),
    )
    if (failure === undefined) throw new ContractBrokenError('a write to a closed store was reported as flushed')
  },

  'answers a read after its close with a failure': async (bench) => {
    await closeWithEntries(bench)
    const [failure, entries] = await bench.callbacks.valuesOf(bench.beginRead('orders', 0, 3))
    if (failure !== undefined) return
    throw new ContractBrokenError(
      `a read of a closed store was answered with ${entries.length} entries, and no failure`,
    )
  },
}

/** How a store answers that goes on after its close. */
export const goingOnCases: StoreTests = {
  'goes on after its close as before': async (bench) => {
    await closeWithEntries(bench)
    await bench.write(groupWrite('orders', { entries: [sampleCommand(4, 1)] }))
    assertSame('the log', sampleCommands(1, 4, 1), await bench.read('orders', 0, 4))
  },
}

async function closeWithEntries(bench: StoreBench): Promise<void> {
  await bench.write(groupWrite('orders', { entries: sampleCommands(1, 3, 1) }))
  await bench.succeeded(bench.beginClose())
}

/** Many writes that nobody waits for. */
function handIn(bench: StoreBench): { model: StoreModel; writes: ReturnType<StoreBench['beginWrite']>[] } {
  const model = new StoreModel()
  const writes = Array.from({ length: WRITES }, (_, place) => {
    const hardState = { currentTerm: place + 1, votedFor: 'n1' }
    const entries = [sampleCommand(place + 1, place + 1, new Uint8Array(1_000))]
    const batch = [groupWrite('orders', { hardState, entries }), groupWrite(`group-${place}`, { hardState })]
    model.write(batch)
    return bench.beginWrite(batch)
  })
  return { model, writes }
}
