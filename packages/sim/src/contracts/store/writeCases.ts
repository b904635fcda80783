import type { GroupWrite } from '@quorate/core'
import { assertSame } from '../difference.ts'
import { sampleCommand, sampleCommands, sampleConfiguration } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import type { StoreBench, StoreTests } from './storeBench.ts'
import { StoreModel } from './storeModel.ts'

const MANY_GROUPS = 300

/** What a write does. */
export const writeCases: StoreTests = {
  'sets hard state, truncates and appends in one write, in this order': async (bench) => {
    const first = { hardState: { currentTerm: 1, votedFor: 'n1' }, entries: sampleCommands(1, 5, 1) }
    const second = {
      hardState: { currentTerm: 3, votedFor: 'n2' },
      truncateAfter: 2,
      entries: [sampleConfiguration(3, 3), sampleCommand(4, 3)],
    }
    await bench.write(groupWrite('orders', first))
    await holdsAfter(bench, [[groupWrite('orders', first)]], [groupWrite('orders', second)])
  },

  'leaves alone what a write does not name': async (bench) => {
    const first = { hardState: { currentTerm: 2, votedFor: 'n1' }, entries: sampleCommands(1, 3, 2) }
    await bench.write(groupWrite('orders', first))
    const others = [
      groupWrite('orders', { entries: [sampleCommand(4, 2)] }),
      groupWrite('orders', { hardState: { currentTerm: 3, votedFor: undefined } }),
      groupWrite('orders', { truncateAfter: 3, entries: [sampleCommand(4, 3)] }),
    ]
    const taken = [[groupWrite('orders', first)]]
    for (const write of others) {
      await holdsAfter(bench, taken, [write])
      taken.push([write])
    }
  },

  'truncates a whole log, and takes another in its place': async (bench) => {
    const first = groupWrite('orders', { entries: sampleCommands(1, 4, 1) })
    const second = groupWrite('orders', { truncateAfter: 0, entries: sampleCommands(1, 2, 8) })
    await bench.write(first)
    await holdsAfter(bench, [[first]], [second])
  },

  'removes nothing by a truncation behind the end of the log': async (bench) => {
    const first = groupWrite('orders', { entries: sampleCommands(1, 3, 1) })
    await bench.write(first)
    await bench.write(groupWrite('orders', { truncateAfter: 3 }))
    await bench.write(groupWrite('orders', { truncateAfter: 5 }))
    await holdsAfter(bench, [[first]], [groupWrite('orders', { entries: [sampleCommand(4, 1)] })])
  },

  'writes in one batch what several groups changed, to each its own': async (bench) => {
    const first = [
      groupWrite('orders', { hardState: { currentTerm: 1, votedFor: 'n1' }, entries: sampleCommands(1, 3, 1) }),
      groupWrite('stock', { hardState: { currentTerm: 9, votedFor: undefined }, entries: sampleCommands(1, 2, 9) }),
      groupWrite('users', { hardState: { currentTerm: 4, votedFor: 'n3' } }),
    ]
    const second = [
      groupWrite('stock', { truncateAfter: 1, entries: [sampleCommand(2, 11)] }),
      groupWrite('users', { entries: sampleCommands(1, 1, 4) }),
      groupWrite('orders', { entries: [sampleCommand(4, 1)] }),
    ]
    await bench.write(...first)
    await holdsAfter(bench, [first], second)
  },

  'takes a batch of many groups': async (bench) => {
    const model = new StoreModel()
    for (let index = 1; index <= 3; index++) {
      const batch = Array.from({ length: MANY_GROUPS }, (_, number) => {
        const hardState = { currentTerm: index, votedFor: `n${number % 5}` }
        return groupWrite(`group-${number}`, { hardState, entries: [sampleCommand(index, index)] })
      })
      model.write(batch)
      await bench.write(...batch)
    }
    await bench.assertHolds(model)
  },

  'takes a batch without groups': async (bench) => {
    await bench.write()
    assertSame('groups', [], [...bench.store.groups])
  },

  'performs writes that wait together in the order of the calls': async (bench) => {
    const model = new StoreModel()
    const writes: GroupWrite[] = [
      groupWrite('orders', { hardState: { currentTerm: 1, votedFor: 'n1' }, entries: sampleCommands(1, 4, 1) }),
      groupWrite('orders', { truncateAfter: 2, entries: sampleCommands(3, 6, 2) }),
      groupWrite('orders', { hardState: { currentTerm: 2, votedFor: undefined }, entries: [sampleCommand(7, 2)] }),
      groupWrite('orders', { truncateAfter: 4 }),
      groupWrite('orders', { hardState: { currentTerm: 3, votedFor: 'n2' }, entries: [sampleCommand(5, 3)] }),
    ]
    const begun = writes.map((write) => {
      model.write([write])
      return bench.beginWrite([write])
    })
    for (const write of begun) await bench.succeeded(write)
    await bench.assertHolds(model)
  },
}

/** Writes `batch`, and looks whether the store then holds what it must. */
async function holdsAfter(bench: StoreBench, taken: readonly GroupWrite[][], batch: GroupWrite[]): Promise<void> {
  const model = new StoreModel()
  for (const before of [...taken, batch]) model.write(before)
  await bench.write(...batch)
  await bench.assertHolds(model)
}
