import type { Clock } from '@quorate/core'

/** The event loop of this process, as the port names its parts. */
export const loopClock: Clock = {
  now: () => performance.now(),
  wallTime: () => 1_800_000_000_000,
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  soon: (callback) => void setImmediate(callback),
  afterPoll: (callback) => void setImmediate(callback),
}
