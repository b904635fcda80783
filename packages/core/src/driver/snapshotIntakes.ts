import type { SnapshotDraft, Store, StoreFailure } from '../ports.ts'
import { isSameSnapshot, type SnapshotDescription } from '../snapshot.ts'
import type { IntakeStep } from '../state/outputs.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'

export interface SnapshotIntakesOptions {
  readonly server: RaftServer
  readonly store: Store
  readonly failed: (failure: StoreFailure) => void
  readonly input: (give: (server: RaftServer) => void) => void
}

interface Arriving {
  readonly description: SnapshotDescription
  readonly draft: SnapshotDraft
  /** Nothing more goes into it. */
  isFinished: boolean
}

/** Brings snapshots that come from leaders into the store: one at a time, as the rules want it. */
export class SnapshotIntakes {
  readonly #options: SnapshotIntakesOptions
  #arriving: Arriving | undefined

  constructor(options: SnapshotIntakesOptions) {
    this.#options = options
  }

  perform(steps: readonly IntakeStep[]): void {
    for (const step of steps) {
      if (step.type === 'discard') this.close()
      else if (step.type === 'write') this.#write(this.#draftOf(step.description), step.data)
      else this.#finish(this.#draftOf(step.description))
    }
  }

  /** What has come is given up, unless it is the group's snapshot by now. */
  close(): void {
    this.#arriving?.draft.discard()
    this.#arriving = undefined
  }

  #draftOf(description: SnapshotDescription): Arriving {
    const present = this.#arriving
    if (present?.isFinished === false && isSameSnapshot(present.description, description)) return present
    const { store, server } = this.#options
    const arriving = { description, draft: store.beginSnapshot(server.group, description), isFinished: false }
    this.#arriving = arriving
    return arriving
  }

  #write(arriving: Arriving, data: Uint8Array): void {
    const { input, failed } = this.#options
    arriving.draft.write(data, (failure) => {
      if (failure !== undefined) failed(failure)
      else if (this.#arriving === arriving) {
        input((server) => server.snapshotPieceWritten(arriving.description, data.length))
      }
    })
  }

  /** Pieces have their checksums; the whole has its own, over what was handed to the store. */
  #finish(arriving: Arriving): void {
    const { input, failed } = this.#options
    arriving.isFinished = true
    arriving.draft.finish((failure, stored) => {
      if (failure !== undefined) failed(failure)
      else if (this.#arriving !== arriving || stored === undefined) return
      else if (isSameSnapshot(stored.description, arriving.description)) {
        input((server) => server.snapshotStored(stored))
      } else {
        this.close()
        input((server) => server.snapshotSpoiled(arriving.description))
      }
    })
  }
}
