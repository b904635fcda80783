import { describe, expect, it } from 'vitest'
import { Timers } from '../src/driver/timers.ts'
import { TestClock } from './world/testClock.ts'
import { TestRandom } from './world/testRandom.ts'

describe('the timers of a node', () => {
  it('fire in the order of their time, those of one moment in the order they were set, over one timer of the clock', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    const random = new TestRandom(3)
    const fired: number[] = []
    const delays = Array.from({ length: 500 }, () => random.below(100))
    const set = delays.map((delay, n) => timers.setTimeout(() => fired.push(n), delay))
    const cleared = set.filter((_, n) => n % 7 === 0)
    for (const timer of cleared) timers.clearTimeout(timer)
    expect(clock.timers).toBe(1)
    clock.run(1000)
    const expected = delays
      .map((delay, n) => ({ delay, n }))
      .filter(({ n }) => n % 7 !== 0)
      .sort((a, b) => a.delay - b.delay || a.n - b.n)
      .map(({ n }) => n)
    expect(fired).toEqual(expected)
    expect(clock.timers).toBe(0)
  })

  it('an earlier one moves the alarm forward; one that is set anew while they fire waits its time', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    const fired: string[] = []
    timers.setTimeout(() => fired.push(`late ${clock.now()}`), 100)
    timers.setTimeout(() => {
      fired.push(`early ${clock.now()}`)
      timers.setTimeout(() => fired.push(`again ${clock.now()}`), 0)
      timers.setTimeout(() => fired.push(`then ${clock.now()}`), 20)
    }, 10)
    clock.run(200)
    expect(fired).toEqual(['early 10', 'again 10', 'then 30', 'late 100'])
  })

  it('one whose callback throws takes no other with it: neither those due with it nor those to come', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    const fired: string[] = []
    timers.setTimeout(() => {
      throw new Error('the callback is broken')
    }, 10)
    timers.setTimeout(() => fired.push(`with it ${clock.now()}`), 10)
    timers.setTimeout(() => fired.push(`later ${clock.now()}`), 30)
    expect(() => clock.run(200)).toThrow('the callback is broken')
    clock.run(200)
    expect(fired).toEqual(['with it 10', 'later 30'])
  })

  it('closed, fire no more', () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    timers.setTimeout(() => expect.fail('it fired'), 10)
    timers.close()
    clock.run(100)
    expect(clock.timers).toBe(0)
  })
})
