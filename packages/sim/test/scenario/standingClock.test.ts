import { describe, expect, it } from 'vitest'
import { SimRandom } from '@quorate/sim'
import { EventQueue } from '../../src/world/eventQueue.ts'
import { SimProcess } from '../../src/world/simProcess.ts'

function start(clockRate: number) {
  const queue = new EventQueue()
  const random = new SimRandom(1)
  const process = new SimProcess({ node: 's1', queue, random, clockRate, wallSkewMs: 0, busyMs: 0 })
  const run = (): void => {
    for (let event = queue.take(queue.now); event !== undefined; event = queue.take(queue.now)) event.run()
  }
  return { queue, process, run }
}

describe('a clock that stands still', () => {
  it('goes on as far as it is told to, and what is due elapses, in its order', () => {
    const { queue, process, run } = start(0)
    const elapsed: number[] = []
    const startMs = process.now()
    for (const delayMs of [30, 10, 20]) process.setTimeout(() => elapsed.push(delayMs), delayMs)
    queue.take(1_000)
    run()
    expect([process.now() - startMs, elapsed]).toEqual([0, []])
    process.advanceClock(20)
    run()
    expect([process.now() - startMs, elapsed]).toEqual([20, [10, 20]])
    process.advanceClock(9.5)
    run()
    expect(elapsed).toEqual([10, 20])
    process.advanceClock(0.5)
    run()
    expect(elapsed).toEqual([10, 20, 30])
    expect(queue.now).toBe(1_000)
  })

  it('elapses at once what is due at once, and never what was cleared', () => {
    const { process, run } = start(0)
    const elapsed: string[] = []
    process.setTimeout(() => elapsed.push('now'), 0)
    run()
    const cleared = process.setTimeout(() => elapsed.push('cleared'), 5)
    const late = process.setTimeout(() => elapsed.push('cleared when due'), 5)
    process.clearTimeout(cleared)
    process.advanceClock(5)
    process.clearTimeout(late)
    run()
    expect(elapsed).toEqual(['now'])
  })

  it('is not one that runs', () => {
    expect(() => start(1).process.advanceClock(1)).toThrow('the clock of s1 runs by itself')
  })
})
