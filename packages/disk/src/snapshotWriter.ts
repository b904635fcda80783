import {
  type GroupId,
  type SnapshotDescription,
  type SnapshotDraft,
  type SnapshotHead,
  type StoreFailure,
  type StoreIdentity,
  type StoredSnapshot,
  invariant,
} from '@quorate/core'
import type { Done } from './filePort.ts'
import type { Folder, StoreFile } from './folder.ts'
import { checksum, viewOf } from './layout.ts'
import { inOrder } from './sequence.ts'
import {
  BLOCK_END_BYTES,
  SNAPSHOT_BLOCK_BYTES,
  encodeSnapshotStart,
  firstBlockAt,
  snapshotDraftFile,
  snapshotFile,
} from './snapshotFile.ts'

/** So many bytes are flushed at a time: the flushes of the log share the disk with them. */
const FLUSHED_BYTES = 4 * SNAPSHOT_BLOCK_BYTES

/** What becomes of a snapshot that is being written. */
export interface SnapshotWriterHost {
  readonly folder: Folder
  readonly identity: StoreIdentity
  /** Why nothing is written any more; undefined while all is well. */
  refusal(): StoreFailure | undefined
  /** A call failed: for the store that is final. */
  fail(error: Error): StoreFailure
  /** A call begins; what comes back ends it. */
  begin(): () => void
  noteFinished(writer: SnapshotWriter, description: SnapshotDescription): void
  /** It is not wanted, and nothing of it is under way. `file` is what stands of it. */
  drop(writer: SnapshotWriter, file: string | undefined): void
}

/** Writes the file of one snapshot, block by block. */
export class SnapshotWriter implements SnapshotDraft {
  readonly group: GroupId
  /** Of the file. */
  readonly number: number
  readonly #head: SnapshotHead
  readonly #host: SnapshotWriterHost
  readonly #block = Buffer.allocUnsafeSlow(SNAPSHOT_BLOCK_BYTES + BLOCK_END_BYTES)
  /** What of the block is filled. */
  #filled = 0
  #sizeBytes = 0
  #checksum = 0
  /** Where the block goes. */
  #blockAt: number
  #flushedEnd = 0
  #file: StoreFile | undefined
  #isBusy = false
  #isDiscarded = false
  #isLeft = false
  #isFinished = false
  /** What of it stands in the folder. */
  #name: string | undefined

  constructor(
    host: SnapshotWriterHost,
    { group, head, number }: { group: GroupId; head: SnapshotHead; number: number },
  ) {
    this.#host = host
    this.group = group
    this.#head = head
    this.number = number
    this.#blockAt = firstBlockAt(group, head)
  }

