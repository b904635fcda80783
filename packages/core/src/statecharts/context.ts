import { invariant } from '../errors.ts'
import type { RaftState } from '../state/raftState.ts'

/** Time and chance, as the charts see them. */
export interface Surroundings {
  /** Monotonic milliseconds. */
  now(): number
  /** Milliseconds since the epoch. */
  wallTime(): number
  /** At least 0, below 1. */
  chance(): number
}

/** What every chart of one server shares, by reference. Charts decide by it; rules change it. */
export interface ServerContext {
  readonly state: RaftState
  readonly surroundings: Surroundings
}

/**
 * A delay for an `after`, drawn by its delay function rather than by an entry action: on an actor's first state XState
 * takes the delay before it runs the actions. What is no number would fire at once, as an election storm.
 */
export function positiveDelay(delayMs: number): number {
  invariant(Number.isFinite(delayMs), 'a timeout is a number of milliseconds')
  return Math.max(1, delayMs)
}

/** Charts must not loop within a turn. */
export const CHART_OPTIONS = { maxIterations: 1000 } as const
