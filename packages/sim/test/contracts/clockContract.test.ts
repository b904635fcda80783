import type { Clock, TimerHandle } from '@quorate/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLoopback, type Loopback } from '../../../../test/contracts/loopback.ts'
import { clockContract, type ClockHarness } from '../../src/contracts/index.ts'
import { BRIEF, expectCaught, expectEachToCatch, patienceFor, titlesOf, type Breakage } from './caught.ts'
import { loopClock } from './loopClock.ts'

const ONCE = 'calls a timer once, in a later turn, when its delay has passed by its own time'
const DUE = 'calls timers in the order in which they are due'
const CLEARED = 'never calls a timer that was cleared'
const CALMLY = 'takes it calmly when a timer is cleared that was cleared or has called back'
const SOON = 'calls back soon, in the order of the calls, never from within them'
const BEHIND_ARRIVALS = 'calls back soon behind what has arrived in the same turn'
const WALL_TIME = 'tells the time since the epoch in whole milliseconds, as entries keep it'

let loopback: Loopback

beforeAll(async () => {
  loopback = await openLoopback(4)
})

afterAll(() => loopback.close())

function clocksLike(changes: Partial<Clock>): ClockHarness {
  return { ...BRIEF, clock: () => ({ ...loopClock, ...changes }), arrive: (callback) => loopback.arrive(callback) }
}

/** Looks at the sockets again from whatever phase it is asked in: behind the end of this turn, and of the next. */
function afterNextPoll(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}

function delayed(change: (delayMs: number) => number): Partial<Clock> {
  return { setTimeout: (callback, delayMs) => setTimeout(callback, change(delayMs)) }
}

/** Handles are the numbers of places, which are used again. */
function withPlaces(): Partial<Clock> {
  const places: (NodeJS.Timeout | undefined)[] = []
  return {
    setTimeout: (callback, delayMs) => {
      const free = places.indexOf(undefined)
      const place = free < 0 ? places.length : free
      places[place] = setTimeout(() => {
        places[place] = undefined
        callback()
      }, delayMs)
      return place
    },
    clearTimeout: (place: TimerHandle) => {
      clearTimeout(places[place as number])
      places[place as number] = undefined
    },
  }
}

function backwards(): Partial<Clock> {
  let count = 0
  return { now: () => performance.now() - (++count % 50 === 0 ? 5 : 0) }
}

/** Callbacks that call for another one are not heard. */
function withoutNesting(): Partial<Clock> {
  let isCalling = false
  const guarded = (callback: () => void) => (): void => {
    isCalling = true
    callback()
    isCalling = false
  }
  return {
    setTimeout: (callback, delayMs) => isCalling || setTimeout(guarded(callback), delayMs),
    soon: (callback) => void (isCalling || setImmediate(guarded(callback))),
  }
}

/** What is asked for within soon comes before what waits. */
function hasty(): Partial<Clock> {
  let isCalling = false
  const guarded = (callback: () => void) => (): void => {
    isCalling = true
    callback()
    isCalling = false
  }
  return { soon: (callback) => (isCalling ? queueMicrotask(callback) : void setImmediate(guarded(callback))) }
}

const within: Clock['soon'] = (callback) => callback()

