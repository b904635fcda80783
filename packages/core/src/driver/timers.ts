import type { Clock, TimerHandle } from '../ports.ts'

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
  isCleared: boolean
}

/**
 * All timers of a node over one timer of its clock: a heap by due time, timers of one moment in the order they were
 * set. Thousands of groups cost the event loop one timer.
 */
export class Timers {
  readonly #clock: Clock
  readonly #heap: Timer[] = []
  #order = 0
  #alarm: { readonly handle: TimerHandle; readonly dueMs: number } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer = { dueMs: this.#clock.now() + delayMs, order: this.#order++, callback, isCleared: false }
    this.#push(timer)
    this.#setAlarm()
    return timer
  }

  clearTimeout(timer: Timer | undefined): void {
    if (timer !== undefined) timer.isCleared = true
  }

  /** Lets go of the clock. */
  close(): void {
    this.#heap.length = 0
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm.handle)
    this.#alarm = undefined
  }

  #setAlarm(): void {
    const next = this.#nextDue()
    if (next === undefined || (this.#alarm !== undefined && this.#alarm.dueMs <= next.dueMs)) return
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm.handle)
    const delayMs = Math.max(0, next.dueMs - this.#clock.now())
    this.#alarm = { handle: this.#clock.setTimeout(() => this.#fire(), delayMs), dueMs: next.dueMs }
  }

  #fire(): void {
    this.#alarm = undefined
    // Taken once: what a callback sets anew belongs to a later round, behind the messages that wait.
    const now = this.#clock.now()
    try {
      for (let next = this.#nextDue(); next !== undefined && next.dueMs <= now; next = this.#nextDue()) {
        this.#pop()
        next.callback()
      }
    } finally {
      this.#setAlarm()
    }
  }

  #nextDue(): Timer | undefined {
    while (this.#heap[0]?.isCleared === true) this.#pop()
    return this.#heap[0]
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let place = heap.push(timer) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      if (left >= heap.length) break
      const child = left + 1 < heap.length && isBefore(heap[left + 1]!, heap[left]!) ? left + 1 : left
      if (!isBefore(heap[child]!, last)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}
