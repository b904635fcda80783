import { randomUUID } from 'node:crypto'
import type { Clock, Random } from '@quorate/core'

/** The process's own clock and event loop. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  // Behind the sockets that are being read, ahead of timers: one flush for all that has come in.
  soon: (callback) => {
    setImmediate(callback)
  },
  // Asked while sockets are being read, the first immediate comes before they are looked at again.
  afterPoll: (callback) => {
    setImmediate(() => setImmediate(callback))
  },
}

export const systemRandom: Random = { next: () => Math.random(), uuid: () => randomUUID() }
