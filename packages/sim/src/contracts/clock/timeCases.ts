import { ContractBrokenError } from '../contractBrokenError.ts'
import type { ClockTests } from './clockBench.ts'

/** Clocks count in milliseconds, some of them in whole ones. */
const RESOLUTION_MS = 1

/** What time it is, and timers. */
export const timeCases: ClockTests = {
  'never goes back': async ({ clock, waiting }) => {
    let lastMs = clock.now()
    if (!Number.isFinite(lastMs)) throw new ContractBrokenError(`now is ${lastMs}`)
    const look = (): void => {
      const nowMs = clock.now()
      if (!(nowMs >= lastMs)) throw new ContractBrokenError(`now is ${nowMs}, and was ${lastMs} before`)
      lastMs = nowMs
    }
    await waiting.quiet(() => {
      for (let count = 0; count < 100; count++) look()
    })
  },

  'tells the time since the epoch in whole milliseconds, as entries keep it': async ({ clock }) => {
    const wallTime = clock.wallTime()
    if (Number.isSafeInteger(wallTime) && wallTime >= 0) return
    throw new ContractBrokenError(`wallTime is ${wallTime}: not a whole number of milliseconds since the epoch`)
  },

  'calls a timer once, in a later turn, when its delay has passed by its own time': async (bench) => {
    const { clock } = bench
    for (const delayMs of [0, 1, 7, 40]) {
      const startMs = clock.now()
      bench.setTimeout(`a timer of ${delayMs} ms`, delayMs, () => {
        const passedMs = clock.now() - startMs
        if (passedMs <= delayMs - RESOLUTION_MS) bench.fail(`a timer of ${delayMs} ms called back after ${passedMs} ms`)
      })
      await bench.until(`a timer of ${delayMs} ms`)
    }
  },

  'calls timers in the order in which they are due': async (bench) => {
    // By the clock: a process that was held up between two of the calls has set them so far apart.
    const timers = [40, 10, 25, 0].map((delayMs) => {
      const name = `a timer of ${delayMs} ms`
      const dueMs = bench.clock.now() + delayMs
      bench.setTimeout(name, delayMs)
      return { name, dueMs }
    })
    await bench.until(...timers.map(({ name }) => name))
    for (const earlier of timers) {
      for (const later of timers) {
        if (later.dueMs - earlier.dueMs > 2 * RESOLUTION_MS) bench.assertBefore(earlier.name, later.name)
      }
    }
  },

  'takes a timer that was due before it was set': async (bench) => {
    bench.setTimeout('a timer of -5 ms', -5)
    await bench.until('a timer of -5 ms')
  },

  'never calls a timer that was cleared': async (bench) => {
    const cleared = [0, 5, 10].map((delayMs) => bench.setTimeout(`a cleared timer of ${delayMs} ms`, delayMs))
    for (const handle of cleared) bench.clearTimeout(handle)
    bench.setTimeout('a timer of 20 ms', 20)
    await bench.until('a timer of 20 ms')
    await bench.waiting.quiet()
    const called = bench.events.find((name) => name.startsWith('a cleared timer'))
    if (called !== undefined) throw new ContractBrokenError(`${called} called back`)
  },

  'never calls a timer that was cleared by another one, due at the same time': async (bench) => {
    const handles: unknown[] = []
    bench.setTimeout('the first timer', 5, () => bench.clearTimeout(handles[0]))
    handles.push(bench.setTimeout('a cleared timer', 5))
    await bench.until('the first timer')
    await bench.waiting.quiet()
    if (bench.events.includes('a cleared timer')) throw new ContractBrokenError('a cleared timer called back')
  },

  'takes it calmly when a timer is cleared that was cleared or has called back': async (bench) => {
    const handles: unknown[] = []
    const cleared = bench.setTimeout('a cleared timer', 5)
    handles.push(bench.setTimeout('a timer that clears itself', 0, () => bench.clearTimeout(handles[0])))
    bench.clearTimeout(cleared)
    bench.clearTimeout(cleared)
    await bench.until('a timer that clears itself')
    bench.setTimeout('a later timer', 5)
    // A handle that was used again would take the later timer along.
    for (const handle of [cleared, handles[0], cleared]) bench.clearTimeout(handle)
    await bench.until('a later timer')
    if (bench.events.includes('a cleared timer')) throw new ContractBrokenError('a cleared timer called back')
  },

  'lets a timer set another one, which comes later': async (bench) => {
    bench.setTimeout('a timer', 5, () => bench.setTimeout('the next timer', 0))
    await bench.until('a timer', 'the next timer')
  },
}
