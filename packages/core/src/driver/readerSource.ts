import type { SnapshotReader, SnapshotSource } from '../ports.ts'

const PIECE_BYTES = 256 * 1024

/** A stored snapshot as a state machine reads it: from the first byte to the last, once. */
export class ReaderSource implements SnapshotSource {
  readonly #reader: SnapshotReader
  #offset = 0
  #isOpen = true

  constructor(reader: SnapshotReader) {
    this.#reader = reader
  }

  read(done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
    const { sizeBytes } = this.#reader.description
    if (!this.#isOpen) done(new Error('the snapshot is closed'), undefined)
    else if (this.#offset >= sizeBytes) done(undefined, undefined)
    else {
      this.#reader.read(this.#offset, PIECE_BYTES, (failure, bytes) => {
        this.#offset += bytes.length
        if (failure === undefined) done(undefined, bytes)
        else done(failure.error, undefined)
      })
    }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#reader.close()
  }
}
