import { entryBytes, type Entry } from '../entry.ts'
import { ServerStoppedError, toError } from '../errors.ts'
import type { Index } from '../identifiers.ts'
import type { SnapshotDraft, SnapshotSource, StateMachine, Store } from '../ports.ts'
import { headAtApplied } from '../rules/compaction.ts'
import type { StoredSnapshot } from '../snapshot.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import { GroupSource } from './groupSource.ts'
import { DEFAULT_TRAILING_ENTRIES, type CompactionPolicy } from './compactionPolicy.ts'

/** How it ended when a snapshot was asked for. */
export type SnapshotOutcome =
  /** It is durable, and stands for the entries up to `snapshotIndex`; the log begins behind `logStartsAfter`. */
  | { readonly type: 'taken'; readonly snapshotIndex: Index; readonly logStartsAfter: Index }
  /** Nothing was applied that the last one does not stand for. */
  | { readonly type: 'unchanged'; readonly snapshotIndex: Index; readonly logStartsAfter: Index }
  | { readonly type: 'failed'; readonly error: Error }

/** Tells who asked for a snapshot how it ended. Called once. */
export type SnapshotSettled = (outcome: SnapshotOutcome) => void

interface Order {
  readonly trailingEntries: number
  readonly settled: SnapshotSettled
}

export interface SnapshotTakerOptions {
  readonly server: RaftServer
  readonly store: Store
  readonly stateMachine: StateMachine
  readonly policy: CompactionPolicy
  readonly fail: (error: Error) => void
  /** Runs an input of the server's, and asks for a flush. */
  readonly wake: () => void
  /** Calls back when the next write of the group is flushed. */
  readonly whenNextWritten: (callback: () => void) => void
}

/**
 * Takes snapshots of one state machine, between two calls of `apply`: as the policy has it, or when asked. While one is
 * being written, entries are applied on.
 */
export class SnapshotTaker {
  readonly #options: SnapshotTakerOptions
  #orders: Order[] = []
  #taking: Taking | undefined
  /** Theirs is the group's snapshot, and the write that says so is not flushed. */
  #unwritten: Order[] = []
  /** It is known how they ended, and they are to be told so. */
  #settled: { readonly orders: readonly Order[]; readonly outcome: SnapshotOutcome }[] = []
  #appliedBytes = 0
  #lastTime: number
  #triedAt: Index
  /** Why the last one could not be taken; undefined when it could. */
  failure: Error | undefined

  constructor(options: SnapshotTakerOptions) {
    this.#options = options
    const { snapshot } = options.server.state
    this.#lastTime = snapshot?.lastTime ?? 0
    this.#triedAt = snapshot?.lastIncluded.index ?? 0
  }

  /** Whoever applies stops here, to let a snapshot be taken. */
  get nextStop(): Index {
    const { afterEntries } = this.#options.policy
    const { lastApplied } = this.#options.server.state
    return afterEntries === undefined ? Infinity : (Math.floor(lastApplied / afterEntries) + 1) * afterEntries
  }

