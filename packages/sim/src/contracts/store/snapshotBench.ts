import type { SnapshotDraft, SnapshotReader, StoreFailure, StoredSnapshot } from '@quorate/core'
import type { Callbacks, Expected } from '../callbacks.ts'
import { ContractBrokenError } from '../contractBrokenError.ts'

type Failed = readonly [failure: StoreFailure | undefined]
type Finished = readonly [failure: StoreFailure | undefined, snapshot: StoredSnapshot | undefined]
type PieceRead = readonly [failure: StoreFailure | undefined, bytes: Uint8Array]

/** No piece is this large: what a store gives at a time is up to it. */
const ALL_BYTES = 1e9

/** A snapshot that is being written, as the cases deal with it. */
export class DraftBench {
  readonly #callbacks: Callbacks
  readonly #what: string
  readonly #draft: SnapshotDraft

  constructor(callbacks: Callbacks, what: string, draft: SnapshotDraft) {
    this.#callbacks = callbacks
    this.#what = what
    this.#draft = draft
  }

  /** Hands a piece over, and does not wait. */
  beginWrite(bytes: Uint8Array): Expected<Failed> {
    const expected = this.#callbacks.expect<Failed>(`the write of ${bytes.length} bytes to ${this.#what}`)
    this.#callbacks.during(expected.name, () => this.#draft.write(bytes, (failure) => expected.callback(failure)))
    return expected
  }

  async write(bytes: Uint8Array): Promise<void> {
    const expected = this.beginWrite(bytes)
    const [failure] = await this.#callbacks.valuesOf(expected)
    if (failure !== undefined) throw failed(expected.name, failure)
  }

  async finish(): Promise<StoredSnapshot> {
    const expected = this.#callbacks.expect<Finished>(`the end of ${this.#what}`)
    this.#callbacks.during(expected.name, () =>
      this.#draft.finish((failure, snapshot) => expected.callback(failure, snapshot)),
    )
    const [failure, snapshot] = await this.#callbacks.valuesOf(expected)
    if (failure !== undefined) throw failed(expected.name, failure)
    if (snapshot === undefined) throw new ContractBrokenError(`${expected.name} came with neither failure nor snapshot`)
    return snapshot
  }

  discard(): void {
    this.#callbacks.during(`discarding ${this.#what}`, () => this.#draft.discard())
  }
}

/** A snapshot that is open, as the cases deal with it. */
export class ReaderBench {
  readonly #callbacks: Callbacks
  readonly #what: string
  readonly #reader: SnapshotReader

  constructor(callbacks: Callbacks, what: string, reader: SnapshotReader) {
    this.#callbacks = callbacks
    this.#what = what
    this.#reader = reader
  }

  /** Asks for a piece, and does not wait. */
  beginRead(offset: number, maxBytes: number): Expected<PieceRead> {
    const name = `a read of ${this.#what} (from byte ${offset}, at most ${maxBytes} bytes)`
    const expected = this.#callbacks.expect<PieceRead>(name)
    this.#callbacks.during(name, () =>
      this.#reader.read(offset, maxBytes, (failure, bytes) => expected.callback(failure, bytes)),
    )
    return expected
  }

  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    const expected = this.beginRead(offset, maxBytes)
    const [failure, bytes] = await this.#callbacks.valuesOf(expected)
    if (failure !== undefined) throw failed(expected.name, failure)
    return bytes
  }

  /** From the first byte to the last. */
  async readAll(): Promise<Uint8Array> {
    const { sizeBytes } = this.#reader.description
    const bytes = new Uint8Array(sizeBytes)
    for (let offset = 0; offset < sizeBytes;) {
      const piece = await this.read(offset, ALL_BYTES)
      const isSound = piece.length > 0 && offset + piece.length <= sizeBytes
      if (!isSound) throw new ContractBrokenError(`at byte ${offset} of ${sizeBytes} ${piece.length} bytes came`)
      bytes.set(piece, offset)
      offset += piece.length
    }
    return bytes
  }

  close(): void {
    this.#callbacks.during(`closing ${this.#what}`, () => this.#reader.close())
  }
}

function failed(name: string, { error }: StoreFailure): ContractBrokenError {
  return new ContractBrokenError(`${name} failed, on a store that is well: ${error.message}`)
}
