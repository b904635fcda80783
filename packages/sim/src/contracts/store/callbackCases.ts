import type { Called } from '../callbacks.ts'
import { assertSame } from '../difference.ts'
import { sampleCommand, sampleCommands } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import type { StoreTests } from './storeBench.ts'

const CALLS = 60

/** When and how often a store calls back. Its other cases hold it to "once, and never from within a call" as well. */
export const callbackCases: StoreTests = {
  'calls back each write once, in a later turn, in the order of the calls': async (bench) => {
    const writes: Called[] = []
    for (let index = 1; index <= CALLS; index++) {
      // Of changing size, and some of them handed over while others are on their way.
      const data = new Uint8Array(index % 7 === 0 ? 40_000 : 10)
      writes.push(bench.beginWrite([groupWrite('orders', { entries: [sampleCommand(index, 1, data)] })]))
      if (index % 20 === 0) await bench.waiting.settle()
    }
    await bench.finish()
    assertSame('the order of the callbacks', namesOf(writes), bench.callbacks.order)
  },

  'calls back each read once, in a later turn, in the order of the calls': async (bench) => {
    await bench.write(groupWrite('orders', { entries: sampleCommands(1, 50, 1) }))
    const [large, small] = [sampleCommand(51, 1, new Uint8Array(300_000)), sampleCommand(52, 1)]
    await bench.write(groupWrite('orders', { entries: [large, small] }))
    const before = bench.callbacks.order.length
    const reads = Array.from({ length: CALLS }, (_, place) => {
      if (place % 5 === 4) return bench.beginRead('orders', 7, 7)
      return place % 2 === 0 ? bench.beginRead('orders', 0, 52) : bench.beginRead('orders', 51, 52)
    })
    await bench.finish()
    assertSame('the order of the callbacks', namesOf(reads), bench.callbacks.order.slice(before))
  },

  'has flushed a write when it calls back: the entries can be read from within the callback': async (bench) => {
    const reads: Called[] = []
    for (let index = 1; index <= 5; index++) {
      bench.beginWrite([groupWrite('orders', { entries: [sampleCommand(index, 1)] })], () => {
        reads.push(bench.beginRead('orders', index - 1, index))
      })
    }
    await bench.finish()
    const found = reads.map((read) => read.values)
    const expected = reads.map((_, place) => [undefined, [sampleCommand(place + 1, 1)]])
    assertSame('what was read from within the callbacks', expected, found)
  },

  'takes a write from within a callback, behind those that wait': async (bench) => {
    const nested: Called[] = []
    const first = bench.beginWrite([groupWrite('orders', { entries: [sampleCommand(1, 1)] })], () => {
      nested.push(bench.beginWrite([groupWrite('orders', { entries: [sampleCommand(3, 1)] })]))
    })
    const second = bench.beginWrite([groupWrite('orders', { entries: [sampleCommand(2, 1)] })])
    await bench.callbacks.valuesOf(second)
    await bench.finish()
    assertSame('the order of the callbacks', namesOf([first, second, ...nested]), bench.callbacks.order)
    assertSame('the log', sampleCommands(1, 3, 1), await bench.read('orders', 0, 3))
  },
}

function namesOf(expected: readonly Called[]): string[] {
  return expected.map(({ name }) => name)
}
