import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame } from '../difference.ts'
import type { ClockBench, ClockTests } from './clockBench.ts'

/** The turns of an event loop. */
export const turnCases: ClockTests = {
  'calls back soon, in the order of the calls, never from within them': async (bench) => {
    const names = Array.from({ length: 50 }, (_, place) => `soon ${place}`)
    for (const name of names) bench.soon(name)
    await bench.until(...names)
    assertSame('the order of the callbacks', names, bench.events)
  },

  'calls back what is asked for within soon later, behind what waits': async (bench) => {
    bench.soon('soon 1', () => bench.soon('soon within soon'))
    bench.soon('soon 2')
    await bench.until('soon 1', 'soon 2', 'soon within soon')
    assertSame('the order of the callbacks', ['soon 1', 'soon 2', 'soon within soon'], bench.events)
  },

  'calls back soon before time has passed': async (bench) => {
    let isEarly = false
    const timer = bench.setTimeout('a timer of 500 ms', 500, () => {
      isEarly = !bench.events.includes('soon')
    })
    bench.soon('soon')
    await bench.until('soon')
    bench.clearTimeout(timer)
    if (isEarly) throw new ContractBrokenError('a timer of 500 ms called back before soon, which was asked for with it')
  },

  'calls back soon, asked for by a timer': async (bench) => {
    bench.setTimeout('a timer', 5, () => bench.soon('soon'))
    await bench.until('a timer', 'soon')
  },

  'calls back after a poll, never from within the call': async (bench) => {
    bench.afterPoll('after the first poll', () => bench.afterPoll('after the second poll'))
    bench.setTimeout('a timer', 5, () => bench.afterPoll('after a poll for the timer'))
    bench.soon('soon', () => bench.afterPoll('after a poll for soon'))
    await bench.until('after the second poll', 'after a poll for the timer', 'after a poll for soon')
  },
}

/** The turns of an event loop at which something arrives. */
export const arrivalCases: ClockTests = {
  'calls back soon behind what has arrived in the same turn': async (bench) => {
    bench.arrive('the first arrival', () => bench.soon('soon'))
    bench.arrive('the second arrival')
    await bench.until('the first arrival', 'the second arrival', 'soon')
    bench.assertBefore('the second arrival', 'soon')
  },

  'calls a timer back after a poll behind what has arrived': async (bench) => {
    bench.setTimeout('a timer', 5, () => pollBehindArrival(bench))
    await assertPolled(bench)
  },

  'calls soon back after a poll behind what has arrived': async (bench) => {
    bench.soon('soon', () => pollBehindArrival(bench))
    await assertPolled(bench)
  },

  'calls an arrival back after a poll behind what has arrived': async (bench) => {
    bench.arrive('an earlier arrival', () => pollBehindArrival(bench))
    await assertPolled(bench)
  },
}

function pollBehindArrival(bench: ClockBench): void {
  bench.arrive('the arrival')
  bench.afterPoll('after the poll')
}

async function assertPolled(bench: ClockBench): Promise<void> {
  await bench.until('the arrival', 'after the poll')
  bench.assertBefore('the arrival', 'after the poll')
}
