import type { ServerId } from '../identifiers.ts'
import type { SnapshotReader, Store, StoreFailure } from '../ports.ts'
import { installSnapshotBytes, isSameSnapshot } from '../snapshot.ts'
import type { SnapshotRead } from '../state/outputs.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'

export interface SnapshotReadersOptions {
  readonly server: RaftServer
  readonly store: Store
  /** The largest message that this node can pass on, in bytes. */
  readonly maxMessageBytes: () => number
  readonly failed: (failure: StoreFailure) => void
  readonly input: (give: (server: RaftServer) => void) => void
}

/** One follower's hold on a snapshot. */
interface Held {
  readonly reader: SnapshotReader
  isReading: boolean
  /** Wanted while another piece is being read, which is not wanted any more. */
  next: SnapshotRead | undefined
}

/** Reads the pieces of snapshots that followers get. While one gets it, a snapshot stays in the store. */
export class SnapshotReaders {
  readonly #options: SnapshotReadersOptions
  readonly #held = new Map<ServerId, Held>()

  constructor(options: SnapshotReadersOptions) {
    this.#options = options
  }

  read(wanted: SnapshotRead): void {
    const held = this.#heldFor(wanted)
    if (held === undefined) {
      const { for: peer, session, description } = wanted
      this.#options.input((server) => server.handle({ type: 'snapshot.superseded', for: peer, session, description }))
    } else if (held.isReading) held.next = wanted
    else this.#readPiece(held, wanted)
  }

  /** Lets go of snapshots that nobody gets any more. */
  releaseUnused(): void {
    const { peers } = this.#options.server.state
    for (const [peer, { reader }] of this.#held) {
      const sending = peers.get(peer)?.sending
      if (sending === undefined || !isSameSnapshot(sending.description, reader.description)) this.#release(peer)
    }
  }

  close(): void {
    for (const peer of this.#held.keys()) this.#release(peer)
  }

  /** Undefined when the store has another by now. */
  #heldFor({ for: peer, description }: SnapshotRead): Held | undefined {
    const present = this.#held.get(peer)
    if (present !== undefined && isSameSnapshot(present.reader.description, description)) return present
    this.#release(peer)
    const { store, server } = this.#options
    const reader = store.openSnapshot(server.group)
    if (!isSameSnapshot(reader.description, description)) {
      reader.close()
      return undefined
    }
    const held: Held = { reader, isReading: false, next: undefined }
    this.#held.set(peer, held)
    return held
  }

  #readPiece(held: Held, { for: peer, session, description, offset, maxBytes }: SnapshotRead): void {
    const { maxMessageBytes, failed, input } = this.#options
    const room = Math.max(1, maxMessageBytes() - installSnapshotBytes(description))
    held.isReading = true
    held.reader.read(offset, Math.min(maxBytes, room), (failure, data) => {
      held.isReading = false
      if (this.#held.get(peer) !== held) return
      if (failure !== undefined) failed(failure)
      else if (held.next === undefined) {
        input((server) => server.handle({ type: 'snapshot.read', for: peer, session, offset, data }))
      } else {
        const { next } = held
        held.next = undefined
        this.#readPiece(held, next)
      }
    })
  }

  #release(peer: ServerId): void {
    this.#held.get(peer)?.reader.close()
    this.#held.delete(peer)
  }
}
