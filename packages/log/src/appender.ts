import {
  AppendOutcomeUnknownError,
  BackpressureError,
  EntryTooLargeError,
  IdempotencyKeyReusedError,
  LogClosedError,
  NotLeaderError,
  commandBytes,
  type AppendedReply,
  type BusyReply,
  type ClientOutcome,
  type Command,
  type GroupId,
  type Index,
  type ServerId,
  type Term,
} from '@quorate/core'
import { backoff } from './backoff.ts'
import { assertDuration } from './duration.ts'
import { giveUpAfter } from './giveUp.ts'
import { isKeyed, KeyedTries } from './keyedTries.ts'
import { whenAborted } from './whenAborted.ts'

/** Where an appended command stands: committed, and applied by the leader. */
export interface Appended {
  readonly index: Index
  readonly term: Term
}

export interface AppendOptions {
  /** Gives up. What had already left is then of unknown outcome. */
  readonly signal?: AbortSignal
  /** Gives up after this many milliseconds, 10,000 by default. */
  readonly timeoutMs?: number
  /**
   * What to do when the leader has as much in hand as it takes in (`maxPendingBytes`): wait, by default, or throw
   * `BackpressureError` at once.
   */
  readonly whenBusy?: 'wait' | 'throw'
  /**
   * Appends once, however often it is tried, by whichever process, as long as the group remembers the key: 1 to 128 UTF-16 units.
   * Several commands get `/0`, `/1` ... behind it. The same key gives the same answer; for another command it is refused.
   */
  readonly idempotencyKey?: string
  /** How long the group remembers the key at least, by the time of its log, in milliseconds; a day by default. */
  readonly retainKeyMs?: number
  /** Appends once although it is tried again after an unknown outcome, under a key of its own that nobody else knows. */
  readonly exactlyOnce?: boolean
}

/** The ways from here to a group's leader. */
export interface LeaderRoute {
  readonly group: GroupId
  /** Why nothing more can be appended here; undefined while it can. */
  readonly closedError: Error | undefined
  /** What one message to the leader can carry, in bytes. */
  readonly maxEntryBytes: number
  /** Who led last, as far as is known here. */
  readonly leaderId: ServerId | undefined
  /** What is known here to be committed. */
  readonly knownCommitIndex: Index
  /** The term that the group is led in; waits for a leader until the signal aborts, and is then undefined. */
  leaderTerm(signal: AbortSignal): Promise<Term | undefined>
  /** Hands the commands over once, for that term alone. */
  appendOnce(term: Term, commands: readonly Command[], timeoutMs: number): Promise<ClientOutcome>
}

export const DEFAULT_APPEND_TIMEOUT_MS = 10_000

/** With a key it may be tried again: an answer that does not come within this time is not waited for. */
const KEYED_TRY_MS = 2_000

/** A try that begins later than this before the deadline may be given up before the leader says that it is busy. */
const LAST_TRY_MS = 60

/**
 * The given timeout, or the default.
 * @throws RangeError when it is no number of milliseconds that a timer can wait.
 */
export function appendTimeoutMs({ timeoutMs = DEFAULT_APPEND_TIMEOUT_MS }: AppendOptions): number {
  assertDuration('timeoutMs', timeoutMs)
  return Math.ceil(timeoutMs)
}

/** @throws TypeError for what is no way to deal with a busy leader. */
export function assertWhenBusy({ whenBusy }: AppendOptions): void {
  if (whenBusy === undefined || whenBusy === 'wait' || whenBusy === 'throw') return
  throw new TypeError(`whenBusy is ${JSON.stringify(whenBusy)}; it must be 'wait' or 'throw'`)
}

export function busyError(group: GroupId, { pendingBytes, maxPendingBytes }: BusyReply): BackpressureError {
  return new BackpressureError(group, pendingBytes, maxPendingBytes)
}

/**
 * As `appendToLeader`, for more commands than one message carries: in parts, one after the other.
 * @throws AppendOutcomeUnknownError when the first parts are appended and the next failed.
 */
export async function appendInParts(
  route: LeaderRoute,
  commands: readonly Command[],
  { timeoutMs = DEFAULT_APPEND_TIMEOUT_MS, ...options }: AppendOptions,
): Promise<readonly Appended[]> {
  const parts = splitBySize(commands, route.maxEntryBytes)
  const deadline = performance.now() + timeoutMs
  let remainingMs = timeoutMs
  const appended: Appended[] = []
  for (const part of parts) {
    try {
      for (const one of await appendToLeader(route, part, { ...options, timeoutMs: remainingMs })) appended.push(one)
      remainingMs = Math.max(0, Math.ceil(deadline - performance.now()))
    } catch (error) {
      throw partlyAppended(route.group, appended, part.length, commands.length, error)
    }
  }
  return appended
}

/** The earlier parts may stand in other terms than the one that failed: the term to look for is that of the latter. */
function partlyAppended(
  group: GroupId,
  appended: readonly Appended[],
  failed: number,
  total: number,
  error: unknown,
): unknown {
  const last = appended.at(-1)
  if (last === undefined) return error
  const known = `only the first ${appended.length} of ${total} commands are known to be appended, at places that are final`
  if (!(error instanceof AppendOutcomeUnknownError)) {
    const why = `${known} (the last in term ${last.term}); of those behind them nothing was appended`
    return new AppendOutcomeUnknownError(group, last.term, why, { cause: error })
  }
  const why = `${known}; term ${error.term} is that of the next ${failed}, and those behind them were not sent`
  return new AppendOutcomeUnknownError(group, error.term, why, { cause: error })
}

