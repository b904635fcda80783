import type { Clock } from '@quorate/core'

/** What a turn of the event loop handles first: due timers, then sockets, then what was put off to its end. */
const PHASES = { timers: 0, sockets: 1, soon: 2, afterPoll: 3 } as const

type Phase = keyof typeof PHASES

interface Task {
  dueMs: number
  readonly phase: Phase
  readonly order: number
  readonly callback: () => void
  isCleared: boolean
}

/** A clock that moves when told to. Whatever is due at one moment runs in the order of Node's phases. */
export class TestClock implements Clock {
  #now = 0
  #order = 0
  /** In the order in which they run. */
  #tasks: Task[] = []

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now
  }

  setTimeout(callback: () => void, delayMs: number): Task {
    return this.#add('timers', callback, delayMs)
  }

  clearTimeout(handle: unknown): void {
    ;(handle as Task).isCleared = true
  }

  soon(callback: () => void): void {
    this.#add('soon', callback, 0)
  }

  afterPoll(callback: () => void): void {
    this.#add('afterPoll', callback, 0)
  }

  /** What arrives from outside, by a socket or from the disk. */
  arrive(callback: () => void, delayMs: number): void {
    this.#add('sockets', callback, delayMs)
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#tasks.filter(({ phase, isCleared }) => phase === 'timers' && !isCleared).length
  }

  /** Lets `durationMs` pass, or as much of it as `until` takes to become true. */
  run(durationMs: number, until: () => boolean = () => false): void {
    const end = this.#now + durationMs
    while (!until()) {
      if (!this.#runNext(end)) {
        this.#now = end
        return
      }
    }
  }

  /** Finishes the present turn: time stands still. */
  finishTurn(): void {
    while (this.#runNext(this.#now));
  }

  /** The process stands still: nothing runs until `durationMs` later, and then all that is overdue, timers first. */
  pause(durationMs: number): void {
    this.#now += durationMs
    const overdue = this.#tasks.filter(({ dueMs }) => dueMs <= this.#now)
    this.#tasks = this.#tasks.slice(overdue.length)
    for (const task of overdue) {
      task.dueMs = this.#now
      this.#insert(task)
    }
  }

  #runNext(end: number): boolean {
    const next = this.#tasks[0]
    if (next === undefined || next.dueMs > end) return false
    this.#tasks.shift()
    this.#now = Math.max(this.#now, next.dueMs)
    if (!next.isCleared) next.callback()
    return true
  }

  #add(phase: Phase, callback: () => void, delayMs: number): Task {
    const task = {
      dueMs: this.#now + Math.max(0, delayMs),
      phase,
      order: this.#order++,
      callback,
      isCleared: false,
    }
    this.#insert(task)
    return task
  }

  #insert(task: Task): void {
    let low = 0
    let high = this.#tasks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(task, this.#tasks[middle]!)) high = middle
      else low = middle + 1
    }
    this.#tasks.splice(low, 0, task)
  }
}

function isBefore(a: Task, b: Task): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs
  if (a.phase !== b.phase) return PHASES[a.phase] < PHASES[b.phase]
  return a.order < b.order
}
