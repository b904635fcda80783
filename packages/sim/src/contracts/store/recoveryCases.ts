import { LOG_START } from '@quorate/core'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame, shown } from '../difference.ts'
import { everyEntry, sampleCommand, sampleCommands, sampleConfiguration } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import { StoreBench, type StoreTests } from './storeBench.ts'
import { StoreModel } from './storeModel.ts'

/** What a store tells of itself and of its groups. */
export const recoveryCases: StoreTests = {
  'has an identity that no other store has': async (bench) => {
    const other = await StoreBench.open(bench.harness)
    const [own, others] = [bench.store.identity, other.store.identity]
    await other.dispose()
    if (typeof own !== 'string' || own === '') throw new ContractBrokenError(`the identity of a store is ${shown(own)}`)
    if (own === others) throw new ContractBrokenError(`two stores that were made apart have the identity ${own} both`)
    assertSame('the identity of a store asked for a second time', own, bench.store.identity)
  },

  'holds no group at first': async ({ store }) => {
    assertSame('groups', [], [...store.groups])
    assertSame('what is recovered of a group that was never written', undefined, store.recover('orders'))
  },

  'recovers hard state, last index, term starts, last time and configurations': async (bench) => {
    const model = new StoreModel()
    const batch = [groupWrite('orders', { hardState: { currentTerm: 2 ** 52, votedFor: 'n2' }, entries: everyEntry() })]
    model.write(batch)
    await bench.write(...batch)
    bench.assertRecovers(model)
  },

  'recovers of a group of which it was told the hard state alone an empty log': async (bench) => {
    const hardState = { currentTerm: 7, votedFor: 'n1' }
    await bench.write(groupWrite('orders', { hardState }))
    const log = { lastIndex: 0, termStarts: [], lastTime: 0, configurations: [] }
    const blank = { hardState, snapshot: undefined, logStartsAfter: LOG_START, ...log }
    assertSame('what is recovered', blank, bench.store.recover('orders'))
  },

  'recovers term 0 and no vote of a group of which it was told entries alone': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 2, 3) }))
    const hardState = { currentTerm: 0, votedFor: undefined }
    assertSame('the hard state that is recovered', hardState, bench.store.recover('orders')?.hardState)
  },

  'forgets the vote of a term that is over': async (bench) => {
    await bench.write(groupWrite('orders', { hardState: { currentTerm: 4, votedFor: 'n1' } }))
    await bench.write(groupWrite('orders', { hardState: { currentTerm: 5, votedFor: undefined } }))
    const hardState = { currentTerm: 5, votedFor: undefined }
    assertSame('the hard state that is recovered', hardState, bench.store.recover('orders')?.hardState)
  },

  'lists the groups that were written, and recovers nothing of others': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 1, 1) }))
    await bench.write(groupWrite('stock', { hardState: { currentTerm: 1, votedFor: undefined } }))
    assertSame('groups', ['orders', 'stock'], [...bench.store.groups].sort())
    assertSame('what is recovered of a group that was never written', undefined, bench.store.recover('order'))
  },

  'forgets the configurations and term starts that a truncation takes away': async (bench) => {
    const model = new StoreModel()
    const entries = [
      sampleConfiguration(1, 1),
      ...sampleCommands(2, 3, 2),
      sampleConfiguration(4, 6),
      sampleCommand(5, 6),
    ]
    for (const part of [{ entries }, { truncateAfter: 3, entries: [sampleCommand(4, 9)] }]) {
      model.write([groupWrite('orders', part)])
      await bench.write(groupWrite('orders', part))
    }
    bench.assertRecovers(model)
  },

  'recovers behind a truncation a time that no entry is above': async (bench) => {
    const entries = sampleCommands(1, 5, 1)
    await bench.write(groupWrite('orders', { entries }))
    await bench.write(groupWrite('orders', { truncateAfter: 2 }))
    const recovered = bench.store.recover('orders')
    assertSame('the last index that is recovered behind a truncation', 2, recovered?.lastIndex)
    const [lowest = 0, highest = 0, found = -1] = [entries[1]?.time, entries[4]?.time, recovered?.lastTime]
    if (found < lowest || found > highest) {
      throw new ContractBrokenError(`the last time behind a truncation is ${found}, not ${lowest} to ${highest}`)
    }
  },
}

/** What a store that was opened again tells of itself and of its groups. */
export const lastingRecoveryCases: StoreTests = {
  'keeps its identity when it is opened again': async (bench) => {
    const { identity } = bench.store
    await bench.reopen()
    assertSame('the identity of a store that was opened again', identity, bench.store.identity)
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 3, 1) }))
    await bench.reopen()
    assertSame('the identity of a store that was opened again', identity, bench.store.identity)
  },

  'holds, opened again, exactly what was written': async (bench) => {
    const model = new StoreModel()
    const batches = [
      [groupWrite('orders', { hardState: { currentTerm: 5, votedFor: 'n2' }, entries: everyEntry() })],
      [groupWrite('stock', { entries: sampleCommands(1, 9, 2) }), groupWrite('orders', { truncateAfter: 9 })],
      [groupWrite('stock', { truncateAfter: 4, entries: sampleCommands(5, 6, 3) })],
    ]
    for (const batch of batches) {
      model.write(batch)
      await bench.write(...batch)
      await bench.reopen()
      await bench.assertHolds(model)
    }
  },

  'goes on, opened again, behind what it holds': async (bench) => {
    const model = new StoreModel()
    for (let index = 1; index <= 5; index++) {
      const hardState = { currentTerm: index, votedFor: index % 2 === 0 ? 'n1' : undefined }
      const batch = [groupWrite('orders', { hardState, entries: [sampleCommand(index, index)] })]
      model.write(batch)
      await bench.write(...batch)
      await bench.reopen()
    }
    await bench.assertHolds(model)
  },

  'recovers, opened again, the highest time that a truncation left': async (bench) => {
    const entries = sampleCommands(1, 5, 1)
    await bench.write(groupWrite('orders', { entries }))
    await bench.write(groupWrite('orders', { truncateAfter: 2 }))
    await bench.reopen()
    assertSame('the last time that is recovered', entries[1]?.time, bench.store.recover('orders')?.lastTime)
  },
}