const broken: readonly Breakage<Partial<Clock>>[] = [
  ['goes back now and then', backwards(), 'never goes back', /now is [\d.]+, and was [\d.]+ before/],
  ['knows no time', { now: () => NaN }, 'never goes back', /now is NaN/],
  ['tells fractions of the time', { wallTime: () => 1_800_000_000_000.5 }, WALL_TIME, /wallTime is 1800000000000\.5/],
  [
    'calls timers too early',
    delayed((delayMs) => delayMs / 2),
    ONCE,
    /a timer of 40 ms called back after|a timer of 7 ms/,
  ],
  [
    'never calls timers of 0',
    { setTimeout: (callback, delayMs) => delayMs > 0 && setTimeout(callback, delayMs) },
    ONCE,
    /0 ms never called/,
  ],
  [
    'calls timers of 0 from within the call',
    { setTimeout: (callback, delayMs) => (delayMs > 0 ? setTimeout(callback, delayMs) : callback()) },
    ONCE,
    /a timer of 0 ms called back from within a call/,
  ],
  [
    'calls timers twice',
    {
      setTimeout: (callback, delayMs) =>
        setTimeout(() => {
          callback()
          callback()
        }, delayMs),
    },
    ONCE,
    /called back more than once/,
  ],
  [
    'calls the last timer first',
    delayed((delayMs) => 40 - delayMs),
    DUE,
    /a timer of 40 ms came before a timer of 10 ms/,
  ],
  [
    'drops a timer that was due before',
    {
      setTimeout: (callback, delayMs) => {
        if (delayMs >= 0) setTimeout(callback, delayMs)
      },
    },
    'takes a timer that was due before it was set',
    /a timer of -5 ms never called back/,
  ],
  ['clears nothing', { clearTimeout: () => {} }, CLEARED, /a cleared timer of 0 ms called back/],
  [
    'clears what is due too late',
    { clearTimeout: (handle) => void setTimeout(() => clearTimeout(handle as NodeJS.Timeout), 10) },
    'never calls a timer that was cleared by another one, due at the same time',
    /a cleared timer called back/,
  ],
  [
    'throws when a timer is cleared twice',
    (() => {
      const cleared = new Set<TimerHandle>()
      const clear: Clock['clearTimeout'] = (handle) => {
        if (cleared.has(handle)) throw new Error('unknown timer')
        cleared.add(handle)
        clearTimeout(handle as NodeJS.Timeout)
      }
      return { clearTimeout: clear }
    })(),
    CALMLY,
    /clearTimeout threw Error: unknown timer/,
  ],
  ['uses handles again', withPlaces(), CALMLY, /a later timer never called back/],
  ['calls back soon from within the call', { soon: within }, SOON, /soon 0 called back from within a call/],
  [
    'calls back soon with the last first',
    (() => {
      const waiting: (() => void)[] = []
      const soon: Clock['soon'] = (callback) => {
        waiting.push(callback)
        setImmediate(() => waiting.pop()?.())
      }
      return { soon }
    })(),
    SOON,
    /the order of the callbacks\[0\] is "soon 49"/,
  ],
  [
    'sets no timer from within a timer',
    withoutNesting(),
    'lets a timer set another one, which comes later',
    /the next timer never called back/,
  ],
  ['knows no soon within a timer', withoutNesting(), 'calls back soon, asked for by a timer', /soon never called back/],
  [
    'puts ahead what is asked for within soon',
    hasty(),
    'calls back what is asked for within soon later, behind what waits',
    /the order of the callbacks/,
  ],
  [
    'calls back soon when some time has passed',
    { soon: (callback) => void setTimeout(callback, 520) },
    'calls back soon before time has passed',
    /a timer of 500 ms called back before soon/,
  ],
  [
    'calls back soon before it looks at what has arrived',
    { soon: (callback) => queueMicrotask(callback) },
    BEHIND_ARRIVALS,
    /soon came before the second arrival/,
  ],
  [
    'calls back from within afterPoll',
    { afterPoll: within },
    'calls back after a poll, never from within the call',
    /after the first poll called back from within a call/,
  ],
  [
    'does not poll for a timer',
    { afterPoll: (callback) => queueMicrotask(callback) },
    'calls a timer back after a poll behind what has arrived',
    /after the poll came before the arrival/,
  ],
  [
    'does not poll for soon',
    { afterPoll: (callback) => process.nextTick(callback) },
    'calls soon back after a poll behind what has arrived',
    /after the poll came before the arrival/,
  ],
  [
    'does not poll again for an arrival',
    { afterPoll: (callback) => void setImmediate(callback) },
    'calls an arrival back after a poll behind what has arrived',
    /after the poll came before the arrival/,
  ],
]

describe('a sound clock', () => {
  for (const { title, run } of clockContract(clocksLike({ afterPoll: afterNextPoll }))) it(title, run)
})

describe('a clock is caught that', () => {
  it.each(broken)('%s', async (_, changes, title, message) => {
    const harness = { ...clocksLike({ afterPoll: afterNextPoll, ...changes }), ...patienceFor(message) }
    await expectCaught(clockContract(harness), title, message)
  })
})

it('is not asked about arrivals where the harness lets nothing arrive', () => {
  const titles = titlesOf(clockContract({ ...BRIEF, clock: () => loopClock }))
  expect(titles).toContain(SOON)
  expect(titles).not.toContain(BEHIND_ARRIVALS)
})

it('has no case that catches nothing', () => expectEachToCatch(clockContract(clocksLike({})), broken))