  /** Of `apply`, what counts for the policy. */
  noteApplied(entries: readonly Entry[]): void {
    this.#lastTime = Math.max(this.#lastTime, entries.at(-1)?.time ?? 0)
    if (this.#options.policy.afterBytes === undefined) return
    for (const entry of entries) this.#appliedBytes += entryBytes(entry)
  }

  /** The state machine was put in the place of what a snapshot stands for. */
  noteRestored(lastTime: number): void {
    this.#lastTime = Math.max(this.#lastTime, lastTime)
    this.#appliedBytes = 0
  }

  /** One is wanted, whatever the policy says. */
  order(trailingEntries: number | undefined, settled: SnapshotSettled): void {
    this.#orders.push({ trailingEntries: trailingEntries ?? this.#trailingEntries, settled })
    this.#options.wake()
  }

  /** Begins with one, if it is time, and if the state machine rests. */
  takeIfDue(): void {
    const { server } = this.#options
    const { lastApplied, applyingIndex } = server.state
    if (server.role === 'stopped' || this.#taking !== undefined || applyingIndex !== lastApplied) return
    if (this.#orders.length === 0 && !this.#isDue(lastApplied)) return
    this.#take(lastApplied)
  }

  /** Tells who asked how it ended. Behind the status, so that they find it there too. */
  tell(): void {
    for (const { orders, outcome } of this.#settled.splice(0)) for (const { settled } of orders) settled(outcome)
  }

  /** The server stops: what is under way is given up. */
  close(): void {
    const taking = this.#taking
    this.#taking = undefined
    taking?.abandon()
    const { server } = this.#options
    const error = server.failure ?? new ServerStoppedError(server.group, 'it was closed')
    const orders = [...this.#unwritten.splice(0), ...(taking?.orders ?? []), ...this.#orders.splice(0)]
    this.#settle(orders, { type: 'failed', error })
  }

  get #trailingEntries(): number {
    return this.#options.policy.trailingEntries ?? DEFAULT_TRAILING_ENTRIES
  }

  #isDue(lastApplied: Index): boolean {
    const { afterEntries, afterBytes } = this.#options.policy
    if (lastApplied <= this.#triedAt) return false
    if (afterEntries !== undefined && lastApplied % afterEntries === 0) return true
    return afterBytes !== undefined && this.#appliedBytes >= afterBytes
  }

  #take(lastApplied: Index): void {
    const { server, store, stateMachine } = this.#options
    const { state } = server
    this.#triedAt = lastApplied
    this.#appliedBytes = 0
    const head = headAtApplied(state, this.#lastTime)
    if (head === undefined || lastApplied <= this.#standing.snapshotIndex) {
      this.#settle(this.#orders.splice(0), { type: 'unchanged', ...this.#standing })
      return
    }
    try {
      if (stateMachine.snapshot === undefined) throw new TypeError('the state machine has no snapshot to give')
      const source = new GroupSource(
        { keys: state.keys, machineVersion: state.machineVersion },
        stateMachine.snapshot(),
      )
      const draft = store.beginSnapshot(server.group, head)
      const taking = new Taking(source, draft, this.#orders.splice(0), (outcome) => this.#end(taking, outcome))
      this.#taking = taking
      taking.start()
    } catch (error) {
      this.#noteFailure(toError(error), this.#orders.splice(0))
    }
  }

  #end(taking: Taking, outcome: TakingOutcome): void {
    if (this.#taking !== taking) return
    this.#taking = undefined
    const { server, fail, wake } = this.#options
    if (outcome.type === 'stored') this.#adopt(outcome.snapshot, taking)
    else this.#noteFailure(outcome.error, taking.orders)
    if (outcome.type === 'storeFailed') {
      fail(new ServerStoppedError(server.group, outcome.error.message, { cause: outcome.error }))
    }
    wake()
  }

  #adopt(stored: StoredSnapshot, taking: Taking): void {
    const { server, whenNextWritten } = this.#options
    const { orders } = taking
    const trailingEntries =
      orders.length === 0 ? this.#trailingEntries : Math.min(...orders.map((order) => order.trailingEntries))
    this.failure = undefined
    const isAdopted = server.compactLog(stored, trailingEntries)
    if (!isAdopted) taking.abandon()
    const outcome = { type: isAdopted ? ('taken' as const) : ('unchanged' as const), ...this.#standing }
    if (!isAdopted) {
      this.#settle(orders, outcome)
      return
    }
    this.#unwritten.push(...orders)
    whenNextWritten(() => {
      // Unless the server has stopped in between, and they were told so.
      const written = orders.filter((order) => this.#unwritten.includes(order))
      this.#unwritten = this.#unwritten.filter((order) => !written.includes(order))
      this.#settle(written, outcome)
    })
  }

  get #standing(): { snapshotIndex: Index; logStartsAfter: Index } {
    const { snapshot, log } = this.#options.server.state
    return { snapshotIndex: snapshot?.lastIncluded.index ?? 0, logStartsAfter: log.startsAfter.index }
  }

  #noteFailure(error: Error, orders: readonly Order[]): void {
    this.failure = error
    this.#settle(orders, { type: 'failed', error })
  }

  #settle(orders: readonly Order[], outcome: SnapshotOutcome): void {
    if (orders.length === 0) return
    this.#settled.push({ orders, outcome })
    this.#options.wake()
  }
}

type TakingOutcome =
  | { readonly type: 'stored'; readonly snapshot: StoredSnapshot }
  /** The state machine gives none: nothing is lost by it. */
  | { readonly type: 'givenUp'; readonly error: Error }
  | { readonly type: 'storeFailed'; readonly error: Error }

/** One snapshot on its way from the state machine to the store, piece by piece. */
class Taking {
  readonly #source: SnapshotSource
  readonly #draft: SnapshotDraft
  /** Who asked for it. */
  readonly orders: readonly Order[]
  readonly #ended: (outcome: TakingOutcome) => void
  #isOpen = true

  constructor(
    source: SnapshotSource,
    draft: SnapshotDraft,
    orders: readonly Order[],
    ended: (outcome: TakingOutcome) => void,
  ) {
    this.#source = source
    this.#draft = draft
    this.orders = orders
    this.#ended = ended
  }

  start(): void {
    this.#readPiece()
  }

  /** Without effect on what a write has named. */
  abandon(): void {
    this.#close()
    this.#draft.discard()
  }

  #readPiece(): void {
    let isAnswered = false
    this.#attempt(() =>
      this.#source.read((error, bytes) => {
        if (isAnswered || !this.#isOpen) return
        isAnswered = true
        if (error !== undefined) this.#giveUp(error)
        else if (bytes === undefined) this.#finish()
        else this.#writePiece(bytes)
      }),
    )
  }

  #writePiece(bytes: Uint8Array): void {
    this.#attempt(() =>
      this.#draft.write(bytes, (failure) => {
        if (!this.#isOpen) return
        if (failure === undefined) this.#readPiece()
        else this.#end({ type: 'storeFailed', error: failure.error })
      }),
    )
  }

  #finish(): void {
    this.#attempt(() =>
      this.#draft.finish((failure, stored) => {
        if (!this.#isOpen) return
        if (stored !== undefined) this.#end({ type: 'stored', snapshot: stored })
        else this.#end({ type: 'storeFailed', error: failure?.error ?? new Error('the store gives no snapshot') })
      }),
    )
  }

  /** What state machine or store throw ends this snapshot, and nothing else. */
  #attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (this.#isOpen) this.#giveUp(toError(error))
    }
  }

  #giveUp(error: Error): void {
    this.#draft.discard()
    this.#end({ type: 'givenUp', error })
  }

  #end(outcome: TakingOutcome): void {
    this.#close()
    this.#ended(outcome)
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.#source.close()
    } catch {
      // It has given all that was wanted of it.
    }
  }
}
