import type { ClientOutcome, ClientRequest, GroupId, NotLeaderReply } from '@quorate/core'

export interface OpenRequest {
  readonly id: number
  readonly group: GroupId
  readonly request: ClientRequest
  readonly settled: (outcome: ClientOutcome) => void
  /** By the clock of `performance.now()`. */
  deadlineMs: number
  /** An answer that counts unless a better one comes. */
  held: NotLeaderReply | undefined
}

/** Deadlines that lie closer together share a timer. */
const TICK_MS = 10

/** Requests that were sent and are not settled, by id: thousands of them share one timer. */
export class OpenRequests {
  readonly #requests = new Map<number, OpenRequest>()
  readonly #expired: (request: OpenRequest) => void
  #timer: NodeJS.Timeout | undefined
  #timerDueMs = Infinity

  /** @param expired is called with each request whose deadline has passed; it is no longer open then. */
  constructor(expired: (request: OpenRequest) => void) {
    this.#expired = expired
  }

  add(request: OpenRequest): void {
    this.#requests.set(request.id, request)
    this.#arm(request.deadlineMs)
  }

  get(id: number): OpenRequest | undefined {
    return this.#requests.get(id)
  }

  /** Brings the deadline of an open request forward. */
  shorten(request: OpenRequest, deadlineMs: number): void {
    if (deadlineMs >= request.deadlineMs) return
    request.deadlineMs = deadlineMs
    this.#arm(deadlineMs)
  }

  /** False if it was not open any more. */
  remove(request: OpenRequest): boolean {
    return this.#requests.delete(request.id)
  }

  removeAll(): OpenRequest[] {
    const requests = [...this.#requests.values()]
    this.#requests.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerDueMs = Infinity
    return requests
  }

  #arm(deadlineMs: number): void {
    if (this.#timerDueMs <= deadlineMs) return
    clearTimeout(this.#timer)
    this.#timerDueMs = deadlineMs
    // After a pause Node runs timers before sockets. An answer that has arrived in time is read before anyone is told.
    const lookAgain = (): void => void setImmediate(() => this.#sweep())
    this.#timer = setTimeout(lookAgain, Math.max(TICK_MS, deadlineMs - performance.now()))
  }

  #sweep(): void {
    this.#timerDueMs = Infinity
    const now = performance.now()
    let nextMs = Infinity
    const expired: OpenRequest[] = []
    for (const request of this.#requests.values()) {
      if (request.deadlineMs <= now) expired.push(request)
      else nextMs = Math.min(nextMs, request.deadlineMs)
    }
    if (nextMs < Infinity) this.#arm(nextMs)
    for (const request of expired) {
      if (this.#requests.delete(request.id)) this.#expired(request)
    }
  }
}
