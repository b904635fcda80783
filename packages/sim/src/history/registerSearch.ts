import { Configurations } from './configurations.ts'
import { EventList, type CallEvent, type ReturnEvent } from './eventList.ts'
import { stateAfter, type RegisterOperation, type RegisterState } from './registerOperation.ts'

/** The first return that no order gets past, and what the register holds in those that get there. */
export interface Barrier {
  readonly operation: RegisterOperation
  readonly states: ReadonlySet<RegisterState>
}

export type SearchResult =
  | { readonly type: 'found' }
  | { readonly type: 'none'; readonly barrier: Barrier }
  /** The bound was hit; the barrier is the furthest so far. */
  | { readonly type: 'undecided'; readonly barrier: Barrier | undefined }

interface Placement {
  readonly call: CallEvent
  readonly stateBefore: RegisterState
  readonly isFree: boolean
}

/**
 * Looks for an order of the operations of one register: the search of Wing and Gong, with Lowe's memory of configurations.
 * It places one operation after the other, none of them called after another had returned that is not placed yet, and
 * where it cannot go on it takes the last one back.
 */
export class RegisterSearch {
  readonly #events: EventList
  readonly #configurations: Configurations
  readonly #placements: Placement[] = []
  #state: RegisterState = null
  #furthest: { place: number; operation: RegisterOperation; states: Set<RegisterState> } | undefined

  constructor(operations: readonly RegisterOperation[]) {
    this.#events = new EventList(operations)
    this.#configurations = new Configurations(this.#events)
  }

  /** Once. @param maxSteps how many calls and returns it looks at before it gives up. */
  run(maxSteps: number): SearchResult {
    const events = this.#events
    let event = events.first
    for (let steps = 0; events.openCount > 0; steps++) {
      if (steps >= maxSteps) return { type: 'undecided', barrier: this.#furthest }
      if (event?.type === 'call') {
        event = this.#place(event) ? events.first : event.next
      } else {
        const barrier = this.#stop(event)
        const undone = this.#undo()
        if (undone === undefined) return { type: 'none', barrier }
        event = undone.next
      }
    }
    return { type: 'found' }
  }

  /** Places the operation next in the order, if it can stand there and leads to where the search has not been. */
  #place(call: CallEvent): boolean {
    const { operation, twin } = call
    const stateBefore = this.#state
    const state = stateAfter(stateBefore, operation)
    if (state === undefined) return false
    const changesNothing = state === stateBefore
    if (operation.status === 'info') {
      // It need not have happened: without effect, it is left out, and of two that do the same, the first comes first.
      const isSecond = twin !== undefined && !this.#configurations.has(twin)
      if (changesNothing || isSecond) return false
    }
    // What can only see a state, and sees the right one, is best placed at once: no other order needs to be tried.
    const isFree = changesNothing && operation.op !== 'write'
    this.#configurations.add(call)
    if (!isFree && !this.#configurations.isNew(state)) {
      this.#configurations.remove(call)
      return false
    }
    this.#placements.push({ call, stateBefore, isFree })
    this.#state = state
    this.#events.lift(call)
    return true
  }

  /** Takes back the last operation that could stand elsewhere, and all behind it. */
  #undo(): CallEvent | undefined {
    for (let last = this.#placements.pop(); last !== undefined; last = this.#placements.pop()) {
      this.#events.putBack(last.call)
      this.#configurations.remove(last.call)
      this.#state = last.stateBefore
      if (!last.isFree) return last.call
    }
    return undefined
  }

  /** No operation can be placed before this return. */
  #stop(event: ReturnEvent | undefined): Barrier {
    if (event === undefined) throw new Error('an operation that returned has no return in the list of events')
    const { place, operation } = event
    if (this.#furthest === undefined || place > this.#furthest.place) {
      this.#furthest = { place, operation, states: new Set() }
    }
    if (place === this.#furthest.place) this.#furthest.states.add(this.#state)
    return this.#furthest
  }
}