  write(bytes: Uint8Array, done: (failure: StoreFailure | undefined) => void): void {
    invariant(!this.#isFinished, `a snapshot of group ${this.group} takes no more when it is finished`)
    this.#call((next) => inOrder([(opened) => this.#open(opened), (taken) => this.#take(bytes, 0, taken)], next), done)
  }

  finish(done: (failure: StoreFailure | undefined, snapshot: StoredSnapshot | undefined) => void): void {
    invariant(!this.#isFinished, `a snapshot of group ${this.group} is finished once`)
    this.#isFinished = true
    this.#call(
      (next) => this.#finish(next),
      (failure) => {
        if (failure !== undefined) return done(failure, undefined)
        const description = this.#description
        if (!this.#isDiscarded) this.#host.noteFinished(this, description)
        done(undefined, { description, key: this.number })
      },
    )
  }

  discard(): void {
    if (this.#isDiscarded) return
    this.#isDiscarded = true
    if (!this.#isBusy) this.#drop()
  }

  /** The store closes: the file is left as it is, once nothing is under way. */
  leave(): void {
    this.#isLeft = true
    if (!this.#isBusy) this.#closeFile()
  }

  get #description(): SnapshotDescription {
    const { lastIncluded, lastTime, configuration } = this.#head
    return { lastIncluded, lastTime, configuration, sizeBytes: this.#sizeBytes, checksum: this.#checksum }
  }

  /** Takes the step in a later turn: what it needs from the disk may be nothing. */
  #call(step: (done: Done) => void, done: (failure: StoreFailure | undefined) => void): void {
    invariant(!this.#isDiscarded, `a snapshot of group ${this.group} takes no more when it was discarded`)
    invariant(!this.#isBusy, `one call for a snapshot of group ${this.group} is under way at a time`)
    const { folder } = this.#host
    const refusal = this.#host.refusal()
    if (refusal !== undefined) return folder.soon(() => done(refusal))
    this.#isBusy = true
    const end = this.#host.begin()
    folder.soon(() => {
      step((error) => {
        this.#isBusy = false
        const failure = error === undefined ? undefined : this.#host.fail(error)
        try {
          done(failure)
        } finally {
          if (!this.#isBusy) this.#rest()
          end()
        }
      })
    })
  }

  /** What was asked for while a call was under way. */
  #rest(): void {
    if (this.#isLeft) this.#closeFile()
    else if (this.#isDiscarded) this.#drop()
  }

  #open(done: Done): void {
    if (this.#file !== undefined) return done(undefined)
    const name = snapshotDraftFile(this.number)
    this.#host.folder.open(name, 'create', (error, file) => {
      if (error !== undefined) return done(error)
      this.#file = file
      this.#name = name
      done(undefined)
    })
  }

  /** The bytes from `from` on, as many as fit the block, and then the others. */
  #take(bytes: Uint8Array, from: number, done: Done): void {
    const piece = bytes.subarray(from, from + SNAPSHOT_BLOCK_BYTES - this.#filled)
    this.#block.set(piece, this.#filled)
    this.#filled += piece.length
    this.#sizeBytes += piece.length
    this.#checksum = checksum(piece, this.#checksum)
    if (this.#filled < SNAPSHOT_BLOCK_BYTES) return done(undefined)
    inOrder(
      [
        (next) => this.#writeBlock(next),
        (next) => this.#flushNowAndThen(next),
        (next) => this.#take(bytes, from + piece.length, next),
      ],
      done,
    )
  }

  #writeBlock(done: Done): void {
    if (this.#filled === 0) return done(undefined)
    const length = this.#filled + BLOCK_END_BYTES
    viewOf(this.#block).setUint32(this.#filled, this.#checksum, true)
    this.#file?.writeAt(this.#block.subarray(0, length), this.#blockAt, (error) => {
      this.#blockAt += length
      this.#filled = 0
      done(error)
    })
  }

  #flushNowAndThen(done: Done): void {
    if (this.#sizeBytes - this.#flushedEnd < FLUSHED_BYTES) return done(undefined)
    this.#flushedEnd = this.#sizeBytes
    this.#file?.flush(done)
  }

  #finish(done: Done): void {
    const { folder, identity } = this.#host
    const [draft, name] = [snapshotDraftFile(this.number), snapshotFile(this.number)]
    const start = (): Uint8Array =>
      encodeSnapshotStart({ identity, number: this.number, group: this.group }, this.#description)
    inOrder(
      [
        (next) => this.#open(next),
        (next) => this.#writeBlock(next),
        (next) => this.#file?.writeAt(start(), 0, next),
        (next) => this.#file?.flush(next),
        (next) => this.#close(next),
        (next) => folder.rename(draft, name, next),
        (next) => {
          this.#name = name
          folder.flush(next)
        },
      ],
      done,
    )
  }

  #close(done: Done): void {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) done(undefined)
    else file.close(done)
  }

  /** Whatever becomes of the handle: what is in the file is of no use, or was flushed. */
  #closeFile(then: () => void = () => {}): void {
    const end = this.#host.begin()
    this.#close(() => {
      then()
      end()
    })
  }

  #drop(): void {
    this.#closeFile(() => this.#host.drop(this, this.#name))
  }
}
