import { ServerStoppedError } from '../errors.ts'
import type { StateMachine, Store, StoreFailure } from '../ports.ts'
import type { IntakeStep, SnapshotRead } from '../state/outputs.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'
import { assertTrailingEntries, type CompactionPolicy } from './compactionPolicy.ts'
import { SnapshotIntakes } from './snapshotIntakes.ts'
import { SnapshotReaders } from './snapshotReaders.ts'
import { SnapshotTaker, type SnapshotSettled } from './snapshotTaker.ts'

export interface SnapshotDeskOptions {
  readonly server: RaftServer
  readonly store: Store
  readonly stateMachine: StateMachine
  readonly policy: CompactionPolicy
  /** The largest message that this node can pass on, in bytes. */
  readonly maxMessageBytes: () => number
  readonly fail: (error: Error) => void
  readonly input: (give: (server: RaftServer) => void) => void
  readonly wake: () => void
  /** Calls back when the next write of the group is flushed. */
  readonly whenNextWritten: (callback: () => void) => void
}

/** A server's snapshots: those that it takes, that it gets, and that its followers get. */
export class SnapshotDesk {
  readonly taker: SnapshotTaker
  readonly #server: RaftServer
  readonly #intakes: SnapshotIntakes
  readonly #readers: SnapshotReaders

  constructor(options: SnapshotDeskOptions) {
    const { server, store, maxMessageBytes, input } = options
    const failed = ({ error }: StoreFailure): void =>
      options.fail(new ServerStoppedError(server.group, error.message, { cause: error }))
    this.#server = server
    this.taker = new SnapshotTaker(options)
    this.#intakes = new SnapshotIntakes({ server, store, failed, input })
    this.#readers = new SnapshotReaders({ server, store, maxMessageBytes, failed, input })
  }

  /** @throws RangeError for what is no number of entries. */
  order(trailingEntries: number | undefined, settled: SnapshotSettled): void {
    assertTrailingEntries('trailingEntries', trailingEntries)
    this.taker.order(trailingEntries, settled)
  }

  /** What the server wants done; nothing more once it has stopped. */
  carryOut(reads: readonly SnapshotRead[], steps: readonly IntakeStep[]): void {
    if (this.#server.role === 'stopped') {
      this.#readers.close()
      this.#intakes.close()
      this.taker.close()
      return
    }
    this.#intakes.perform(steps)
    for (const read of reads) this.#readers.read(read)
    this.#readers.releaseUnused()
  }
}
