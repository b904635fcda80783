import {
  AppendOutcomeUnknownError,
  type ClientOutcome,
  type ClientTransport,
  type Command,
  type HostedServer,
  type Index,
  type Term,
} from '@quorate/core'
import { AppendIntake } from './appendIntake.ts'
import { appendInParts, busyError, type Appended, type AppendOptions, type LeaderRoute } from './appender.ts'
import type { Appendable } from './command.ts'
import { isKeyed } from './keyedTries.ts'
import { LocalAppends, type LocalOutcome } from './localAppends.ts'
import { RequestBatcher } from './requestBatcher.ts'

/** The appends of a process that is a member: to its own server while that leads, else to whoever does. */
export class MemberAppends {
  readonly #route: LeaderRoute
  readonly #hosted: HostedServer
  readonly #intake = new AppendIntake()
  readonly #local: LocalAppends
  readonly #batcher: RequestBatcher

  constructor(route: LeaderRoute, hosted: HostedServer, client: ClientTransport) {
    this.#route = route
    this.#hosted = hosted
    this.#local = new LocalAppends(hosted)
    this.#batcher = new RequestBatcher(client, route.group)
  }

  /** As `ReplicatedLog.append`. */
  append(given: Appendable | readonly Appendable[], options: AppendOptions): Promise<Appended | readonly Appended[]> {
    try {
      const { closedError, maxEntryBytes } = this.#route
      if (closedError !== undefined) throw closedError
      const { commands, isList, timeoutMs } = this.#intake.take(given, options, maxEntryBytes)
      if (commands.length === 0) return Promise.resolve([])
      if (isList) return this.#appendAll(commands, options, timeoutMs, allPlaces)
      return this.#appendAll(commands, options, timeoutMs, firstPlace)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** One try, for a term: here if this server leads in it, else to whoever does. */
  appendOnce(term: Term, commands: readonly Command[], timeoutMs: number): Promise<ClientOutcome> {
    const { role, term: currentTerm } = this.#hosted.status
    if (role !== 'leader' || currentTerm !== term) return this.#batcher.append(term, commands, timeoutMs)
    return new Promise((resolve) => {
      this.#local.append(commands, timeoutMs, (outcome) => resolve(asClientOutcome(outcome)))
    })
  }

  /** Waits no longer for leaders of terms before `term`. */
  giveUpBefore(term: Term): void {
    this.#batcher.giveUpBefore(term)
  }

  /**
   * The leader's own process is the common case: spared the machinery of waiting and trying again, and all promises but
   * the caller's.
   */
  #appendAll<Result>(
    commands: readonly Command[],
    options: AppendOptions,
    timeoutMs: number,
    toResult: (places: readonly Appended[]) => Result,
  ): Promise<Result> {
    if (this.#hosted.server.role !== 'leader' || options.signal !== undefined || isKeyed(commands)) {
      return appendInParts(this.#route, commands, { ...options, timeoutMs }).then(toResult)
    }
    const { whenBusy } = options
    const started = performance.now()
    const term = this.#hosted.server.state.currentTerm
    return new Promise((resolve, reject) => {
      this.#local.append(commands, timeoutMs, (outcome) => {
        if (outcome.type === 'appended') resolve(toResult(placesFrom(outcome.firstIndex, term, commands.length)))
        else if (outcome.type === 'busy' && whenBusy === 'throw') reject(busyError(this.#route.group, outcome))
        else if (outcome.type !== 'notLeader' && outcome.type !== 'busy') reject(this.#unknown(term, outcome))
        else {
          const remainingMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - started)))
          appendInParts(this.#route, commands, { ...options, timeoutMs: remainingMs })
            .then(toResult)
            .then(resolve, reject)
        }
      })
    })
  }

  #unknown(term: Term, outcome: LocalOutcome): Error {
    const why =
      outcome.type === 'timeout' ? 'it was not committed in time' : 'the server stopped before it was committed'
    return new AppendOutcomeUnknownError(this.#route.group, term, why)
  }
}

function placesFrom(firstIndex: Index, term: Term, count: number): Appended[] {
  return Array.from({ length: count }, (_, place) => ({ index: firstIndex + place, term }))
}

function allPlaces(places: readonly Appended[]): readonly Appended[] {
  return places
}

function firstPlace(places: readonly Appended[]): Appended {
  return places[0]!
}

function asClientOutcome(outcome: LocalOutcome): ClientOutcome {
  return outcome.type === 'timeout' ? { type: 'noAnswer', reason: 'timeout' } : outcome
}
