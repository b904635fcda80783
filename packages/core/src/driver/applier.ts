import type { Entry } from '../entry.ts'
import { InvariantViolation, invariant, toError } from '../errors.ts'
import type { Index } from '../identifiers.ts'
import type { StateMachine, Store } from '../ports.ts'
import { versionNamedBy } from '../rules/upgrading.ts'
import { isSameSnapshot, type SnapshotDescription } from '../snapshot.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import { ReaderSource } from './readerSource.ts'
import { MachineSource } from './machineSource.ts'
import type { SnapshotTaker } from './snapshotTaker.ts'

export type EntriesDone = (error: Error | undefined, entries: readonly Entry[]) => void

export interface ApplierOptions {
  readonly server: RaftServer
  readonly store: Store
  readonly stateMachine: StateMachine
  readonly taker: SnapshotTaker
  readonly readStore: (after: Index, upTo: Index, maxBytes: number, done: EntriesDone) => void
  readonly fail: (error: Error) => void
  /** A range was applied outside `applyNext`: its callers are to be answered. */
  readonly onApplied: () => void
}

/**
 * Feeds one state machine: committed entries in order, a batch at a time, from memory or from the store; or a snapshot
 * that stands for them.
 */
export class Applier {
  readonly #options: ApplierOptions
  #isWithin = false

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  /** Hands over what may be applied now, as far as the state machine takes it at once. */
  applyNext(): void {
    this.#isWithin = true
    try {
      this.#begin()
    } finally {
      this.#isWithin = false
    }
  }

  #begin(): void {
    const { server, taker } = this.#options
    taker.takeIfDue()
    const next = server.startApplying(taker.nextStop)
    if (next === undefined) return
    if (next.type === 'entries') this.#apply(next.after, next.upTo)
    else this.#restore(next.description)
  }

  #apply(after: Index, upTo: Index): void {
    const { server, readStore } = this.#options
    if (server.role === 'stopped') return
    if (after === upTo) {
      this.#complete(upTo)
      return
    }
    const { log, settings } = server.state
    const cached = log.cached(after, upTo, settings.maxBatchBytes)
    if (cached !== undefined) {
      this.#handOver(cached, after, upTo)
      return
    }
    readStore(after, Math.min(upTo, log.cachedAfter), settings.maxBatchBytes, (error, entries) => {
      if (error === undefined) this.#handOver(entries, after, upTo)
    })
  }

  #complete(upTo: Index): void {
    const { server, onApplied } = this.#options
    server.applied(upTo)
    if (this.#isWithin) this.#begin()
    else onApplied()
  }

  /** What the state machine throws stops this group, and no other of the node. */
  #handOver(entries: readonly Entry[], after: Index, upTo: Index): void {
    const { server, stateMachine, taker } = this.#options
    const [first] = entries
    if (server.role === 'stopped') return
    if (first === undefined) {
      this.#endEarly(after)
      return
    }
    const machineVersion = server.followVersion(first)
    if (machineVersion === undefined) return
    const batch = ofOneVersion(entries)
    const last = first.index + batch.length - 1
    this.#give(
      (done) => stateMachine.apply(batch, done, machineVersion),
      () => {
        server.noteApplied(batch)
        taker.noteApplied(batch)
        this.#apply(last, upTo)
      },
    )
  }

  /** A snapshot was installed while a range was being applied: it stands for the rest. */
  #endEarly(after: Index): void {
    const { server, fail } = this.#options
    if (after < server.state.log.startsAfter.index) this.#complete(after)
    else fail(new InvariantViolation('the store holds what it was told to be durable'))
  }

  #restore(description: SnapshotDescription): void {
    const { server, store, stateMachine, taker } = this.#options
    this.#give(
      (done) => {
        if (stateMachine.restore === undefined) throw new TypeError(cannotRestore(server.group, description))
        const restore = stateMachine.restore.bind(stateMachine)
        const reader = store.openSnapshot(server.group)
        const source = new MachineSource(new ReaderSource(reader))
        invariant(
          isSameSnapshot(reader.description, description),
          'the store holds the snapshot that it was told to be',
        )
        const end = (error?: Error): void => {
          source.close()
          done(error)
        }
        source.readSystemPart(description.lastTime, (error, system) => {
          // Nobody is told of it any more, and the state machine is its owner's again.
          if (server.role === 'stopped') return end()
          if (system === undefined) return end(error)
          if (!server.noteRestored(system.keys, system.machineVersion, description.lastIncluded.index)) return end()
          try {
            restore(source, end, system.machineVersion)
          } catch (thrown) {
            end(toError(thrown))
          }
        })
      },
      () => {
        taker.noteRestored(description.lastTime)
        this.#complete(description.lastIncluded.index)
      },
    )
  }

  /** Calls the state machine once, and goes on when it is done, once. */
  #give(call: (done: (error?: Error) => void) => void, goOn: () => void): void {
    const { server, fail } = this.#options
    let isDone = false
    try {
      call((error) => {
        if (isDone) return
        isDone = true
        if (error !== undefined) fail(error)
        else if (server.role !== 'stopped') goOn()
      })
    } catch (error) {
      fail(toError(error))
    }
  }
}

/** Entries up to the next that names another version. */
function ofOneVersion(entries: readonly Entry[]): readonly Entry[] {
  const end = entries.findIndex((entry, place) => place > 0 && versionNamedBy(entry) !== undefined)
  return end === -1 ? entries : entries.slice(0, end)
}

function cannotRestore(group: string, { lastIncluded }: SnapshotDescription): string {
  return (
    `group ${group}: a snapshot stands for the entries up to ${lastIncluded.index}, and the state machine has no restore. ` +
    'Open the group with the state machine that took it.'
  )
}
