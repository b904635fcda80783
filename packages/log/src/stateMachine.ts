import {
  FIRST_MACHINE_VERSION,
  toError,
  type CommandEntry,
  type Entry,
  type SnapshotSource,
  type StateMachine,
} from '@quorate/core'
import { LogEntry } from './logEntry.ts'

/**
 * What a group's committed commands are for, where the log is not kept whole: on each server it is the same function of
 * them. One call is under way at a time; what it throws or rejects with stops the server, unless said otherwise.
 */
export interface LogStateMachine {
  /**
   * The version of this code: a whole number, 1 by default. Raise it with each change of what the same entries make of the state. All
   * servers go over to it at the same entry of the log, once every member of the group runs code that has it; until then this code is
   * to apply as the version before did.
   */
  readonly version?: number
  /**
   * The oldest version by which this code can still apply: 1 by default. A server stops, with MachineVersionError, before it would
   * apply an entry, or restore a state, of an older one or of a newer one than `version`.
   */
  readonly oldestVersion?: number
  /** Takes the next committed commands, in order, each once a process or once a `restore`: all of them by one version. */
  apply(entries: readonly LogEntry[], context: ApplyContext): void | Promise<void>
  /**
   * From here on this version is in force: the place to bring the state over to it. Called on all servers behind the same entry.
   * Not called for the version with which the group began, nor for one that was in force when a snapshot was taken.
   */
  upgrade?(version: number): void | Promise<void>
  /**
   * The state as it is at the call, in pieces of any size, of which the first is asked for at once. Entries are applied while
   * the others are read: make a copy before the first, or yield from what does not change. What it throws is told by `status.snapshotFailure`, and the log is kept.
   */
  snapshot?(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** Puts what `snapshot` gave, on whichever server, in the place of all state: at the start, or when this server was far behind. */
  restore?(pieces: AsyncIterable<Uint8Array>, context: ApplyContext): void | Promise<void>
}

/** By what the same entries come to the same state, beside themselves. */
export interface ApplyContext {
  /** The version of the state machine that is in force. */
  readonly version: number
}

/** The first byte of what a snapshot holds beside its head: whether a state machine's state follows. */
const STATELESS = 0
const STATE = 1

/** For core: of the entries the commands alone, promises as callbacks. */
export function machinePort(machine: LogStateMachine | undefined): StateMachine {
  if (machine === undefined) return STATELESS_PORT
  const { version: newest = FIRST_MACHINE_VERSION, oldestVersion: oldest = FIRST_MACHINE_VERSION } = machine
  const port: StateMachine = {
    versions: { oldest, newest },
    apply: (entries, done, version) => settle(done, () => applyTo(machine, entries, { version })),
  }
  if (machine.snapshot !== undefined) port.snapshot = () => sourceOf(STATE, machine.snapshot?.() ?? [])
  if (machine.restore !== undefined) {
    port.restore = (source, done, version) => settle(done, () => restoreFrom(source, machine, { version }))
  }
  return port
}

/** Subscriptions read the log itself. A snapshot of it says which entries are gone, and no more. */
const STATELESS_PORT: StateMachine = {
  apply: (_entries, done) => done(),
  snapshot: () => sourceOf(STATELESS, []),
  restore: (_source, done) => done(),
}

/** Entries of one version: that which names it, if any, comes first. */
function applyTo(machine: LogStateMachine, entries: readonly Entry[], context: ApplyContext): void | Promise<void> {
  const commands = entries.filter((entry): entry is CommandEntry => entry.kind === 'command')
  const apply = (): void | Promise<void> => {
    if (commands.length > 0)
      return machine.apply(
        commands.map((entry) => new LogEntry(entry)),
        context,
      )
  }
  const upgraded = entries[0]?.kind === 'upgrade' ? machine.upgrade?.(context.version) : undefined
  return upgraded === undefined ? apply() : upgraded.then(apply)
}

/** Tells how `call` ended, at once if it is no promise. */
function settle(done: (error?: Error) => void, call: () => void | Promise<void>): void {
  let result: void | Promise<void>
  try {
    result = call()
  } catch (error) {
    done(toError(error))
    return
  }
  if (result === undefined) done()
  else
    result.then(
      () => done(),
      (error: unknown) => done(toError(error)),
    )
}

function sourceOf(mark: number, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): SnapshotSource {
  return new PieceSource(
    mark,
    Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator](),
  )
}

type PieceIterator = Iterator<Uint8Array> | AsyncIterator<Uint8Array>
type Outcome = { readonly error: Error } | { readonly error?: undefined; readonly bytes: Uint8Array | undefined }

/** The mark, then what the iterator gives. */
class PieceSource implements SnapshotSource {
  readonly #iterator: PieceIterator
  #mark: number | undefined
  #ahead: Promise<Outcome> | undefined

  constructor(mark: number, iterator: PieceIterator) {
    this.#mark = mark
    this.#iterator = iterator
    // Asked for at once, for a generator begins only then: what it copies of the state is the state of this moment.
    this.#ahead = outcomeOf(iterator.next())
  }

  read(done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
    const mark = this.#mark
    this.#mark = undefined
    if (mark === undefined) void this.#next().then((outcome) => tellPiece(outcome, done))
    else done(undefined, Uint8Array.of(mark))
  }

  close(): void {
    // Whoever gives the pieces ends with the loop over them; what it throws then matters to nobody.
    Promise.resolve()
      .then(() => this.#iterator.return?.())
      .catch(() => {})
  }

  async #next(): Promise<Outcome> {
    for (;;) {
      const outcome = await (this.#ahead ?? attempt(() => this.#iterator.next()))
      this.#ahead = undefined
      if (outcome.error !== undefined || outcome.bytes?.length !== 0) return outcome
    }
  }
}

function tellPiece(outcome: Outcome, done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
  if (outcome.error === undefined) done(undefined, outcome.bytes)
  else done(outcome.error, undefined)
}

type Step = IteratorResult<Uint8Array> | Promise<IteratorResult<Uint8Array>>

async function attempt(next: () => Step): Promise<Outcome> {
  try {
    return await outcomeOf(next())
  } catch (error) {
    return { error: toError(error) }
  }
}

async function outcomeOf(step: Step): Promise<Outcome> {
  try {
    const { done, value } = await step
    if (done === true) return { bytes: undefined }
    if (value instanceof Uint8Array) return { bytes: value }
    const found = typeof value
    return { error: new TypeError(`the snapshot of the state machine yields ${found}, and must yield Uint8Array`) }
  } catch (error) {
    return { error: toError(error) }
  }
}

async function restoreFrom(source: SnapshotSource, machine: LogStateMachine, context: ApplyContext): Promise<void> {
  const first = await readPiece(source)
  if (first?.[0] !== STATE) {
    throw new TypeError(
      'the snapshot was taken by a log that was opened without a state machine, so it holds no state, and the entries ' +
        'before it are gone. Open the group with the same stateMachine on all its servers.',
    )
  }
  await machine.restore?.(piecesOf(first.subarray(1), source), context)
}

async function* piecesOf(first: Uint8Array, source: SnapshotSource): AsyncGenerator<Uint8Array, undefined> {
  for (let piece: Uint8Array | undefined = first; piece !== undefined; piece = await readPiece(source)) {
    if (piece.length > 0) yield piece
  }
}

function readPiece(source: SnapshotSource): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    source.read((error, bytes) => {
      if (error === undefined) resolve(bytes)
      else reject(error)
    })
  })
}
