import type { ClientOutcome, ClientTransport, Index, StatusReply } from '@quorate/core'
import type { Attempt, AttemptChecks, AttemptOutcome } from '../invariants/attempt.ts'
import type { ClientChecks } from '../invariants/clientChecks.ts'
import type { KeyedOperation } from '../invariants/keyedChecks.ts'
import type { SimRandom } from '../random.ts'
import { GROUP } from '../world/simNode.ts'
import { SimProcess } from '../world/simProcess.ts'
import type { SimWorld } from '../world/simWorld.ts'
import { appendWithin, attemptOutcome } from './appendWithin.ts'
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
  /** How often its appends have idempotency keys, and how long these are remembered. */
  readonly keyed: { readonly probability: number; readonly retainMs: number }
  readonly count: (name: 'keyedTriedAgain' | 'keyedFound' | 'keyForgotten') => void
}

/** Milliseconds. */
const REQUEST_TIMEOUT_MS = 500
const OPERATION_TIMEOUT_MS = 3_000
const LONGEST_BACKOFF_MS = 60

/** An operation that is under way. */
interface Task {
  readonly operation: PlannedOperation
  readonly deadlineMs: number
  /** What of it may be tried again although the outcome is not known. */
  readonly keyed: KeyedOperation | undefined
}

/**
 * A client: one operation after the other, each tried again while it is proven that it has not been done, or as long as it
 * has a key by which it is done once. It sits in a process of its own, which never fails.
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
    const { workload, number, random, world, keyed } = this.#options
    const operation = workload.next(number, random)
    const isKeyed = operation.read === undefined && keyed.probability > 0 && random.happens(keyed.probability)
    this.#isBusy = true
    operation.began(world.now)
    this.#try({
      operation,
      deadlineMs: world.now + OPERATION_TIMEOUT_MS,
      keyed: isKeyed ? this.#checks.keyed.begin(operation.data, keyed.retainMs) : undefined,
    })
  }

  /** One attempt, by one of two ways. */
  #try(task: Task): void {
    const { random, localProbability } = this.#options
    const { read } = task.operation
    if (read !== undefined) this.#read(task, read)
    else if (random.happens(localProbability)) this.#tryWithin(task)
    else this.#findLeader(task)
  }

  #findLeader(task: Task): void {
    this.#transport.request(GROUP, { type: 'status' }, REQUEST_TIMEOUT_MS, (outcome) => {
      if (outcome.type === 'status') this.#append(task, outcome)
      else this.#tryAgain(task)
    })
  }

  #attempt(
    { operation, keyed }: Task,
    committed: Index,
  ): { readonly attempt: Attempt; readonly checks: AttemptChecks } {
    if (keyed === undefined) return { attempt: this.#checks.begin([operation.data]), checks: this.#checks }
    if (isOpen(keyed)) this.#options.count('keyedTriedAgain')
    return { attempt: this.#checks.keyed.attempt(keyed, committed), checks: this.#checks.keyed }
  }

  #append(task: Task, { term, commitIndex }: StatusReply): void {
    const { attempt, checks } = this.#attempt(task, commitIndex)
    attempt.term = term
    const request = { type: 'append', term, commands: attempt.commands } as const
    this.#transport.request(GROUP, request, REQUEST_TIMEOUT_MS, (answer) => {
      const outcome = outcomeOf(answer)
      checks.answered(attempt, outcome)
      this.#conclude(task, outcome)
    })
  }

  /** In the process of a server, whose end takes the answer with it. */
  #tryWithin(task: Task): void {
    const { world, random } = this.#options
    const { up } = world
    const node = up.length === 0 ? undefined : random.pick(up)
    if (node?.process === undefined) {
      this.#tryAgain(task)
      return
    }
    const { attempt, checks } = this.#attempt(task, node.server?.server.state.commitIndex ?? 0)
    let isOpen = true
    const timer = this.#process.setTimeout(() => {
      isOpen = false
      this.#conclude(task, { type: 'unknown', why: 'timeout' })
    }, REQUEST_TIMEOUT_MS)
    appendWithin(node, attempt, checks, (outcome) => {
      if (!isOpen) return
      this.#process.clearTimeout(timer)
      this.#process.arrive(0, () => this.#conclude(task, outcome))
    })
  }

  /** In the process of a server, which need not lead. What has no answer is asked again: it has done nothing. */
  #read(task: Task, read: PlannedRead): void {
    const { world, random } = this.#options
    const { up } = world
    if (up.length === 0) {
      this.#tryAgain(task)
      return
    }
    let isOpen = true
    const settle = (end: { readonly result: unknown } | undefined): void => {
      if (!isOpen) return
      isOpen = false
      this.#process.clearTimeout(timer)
      if (end === undefined) this.#tryAgain(task)
      else this.#end(task, { type: 'done', result: end.result, returnMs: world.now })
    }
    const timer = this.#process.setTimeout(() => settle(undefined), REQUEST_TIMEOUT_MS)
    readWithin(random.pick(up), read, this.#checks, { timeoutMs: REQUEST_TIMEOUT_MS }, (end) =>
      this.#process.arrive(0, () => settle(end)),
    )
  }

  #conclude(task: Task, outcome: AttemptOutcome): void {
    const { world, count } = this.#options
    const { keyed } = task
    switch (outcome.type) {
      case 'appended': {
        if (keyed !== undefined && keyed.attempts.length > 1) count('keyedFound')
        const result = world.invariants.record.results[outcome.firstIndex]
        this.#end(task, { type: 'done', result, returnMs: world.now })
        return
      }
      case 'refused':
        this.#tryAgain(task)
        return
      case 'forgotten':
        count('keyForgotten')
        if (keyed !== undefined && !isOpen(keyed)) keyed.after = undefined
        this.#tryAgain(task)
        return
      case 'unknown':
        if (keyed === undefined) this.#end(task, { type: 'unknown' })
        else this.#tryAgain(task)
    }
  }

  #tryAgain(task: Task): void {
    const { world, random } = this.#options
    if (world.now < task.deadlineMs && !this.#isStopped) {
      this.#process.setTimeout(() => this.#try(task), random.next() * LONGEST_BACKOFF_MS)
    } else if (task.keyed !== undefined && isOpen(task.keyed)) {
      this.#end(task, { type: 'unknown' })
    } else this.#end(task, { type: 'notDone', returnMs: world.now })
  }

  #end({ operation }: Task, end: OperationEnd): void {
    this.#isBusy = false
    operation.ended(end)
    this.#think()
  }
}

/** Whether it may have been appended, or may still be. */
function isOpen({ attempts }: KeyedOperation): boolean {
  return attempts.some(({ outcome }) => outcome?.type !== 'refused' && outcome?.type !== 'forgotten')
}

function outcomeOf(outcome: ClientOutcome): AttemptOutcome {
  switch (outcome.type) {
    case 'appended':
    case 'notLeader':
    case 'busy':
    case 'unknown':
    case 'keyReused':
    case 'keyForgotten':
      return attemptOutcome(outcome)
    case 'refused':
    case 'noResponder':
    case 'notSent':
      return { type: 'refused', why: outcome.type }
    default:
      return { type: 'unknown', why: outcome.type }
  }
}
