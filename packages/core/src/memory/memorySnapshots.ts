import { invariant } from '../errors.ts'
import type { Clock, SnapshotDraft, SnapshotReader } from '../ports.ts'
import type { SnapshotDescription, SnapshotHead } from '../snapshot.ts'
import { crc32 } from '../crc32.ts'

/** A whole snapshot, in the pieces in which it was written. */
export interface MemorySnapshot {
  readonly description: SnapshotDescription
  readonly pieces: readonly Uint8Array[]
}

/** The snapshots of a store in memory: those that are being written, and those that wait for a write to name them. */
export class MemorySnapshots {
  readonly #clock: Pick<Clock, 'soon'>
  readonly #finished = new Map<number, MemorySnapshot>()
  #lastKey = 0

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock
  }

  begin(head: SnapshotHead): SnapshotDraft {
    const key = ++this.#lastKey
    const pieces: Uint8Array[] = []
    let [sizeBytes, checksum, isDiscarded] = [0, 0, false]
    return {
      write: (bytes, done) => {
        // The bytes are the caller's again; a slice of a Buffer would be no copy.
        pieces.push(new Uint8Array(bytes))
        sizeBytes += bytes.length
        checksum = crc32(bytes, checksum)
        this.#clock.soon(() => done(undefined))
      },
      finish: (done) => {
        const { lastIncluded, lastTime, configuration } = head
        const description = { lastIncluded, lastTime, configuration, sizeBytes, checksum }
        if (!isDiscarded) this.#finished.set(key, { description, pieces })
        this.#clock.soon(() => done(undefined, { description, key }))
      },
      discard: () => {
        isDiscarded = true
        this.#finished.delete(key)
      },
    }
  }

  /** The snapshot that a write names: from now on it is the group's. */
  take(key: number): MemorySnapshot {
    const snapshot = this.#finished.get(key)
    invariant(snapshot !== undefined, 'a write names a snapshot that was finished, once')
    this.#finished.delete(key)
    return snapshot
  }

  open({ description, pieces }: MemorySnapshot): SnapshotReader {
    return {
      description,
      read: (offset, maxBytes, done) => {
        const bytes = pieceAt(pieces, offset).slice(0, maxBytes)
        this.#clock.soon(() => done(undefined, bytes))
      },
      close: () => {},
    }
  }
}

/** What stands from `offset` on, up to the end of its piece; nothing behind the last. */
function pieceAt(pieces: readonly Uint8Array[], offset: number): Uint8Array {
  let start = 0
  for (const piece of pieces) {
    if (offset < start + piece.length) return piece.subarray(offset - start)
    start += piece.length
  }
  return new Uint8Array()
}
