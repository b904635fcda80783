import type { Done, DoneWith, OpenFile } from '@quorate/disk'
import type { DiskCall } from './diskCall.ts'
import type { SharedDisk } from './sharedDisk.ts'
import type { SimFile } from './simFile.ts'
import { keptBytes } from './sparseBytes.ts'
import { diskError } from './diskError.ts'

/** How a process makes its calls. */
export interface Caller {
  /** `effect` is what the call does once it is made; `failed` what it does even if it fails. */
  call<Value>(call: DiskCall, done: DoneWith<Value>, effect: CallEffect<Value>, failed?: () => void): void
}

/** Does what a call is to do: all of it, or only the first `upToBytes` of what it writes. */
export type CallEffect<Value> = (upToBytes: number) => Value

/** A file that a process has open. */
export class AttachedFile implements OpenFile {
  readonly size: number
  readonly #path: string
  readonly #disk: SharedDisk
  readonly #file: SimFile
  readonly #caller: Caller
  readonly #isWritable: boolean
  #isOpen = true

  constructor(path: string, disk: SharedDisk, file: SimFile, caller: Caller, isWritable: boolean) {
    this.#path = path
    this.#disk = disk
    this.#file = file
    this.#caller = caller
    this.#isWritable = isWritable
    this.size = file.cached.length
    file.handles += 1
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  readAt(bytes: Uint8Array, position: number, done: DoneWith<number>): void {
    this.#caller.call(this.#made('read', bytes.length), done, () => {
      this.#assertOpen()
      return this.#file.cached.read(bytes, position)
    })
  }

  writeAt(bytes: Uint8Array, position: number, done: Done): void {
    this.#caller.call<void>(this.#made('write', bytes.length), settling(done), (upToBytes) => {
      this.#assertOpen()
      if (!this.#isWritable) throw diskError('EBADF', 'the file is open for reading', this.#path)
      this.#write(bytes.subarray(0, upToBytes), position)
    })
  }

  flush(done: Done): void {
    const before = this.#disk.state.count
    const end = (kind: 'flushed' | 'flushFailed'): void => {
      this.#assertOpen()
      this.#disk.apply({ kind, at: this.#disk.state.count, file: this.#file.id, before })
    }
    const call = this.#made('flush', 0)
    this.#caller.call<void>(
      call,
      settling(done),
      () => end('flushed'),
      () => end('flushFailed'),
    )
  }

  /** A file is closed also when that fails. */
  close(done: Done): void {
    const close = (): void => {
      this.#assertOpen()
      this.leave()
    }
    this.#caller.call<void>(this.#made('close', 0), settling(done), close, close)
  }

  /** The handle is gone, without a call. */
  leave(): void {
    if (this.#isOpen) this.#file.handles -= 1
    this.#isOpen = false
  }

  #made(kind: DiskCall['kind'], bytes: number): DiskCall {
    return { kind, path: this.#path, bytes }
  }

  /** A full disk takes what fits. */
  #write(bytes: Uint8Array, position: number): void {
    const { cached, id } = this.#file
    let taken = bytes
    if (this.#disk.capacityBytes < Infinity) {
      const room = Math.max(0, this.#disk.capacityBytes - this.#disk.usedBytes)
      taken = bytes.subarray(0, Math.max(0, cached.length + room - position))
    }
    if (taken.length > 0) {
      this.#disk.apply({ kind: 'written', at: this.#disk.state.count, file: id, position, bytes: keptBytes(taken) })
    }
    if (taken.length < bytes.length) throw diskError('ENOSPC', 'no space left on the disk', this.#path)
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw diskError('EBADF', 'the file was closed before', this.#path)
  }
}

/** For a call that says nothing but that it is done. */
export function settling(done: Done): DoneWith<void> {
  return (...[error]) => done(error)
}
