import { type SnapshotDescription, type SnapshotReader, type StoreFailure, invariant } from '@quorate/core'
import { CorruptStoreError } from './errors.ts'
import type { Done } from './filePort.ts'
import type { Folder, StoreFile } from './folder.ts'
import { checksum, viewOf } from './layout.ts'
import { BLOCK_END_BYTES, SNAPSHOT_BLOCK_BYTES, blocksLength, snapshotFile } from './snapshotFile.ts'
import { inOrder } from './sequence.ts'

type ReadDone = (failure: StoreFailure | undefined, bytes: Uint8Array) => void

const NOTHING = new Uint8Array()

/** What a reader needs of the store. */
export interface SnapshotReaderHost {
  readonly folder: Folder
  /** Why nothing is read any more; undefined while all is well. */
  refusal(): StoreFailure | undefined
  /** A call failed: for the store that is final. */
  fail(error: Error): StoreFailure
  /** A call begins; what comes back ends it. */
  begin(): () => void
  /** It reads no more, and its file is closed. */
  noteClosed(reader: SnapshotFileReader): void
}

/** Reads the file of one snapshot, a block at a time: no byte is given out before its block was found whole. */
export class SnapshotFileReader implements SnapshotReader {
  readonly description: SnapshotDescription
  /** Of the file. */
  readonly number: number
  readonly #host: SnapshotReaderHost
  #file: StoreFile | undefined
  /** The block that was read last, and where it begins in the data. */
  #block: Uint8Array = NOTHING
  #blockStart = 0
  #isBusy = false
  #isClosed = false
  #isLeft = false

  constructor(host: SnapshotReaderHost, number: number, description: SnapshotDescription) {
    this.#host = host
    this.number = number
    this.description = description
  }

  read(offset: number, maxBytes: number, done: ReadDone): void {
    const { folder } = this.#host
    const refusal = this.#host.refusal()
    if (refusal !== undefined) return folder.soon(() => done(refusal, NOTHING))
    invariant(!this.#isClosed, 'a snapshot reader is asked for nothing after its close')
    invariant(!this.#isBusy, 'one call of a snapshot reader is under way at a time')
    this.#isBusy = true
    const end = this.#host.begin()
    folder.soon(() => {
      this.#obtain(offset, (error) => {
        this.#isBusy = false
        const failure = error === undefined ? undefined : this.#host.fail(error)
        try {
          done(failure, failure === undefined ? this.#pieceAt(offset, maxBytes) : NOTHING)
        } finally {
          if ((this.#isClosed || this.#isLeft) && !this.#isBusy) this.#letGo()
          end()
        }
      })
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.#isBusy) this.#letGo()
  }

  /** The store closes: the file is closed, once nothing is under way. */
  leave(): void {
    this.#isLeft = true
    if (!this.#isBusy) this.#letGo()
  }

  /** The caller's own: the block stays as it was read. */
  #pieceAt(offset: number, maxBytes: number): Uint8Array {
    const from = Math.max(0, offset - this.#blockStart)
    return this.#block.slice(from, from + Math.max(1, maxBytes))
  }

  /** Sees to it that the block is there which `offset` is in. */
  #obtain(offset: number, done: Done): void {
    const start = offset - (offset % SNAPSHOT_BLOCK_BYTES)
    if (offset >= this.description.sizeBytes) {
      this.#block = NOTHING
      return done(undefined)
    }
    if (this.#block.length > 0 && this.#blockStart === start) return done(undefined)
    inOrder([(next) => this.#open(next), (next) => this.#readBlock(start, next)], done)
  }

  #open(done: Done): void {
    if (this.#file !== undefined) return done(undefined)
    this.#host.folder.open(snapshotFile(this.number), 'read', (error, file) => {
      this.#file = file
      done(error)
    })
  }

  /** With the checksum before it and the one behind it: a block in the place of another is found too. */
  #readBlock(start: number, done: Done): void {
    const file = this.#file as StoreFile
    const { sizeBytes, checksum: whole } = this.description
    const length = Math.min(SNAPSHOT_BLOCK_BYTES, sizeBytes - start)
    const before = start === 0 ? 0 : BLOCK_END_BYTES
    const bytes = Buffer.allocUnsafeSlow(before + length + BLOCK_END_BYTES)
    const position = file.size - blocksLength(sizeBytes) + blocksLength(start) - before
    file.readAt(bytes, position, (error) => {
      if (error !== undefined) return done(error)
      const view = viewOf(bytes)
      const sum = checksum(bytes.subarray(before, before + length), start === 0 ? 0 : view.getUint32(0, true))
      const isLast = start + length === sizeBytes
      if (sum !== view.getUint32(before + length, true) || (isLast && sum !== whole)) {
        const reason = 'a block of the snapshot does not match its checksum'
        return done(new CorruptStoreError(file.path, position + before, reason))
      }
      // Plain bytes: a copy of a Buffer would be none.
      this.#block = new Uint8Array(bytes.buffer, bytes.byteOffset + before, length)
      this.#blockStart = start
      done(undefined)
    })
  }

  #letGo(): void {
    const file = this.#file
    this.#file = undefined
    this.#block = NOTHING
    const end = this.#host.begin()
    const closed = (): void => {
      this.#host.noteClosed(this)
      end()
    }
    // Nothing was written through it, so there is nothing to lose.
    if (file === undefined) closed()
    else file.close(closed)
  }
}
