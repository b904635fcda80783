import type { ClientOutcome, ClientTransport } from '@quorate/core'
import type { Attempt, AttemptOutcome, ClientChecks } from '../invariants/clientChecks.ts'
import type { SimRandom } from '../random.ts'
import { GROUP } from '../world/simNode.ts'
import { SimProcess } from '../world/simProcess.ts'
import type { SimWorld } from '../world/simWorld.ts'
import { appendWithin } from './appendWithin.ts'
import { readWithin, type PlannedRead } from './readWithin.ts'
import type { OperationEnd, PlannedOperation, Workload } from './workload.ts'

export interface SimClientOptions {
  readonly world: SimWorld
  readonly workload: Workload
  readonly number: number
  readonly random: SimRandom
  /** Milliseconds between two operations, on average. */
  readonly thinkMs: number
  /** How often it goes through a process that is a member rather than over the network. */
  readonly localProbability: number
}

/** Milliseconds. */
const REQUEST_TIMEOUT_MS = 500
const OPERATION_TIMEOUT_MS = 3_000
const LONGEST_BACKOFF_MS = 60

/**
 * A client: one operation after the other, each tried again only while it is proven that it has not been done. It sits in
 * a process of its own, which never fails.
 */
export class SimClient {
  readonly place: string
  readonly #options: SimClientOptions
  readonly #process: SimProcess
  readonly #transport: ClientTransport
  readonly #checks: ClientChecks
  #isStopped = false
  #isBusy = false

  constructor(options: SimClientOptions) {
    const { world, number, random } = options
    this.#options = options
    this.place = `c${number + 1}`
    this.#checks = world.invariants.clients
    this.#process = new SimProcess({
      node: this.place,
      queue: world.queue,
      random,
      clockRate: 1,
      wallSkewMs: 0,
      busyMs: 0,
    })
    this.#transport = world.network.clients.open(this.place, this.#process)
    this.#think()
  }

  /** Whether an operation is under way. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Begins nothing more. */
  stop(): void {
    this.#isStopped = true
  }

  #think(): void {
    const { random, thinkMs } = this.#options
    this.#process.setTimeout(() => this.#begin(), -Math.log(1 - random.next()) * thinkMs)
  }

  #begin(): void {
    if (this.#isStopped) return
    const { workload, number, random, world } = this.#options
    const operation = workload.next(number, random)
    this.#isBusy = true
    operation.began(world.now)
    this.#try(operation, world.now + OPERATION_TIMEOUT_MS)
  }

  /** One attempt, by one of two ways. */
  #try(operation: PlannedOperation, deadlineMs: number): void {
    const { random, localProbability } = this.#options
    if (operation.read !== undefined) this.#read(operation, operation.read, deadlineMs)
    else if (random.happens(localProbability)) this.#tryWithin(operation, deadlineMs)
    else this.#findLeader(operation, deadlineMs)
  }

  #findLeader(operation: PlannedOperation, deadlineMs: number): void {
    this.#transport.request(GROUP, { type: 'status' }, REQUEST_TIMEOUT_MS, (outcome) => {
      if (outcome.type === 'status') this.#append(operation, deadlineMs, outcome.term)
      else this.#tryAgain(operation, deadlineMs)
    })
  }

  #append(operation: PlannedOperation, deadlineMs: number, term: number): void {
    const attempt = this.#checks.begin([operation.data])
    attempt.term = term
    const request = { type: 'append', term, commands: attempt.commands } as const
    this.#transport.request(GROUP, request, REQUEST_TIMEOUT_MS, (outcome) =>
      this.#answered(operation, deadlineMs, attempt, attemptOutcome(outcome)),
    )
  }

  /** In the process of a server, whose end takes the answer with it. */
  #tryWithin(operation: PlannedOperation, deadlineMs: number): void {
    const { world, random } = this.#options
    const { up } = world
    const node = up.length === 0 ? undefined : random.pick(up)
    if (node?.process === undefined) {
      this.#tryAgain(operation, deadlineMs)
      return
    }
    const attempt = this.#checks.begin([operation.data])
    let isOpen = true
    const timer = this.#process.setTimeout(() => {
      isOpen = false
      this.#end(operation, { type: 'unknown' })
    }, REQUEST_TIMEOUT_MS)
    appendWithin(node, attempt, this.#checks, (outcome) => {
      if (!isOpen) return
      this.#process.clearTimeout(timer)
      this.#process.arrive(0, () => this.#conclude(operation, deadlineMs, outcome))
    })
  }

  /** In the process of a server, which need not lead. What has no answer is asked again: it has done nothing. */
  #read(operation: PlannedOperation, read: PlannedRead, deadlineMs: number): void {
    const { world, random } = this.#options
    const { up } = world
    if (up.length === 0) {
      this.#tryAgain(operation, deadlineMs)
      return
    }
    let isOpen = true
    const settle = (end: { readonly result: unknown } | undefined): void => {
      if (!isOpen) return
      isOpen = false
      this.#process.clearTimeout(timer)
      if (end === undefined) this.#tryAgain(operation, deadlineMs)
      else this.#end(operation, { type: 'done', result: end.result, returnMs: world.now })
    }
    const timer = this.#process.setTimeout(() => settle(undefined), REQUEST_TIMEOUT_MS)
    readWithin(random.pick(up), read, this.#checks, { timeoutMs: REQUEST_TIMEOUT_MS }, (end) =>
      this.#process.arrive(0, () => settle(end)),
    )
  }

  #answered(operation: PlannedOperation, deadlineMs: number, attempt: Attempt, outcome: AttemptOutcome): void {
    this.#checks.answered(attempt, outcome)
    this.#conclude(operation, deadlineMs, outcome)
  }

  #conclude(operation: PlannedOperation, deadlineMs: number, outcome: AttemptOutcome): void {
    const { world } = this.#options
    if (outcome.type === 'refused') this.#tryAgain(operation, deadlineMs)
    else if (outcome.type === 'unknown') this.#end(operation, { type: 'unknown' })
    else {
      const result = world.invariants.record.results[outcome.firstIndex]
      this.#end(operation, { type: 'done', result, returnMs: world.now })
    }
  }

  #tryAgain(operation: PlannedOperation, deadlineMs: number): void {
    const { world, random } = this.#options
    if (world.now >= deadlineMs || this.#isStopped) this.#end(operation, { type: 'notDone', returnMs: world.now })
    else this.#process.setTimeout(() => this.#try(operation, deadlineMs), random.next() * LONGEST_BACKOFF_MS)
  }

  #end(operation: PlannedOperation, end: OperationEnd): void {
    this.#isBusy = false
    operation.ended(end)
    this.#think()
  }
}

function attemptOutcome(outcome: ClientOutcome): AttemptOutcome {
  switch (outcome.type) {
    case 'appended':
      return { type: 'appended', firstIndex: outcome.firstIndex, term: outcome.term }
    case 'notLeader':
    case 'refused':
    case 'noResponder':
    case 'notSent':
      return { type: 'refused', why: outcome.type }
    default:
      return { type: 'unknown', why: outcome.type }
  }
}
