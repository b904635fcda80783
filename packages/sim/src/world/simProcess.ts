import type { Clock, NodeId } from '@quorate/core'
import type { SimRandom } from '../random.ts'
import { PHASES, type EventQueue, type Phase, type SimEvent } from './eventQueue.ts'

/** Milliseconds since the epoch at which every world begins. */
const WALL_START_MS = 1_700_000_000_000

export interface ProcessOptions {
  readonly node: NodeId
  readonly queue: EventQueue
  readonly random: SimRandom
  /** How fast its clock runs: 1 keeps the world's time; at 0 it stands still, and goes on by `advanceClock` alone. */
  readonly clockRate: number
  /** How far its calendar is off. */
  readonly wallSkewMs: number
  /** The longest time that its event loop is busy before a turn ends; what arrives meanwhile shares the turn. */
  readonly busyMs: number
}

/** A timer of a clock that stands still. */
interface StandingTimer {
  /** In milliseconds of that clock. */
  readonly dueMs: number
  readonly callback: () => void
  isCleared: boolean
}

/**
 * One process of a node: its event loop and its clocks. A process that is paused handles nothing; when it goes on, all
 * that is overdue comes at once, timers before sockets, as in Node.
 */
export class SimProcess implements Clock {
  readonly node: NodeId
  wallSkewMs: number
  readonly #queue: EventQueue
  readonly #random: SimRandom
  /** How fast its clock runs: 1 keeps the world's time. */
  readonly clockRate: number
  /** The longest time that its event loop is busy before a turn ends. */
  readonly busyMs: number
  #isAlive = true
  #turnEndMs = -1
  #pausedUntilMs = 0
  #backlog: SimEvent[] = []
  #overdueArrivals = 0
  #awakeSinceMs: number
  #aheadMs: number
  #standing: StandingTimer[] = []

  constructor({ node, queue, random, clockRate, wallSkewMs, busyMs }: ProcessOptions) {
    this.node = node
    this.wallSkewMs = wallSkewMs
    this.#queue = queue
    this.#random = random
    this.clockRate = clockRate
    this.busyMs = busyMs
    this.#awakeSinceMs = queue.now
    // A clock that stands still begins above 0: a moment of it, divided by its rate, is then never and not NaN.
    this.#aheadMs = clockRate === 0 ? 1 : 0
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isPaused(): boolean {
    return this.#pausedUntilMs > this.#queue.now
  }

  /** How much has come while it stood still, and has not had its turn since. */
  get overdueArrivals(): number {
    return this.#overdueArrivals
  }

  /** When it began, or last went on: milliseconds of the world. */
  get awakeSinceMs(): number {
    return this.#awakeSinceMs
  }

  now(): number {
    return this.#queue.now * this.clockRate + this.#aheadMs
  }

  wallTime(): number {
    return Math.floor(WALL_START_MS + this.#queue.now + this.wallSkewMs)
  }

  setTimeout(callback: () => void, delayMs: number): SimEvent | StandingTimer {
    if (this.clockRate === 0) return this.#await(callback, delayMs)
    return this.#add(this.#queue.now + Math.max(0, delayMs) / this.clockRate, PHASES.timers, callback)
  }

  clearTimeout(handle: unknown): void {
    ;(handle as SimEvent | StandingTimer).isCleared = true
  }

  soon(callback: () => void): void {
    this.#add(this.#turnEnd(), PHASES.soon, callback)
  }

  afterPoll(callback: () => void): void {
    this.#add(this.#turnEnd(), PHASES.afterPoll, callback)
  }

  /** Something from outside reaches it, by a socket or from the disk. */
  arrive(delayMs: number, callback: () => void): SimEvent {
    return this.#add(this.#queue.now + delayMs, PHASES.sockets, callback)
  }

  /** A clock that stands still goes on by so much, at one moment of the world's time: what is due by then elapses. */
  advanceClock(durationMs: number): void {
    if (this.clockRate !== 0)
      throw new Error(`the clock of ${this.node} runs by itself: only one of rate 0 is advanced`)
    this.#aheadMs += durationMs
    const due = this.#standing.filter(({ dueMs }) => dueMs <= this.now()).sort((a, b) => a.dueMs - b.dueMs)
    this.#standing = this.#standing.filter((timer) => !timer.isCleared && !due.includes(timer))
    for (const timer of due) this.#elapse(timer)
  }

  /** It stands still for so long. */
  pause(durationMs: number): void {
    const wasPaused = this.isPaused
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#queue.now + durationMs)
    if (!wasPaused) this.#awaitEnd()
  }

  wake(): void {
    this.#pausedUntilMs = Math.min(this.#pausedUntilMs, this.#queue.now)
    this.#catchUp()
  }

  /** From here on nothing of it happens. */
  end(): void {
    this.#isAlive = false
    this.#backlog = []
  }

  /** Whether an event of its loop may happen now; if it is paused, the event is kept for later. */
  admits(event: SimEvent): boolean {
    if (!this.#isAlive) return false
    if (this.#pausedUntilMs > this.#queue.now) {
      this.#backlog.push(event)
      return false
    }
    if (event.isOverdue) this.#overdueArrivals--
    event.isOverdue = false
    return true
  }

  #awaitEnd(): void {
    this.#queue.add(this.#pausedUntilMs, PHASES.timers, undefined, () => {
      if (this.isPaused) this.#awaitEnd()
      else this.#catchUp()
    })
  }

  #catchUp(): void {
    this.#awakeSinceMs = this.#queue.now
    for (const event of this.#backlog.splice(0)) {
      if (event.phase === PHASES.sockets && !event.isOverdue) {
        event.isOverdue = true
        this.#overdueArrivals++
      }
      this.#queue.putOff(event, this.#queue.now)
    }
  }

  #await(callback: () => void, delayMs: number): StandingTimer {
    const timer: StandingTimer = { dueMs: this.now() + Math.max(0, delayMs), callback, isCleared: false }
    if (delayMs > 0) this.#standing.push(timer)
    else this.#elapse(timer)
    return timer
  }

  #elapse(timer: StandingTimer): void {
    this.#add(this.#queue.now, PHASES.timers, () => {
      if (!timer.isCleared) timer.callback()
    })
  }

  #turnEnd(): number {
    const { now } = this.#queue
    if (this.#turnEndMs < now) this.#turnEndMs = this.busyMs === 0 ? now : now + this.#random.next() * this.busyMs
    return this.#turnEndMs
  }

  #add(dueMs: number, phase: Phase, callback: () => void): SimEvent {
    return this.#queue.add(dueMs, phase, this, callback)
  }
}