function splitBySize(commands: readonly Command[], maxBytes: number): Command[][] {
  const parts: Command[][] = []
  let room = 0
  for (const command of commands) {
    const bytes = commandBytes(command)
    if (parts.length === 0 || bytes > room) {
      parts.push([])
      room = maxBytes
    }
    parts.at(-1)!.push(command)
    room -= bytes
  }
  return parts
}

/**
 * Brings commands to the leader, whoever that is. It tries again only what is proven not to have been appended, or has
 * keys; each try names the term it is meant for, so that an attempt that was given up cannot come true under a later leader.
 * @throws NotLeaderError, BackpressureError, AppendOutcomeUnknownError, EntryTooLargeError, LogClosedError, IdempotencyKeyReusedError;
 * the signal's reason when nothing had left.
 */
export async function appendToLeader(
  route: LeaderRoute,
  commands: readonly Command[],
  { timeoutMs = DEFAULT_APPEND_TIMEOUT_MS, ...options }: AppendOptions,
): Promise<readonly Appended[]> {
  const giveUp = giveUpAfter(timeoutMs, options.signal)
  try {
    return await tryUntil(giveUp.signal, performance.now() + timeoutMs, route, commands, options)
  } finally {
    giveUp.release()
  }
}

async function tryUntil(
  giveUp: AbortSignal,
  deadline: number,
  route: LeaderRoute,
  commands: readonly Command[],
  { signal, whenBusy }: AppendOptions,
): Promise<readonly Appended[]> {
  const keyed = isKeyed(commands) ? new KeyedTries(route.group) : undefined
  let busy: BusyReply | undefined
  for (let attempt = 0; ; attempt++) {
    throwIfEnded(route, signal, keyed)
    const term = giveUp.aborted ? undefined : await route.leaderTerm(giveUp)
    if (term === undefined) {
      throwIfEnded(route, signal, keyed)
      keyed?.throwIfOpen('no leader said in time what became of it')
      throw busy === undefined ? new NotLeaderError(route.group, route.leaderId) : busyError(route.group, busy)
    }
    const remainingMs = Math.max(1, deadline - performance.now())
    const tryMs = keyed === undefined ? remainingMs : Math.min(remainingMs, KEYED_TRY_MS)
    const outcome = await attemptOnce(
      route,
      term,
      keyed?.again(commands, route.knownCommitIndex) ?? commands,
      tryMs,
      signal,
    )
    if (outcome.type === 'appended') return placesOf(outcome, commands.length)
    busy = outcome.type === 'busy' ? outcome : undefined
    if (busy !== undefined && whenBusy === 'throw') {
      keyed?.throwIfOpen('the leader is busy')
      throw busyError(route.group, busy)
    }
    if (keyed?.mayTryAgain(term, outcome) !== true) {
      if (outcome.type === 'notSent' && outcome.reason !== 'disconnected') {
        keyed?.throwIfOpen('it could not be sent again')
      }
      if (outcome.type === 'keyForgotten') keyed?.throwIfOpen('the group has forgotten the keys of that time')
      throwIfFinal(route, term, commands, outcome)
    }
    await backoff(attempt, giveUp)
    if (busy !== undefined && deadline - performance.now() < LAST_TRY_MS) {
      keyed?.throwIfOpen('the leader is busy')
      throw busyError(route.group, busy)
    }
  }
}

function throwIfEnded(route: LeaderRoute, signal: AbortSignal | undefined, keyed: KeyedTries | undefined): void {
  if (signal?.aborted === true) keyed?.throwIfOpen('the wait was aborted', { cause: signal.reason })
  signal?.throwIfAborted()
  const { closedError } = route
  if (closedError === undefined) return
  keyed?.throwIfOpen('the log was closed', { cause: closedError })
  throw closedError
}

/** Where so many commands stand, by what the leader answered. */
function placesOf({ firstIndex, term, places }: AppendedReply, count: number): readonly Appended[] {
  return places ?? Array.from({ length: count }, (_, place) => ({ index: firstIndex + place, term }))
}

async function attemptOnce(
  route: LeaderRoute,
  term: Term,
  commands: readonly Command[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ClientOutcome> {
  const outcome = route.appendOnce(term, commands, timeoutMs)
  if (signal === undefined) return outcome
  return new Promise((resolve, reject) => {
    const abandon = (): void =>
      reject(new AppendOutcomeUnknownError(route.group, term, 'the wait was aborted', { cause: signal.reason }))
    outcome.then(resolve, reject).finally(whenAborted(signal, abandon))
  })
}

/** Throws what must not be tried again; returns on what is proven not to have been appended. */
function throwIfFinal(
  { group, maxEntryBytes }: LeaderRoute,
  term: Term,
  commands: readonly Command[],
  outcome: ClientOutcome,
): void {
  switch (outcome.type) {
    case 'noAnswer': {
      const why = outcome.reason === 'timeout' ? 'no answer came in time' : `the answer was lost (${outcome.reason})`
      throw new AppendOutcomeUnknownError(group, term, why)
    }
    case 'unknown':
      throw new AppendOutcomeUnknownError(group, outcome.term, 'the leader could not see it through')
    case 'notSent':
      if (outcome.reason === 'tooLarge') throw new EntryTooLargeError(bytesOf(commands), maxEntryBytes)
      if (outcome.reason === 'closed') throw new LogClosedError(group)
      return
    case 'keyReused':
      throw new IdempotencyKeyReusedError(group, outcome.key)
    case 'keyForgotten': {
      const why = `the group has forgotten idempotency keys since it was tried first, behind entry ${outcome.after}`
      throw new AppendOutcomeUnknownError(group, term, why)
    }
    case 'refused':
      if (outcome.reason !== 'closed') throw new TypeError(`group ${group}: the append was refused: ${outcome.message}`)
  }
}

function bytesOf(commands: readonly Command[]): number {
  return commands.reduce((sum, command) => sum + commandBytes(command), 0)
}
