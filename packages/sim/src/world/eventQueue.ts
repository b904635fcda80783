import type { SimProcess } from './simProcess.ts'

/** What a turn of an event loop handles first: due timers, then sockets, then what was put off to its end. */
export const PHASES = { timers: 0, sockets: 1, soon: 2, afterPoll: 3 } as const

export type Phase = (typeof PHASES)[keyof typeof PHASES]

/** A process, or whichever there is by then. */
export type EventOwner = SimProcess | (() => SimProcess | undefined) | undefined

/** Something that will happen at a moment of simulated time. */
export interface SimEvent {
  /** Milliseconds of the world's time. */
  dueMs: number
  readonly phase: Phase
  /** Events of one moment and phase happen in the order in which they were added. */
  readonly order: number
  /** In whose event loop; undefined for what the world does. */
  readonly owner: EventOwner
  readonly run: () => void
  isCleared: boolean
  /** It came while its owner stood still, and waits for its turn since. */
  isOverdue: boolean
}

/** The world's time and all that is to happen: a heap. Time jumps from one event to the next. */
export class EventQueue {
  readonly #heap: SimEvent[] = []
  #now = 0
  #order = 0

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  get nextDueMs(): number | undefined {
    return this.#heap[0]?.dueMs
  }

  add(dueMs: number, phase: Phase, owner: EventOwner, run: () => void): SimEvent {
    const event: SimEvent = {
      dueMs: Math.max(dueMs, this.#now),
      phase,
      order: this.#order++,
      owner,
      run,
      isCleared: false,
      isOverdue: false,
    }
    this.#push(event)
    return event
  }

  /** Puts an event that came too early for its owner off until `dueMs`. Its place among others of its phase stays. */
  putOff(event: SimEvent, dueMs: number): void {
    event.dueMs = dueMs
    this.#push(event)
  }

  /** The next event, at which time stands from now on; undefined when nothing is due by `upToMs`. */
  take(upToMs: number): SimEvent | undefined {
    const next = this.#heap[0]
    if (next === undefined || next.dueMs > upToMs) {
      this.#now = Math.max(this.#now, upToMs)
      return undefined
    }
    this.#pop()
    this.#now = next.dueMs
    return next
  }

  #push(event: SimEvent): void {
    const heap = this.#heap
    let place = heap.push(event) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent] as SimEvent
      if (!isBefore(event, above)) break
      heap[place] = above
      place = parent
    }
    heap[place] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as SimEvent
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      if (left >= heap.length) break
      const right = left + 1
      const child = right < heap.length && isBefore(heap[right] as SimEvent, heap[left] as SimEvent) ? right : left
      if (!isBefore(heap[child] as SimEvent, last)) break
      heap[place] = heap[child] as SimEvent
      place = child
    }
    heap[place] = last
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs
  if (a.phase !== b.phase) return a.phase < b.phase
  return a.order < b.order
}
