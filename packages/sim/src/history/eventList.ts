import type { RegisterOperation } from './registerOperation.ts'

export interface CallEvent extends Links {
  readonly type: 'call'
  readonly operation: RegisterOperation
  /** Counts from 0 in the order of calls: one row for operations that returned, one for those that never did. */
  readonly number: number
  /** The call before of an operation that does the same, where neither returned: the one is as good as the other. */
  readonly twin: CallEvent | undefined
  readonly returned: ReturnEvent | undefined
}

export interface ReturnEvent extends Links {
  readonly type: 'return'
  readonly operation: RegisterOperation
}

/** The call or the return of an operation. */
export type HistoryEvent = CallEvent | ReturnEvent

interface Links {
  /** Its place in time. */
  place: number
  previous: HistoryEvent | undefined
  next: HistoryEvent | undefined
}

/** Calls and returns in the order of time. Operations can be lifted out, and be put back in the opposite order. */
export class EventList {
  first: HistoryEvent | undefined
  /** How many that returned are in the list. */
  openCount: number
  readonly returnedCount: number
  readonly unreturnedCount: number

  constructor(operations: readonly RegisterOperation[]) {
    const calls = callsOf(operations)
    let last: HistoryEvent | undefined
    for (const [place, event] of inTime(calls).entries()) {
      event.place = place
      event.previous = last
      this.#follow(last, event)
      last = event
    }
    this.returnedCount = calls.filter(({ returned }) => returned !== undefined).length
    this.unreturnedCount = calls.length - this.returnedCount
    this.openCount = this.returnedCount
  }

  lift(call: CallEvent): void {
    this.#unlink(call)
    if (call.returned === undefined) return
    this.#unlink(call.returned)
    this.openCount -= 1
  }

  /** Undoes the latest `lift` that is not undone. */
  putBack(call: CallEvent): void {
    if (call.returned !== undefined) {
      this.#link(call.returned)
      this.openCount += 1
    }
    this.#link(call)
  }

  #unlink({ previous, next }: HistoryEvent): void {
    this.#follow(previous, next)
    if (next !== undefined) next.previous = previous
  }

  /** An event out of the list keeps the neighbours that it had. */
  #link(event: HistoryEvent): void {
    this.#follow(event.previous, event)
    if (event.next !== undefined) event.next.previous = event
  }

  #follow(previous: HistoryEvent | undefined, next: HistoryEvent | undefined): void {
    if (previous === undefined) this.first = next
    else previous.next = next
  }
}

function callsOf(operations: readonly RegisterOperation[]): CallEvent[] {
  const latestTwins = new Map<string, CallEvent>()
  let returnedCount = 0
  let unreturnedCount = 0
  return [...operations]
    .sort((a, b) => a.call - b.call)
    .map((operation) => {
      const event = { type: 'call', operation, place: 0, previous: undefined, next: undefined } as const
      if (operation.status === 'ok') {
        const returned: ReturnEvent = { ...event, type: 'return' }
        return { ...event, number: returnedCount++, twin: undefined, returned }
      }
      const deed = operation.op === 'cas' ? `${operation.expect}, ${operation.value}` : `${operation.value}`
      const call: CallEvent = { ...event, number: unreturnedCount++, twin: latestTwins.get(deed), returned: undefined }
      latestTwins.set(deed, call)
      return call
    })
}

/** Where they are at one time, calls before returns: what touches overlaps. */
function inTime(calls: readonly CallEvent[]): HistoryEvent[] {
  const returns = calls.map(({ returned }) => returned).filter((event) => event !== undefined)
  const events: HistoryEvent[] = [...calls, ...returns]
  // The sort is stable, and calls stand in front.
  return events.sort((a, b) => timeOf(a) - timeOf(b))
}

function timeOf({ type, operation }: HistoryEvent): number {
  return type === 'return' && operation.status === 'ok' ? operation.return : operation.call
}
