import { beforeEach, describe, expect, it } from 'vitest'
import { SimRandom } from '@quorate/sim'
import { EventQueue, type SimEvent } from '../../src/world/eventQueue.ts'
import { SimProcess, type ProcessOptions } from '../../src/world/simProcess.ts'

let queue: EventQueue
let seen: string[]

function process(options: Partial<ProcessOptions> = {}): SimProcess {
  return new SimProcess({
    node: 's1',
    queue,
    random: new SimRandom(1),
    clockRate: 1,
    wallSkewMs: 0,
    busyMs: 0,
    ...options,
  })
}

function pass(untilMs: number): void {
  for (let event: SimEvent | undefined; (event = queue.take(untilMs)) !== undefined;) {
    const { owner } = event
    if (owner === undefined || (owner as SimProcess).admits(event)) event.run()
  }
}

const note = (what: string) => (): void => void seen.push(`${what} at ${queue.now}`)

beforeEach(() => {
  queue = new EventQueue()
  seen = []
})

describe('an event loop', () => {
  it('handles what is due at one moment by its phases: timers, sockets, the end of the turn, then after the poll', () => {
    const own = process()
    own.afterPoll(note('afterPoll'))
    own.soon(note('soon'))
    own.arrive(0, note('arrival'))
    own.setTimeout(note('timer'), 0)
    pass(10)
    expect(seen).toEqual(['timer at 0', 'arrival at 0', 'soon at 0', 'afterPoll at 0'])
  })

  it('that is busy ends its turn later, and what comes meanwhile shares it', () => {
    const own = process({ busyMs: 4 })
    own.soon(note('first'))
    own.arrive(0.001, () => own.soon(note('second')))
    pass(10)
    const [first = '', second = ''] = seen
    expect(first.split(' at ')[1]).toBe(second.split(' at ')[1])
    expect(Number(first.split(' at ')[1])).toBeGreaterThan(0.001)
  })

  it('that stands still handles nothing, and then everything at once: timers first, as in Node', () => {
    const own = process()
    own.arrive(3, note('arrival'))
    own.setTimeout(note('timer'), 5)
    own.pause(100)
    pass(50)
    expect(seen).toEqual([])
    pass(100)
    expect(seen).toEqual(['timer at 100', 'arrival at 100'])
  })

  it('knows how much has come while it stood still, until that has had its turn', () => {
    const own = process()
    own.arrive(3, () => seen.push(`${own.overdueArrivals} left`))
    own.arrive(4, () => seen.push(`${own.overdueArrivals} left`))
    own.setTimeout(() => seen.push(`${own.overdueArrivals} waiting`), 5)
    own.pause(10)
    pass(20)
    expect(seen).toEqual(['2 waiting', '1 left', '0 left'])
    expect(own.awakeSinceMs).toBe(10)
  })

  it('can stand still for longer while it does, and be woken', () => {
    const own = process()
    own.setTimeout(note('timer'), 1)
    own.pause(10)
    own.pause(30)
    pass(20)
    expect(seen).toEqual([])
    own.wake()
    pass(25)
    expect(seen).toEqual(['timer at 20'])
  })

  it('of a process that is gone does nothing more', () => {
    const own = process()
    own.setTimeout(note('timer'), 5)
    own.end()
    pass(10)
    expect(seen).toEqual([])
  })
})

describe('a clock', () => {
  it('that runs fast fires its timers early, by the time of the world', () => {
    const own = process({ clockRate: 2 })
    own.setTimeout(note('timer'), 10)
    pass(20)
    expect(seen).toEqual(['timer at 5'])
    expect(own.now()).toBe(40)
  })

  it('keeps its calendar apart: a jump moves no timer', () => {
    const own = process()
    const before = own.wallTime()
    own.setTimeout(note('timer'), 10)
    own.wallSkewMs = -3_600_000
    pass(20)
    expect(own.wallTime()).toBe(before + 20 - 3_600_000)
    expect(seen).toEqual(['timer at 10'])
  })
})
