import { QuorateError } from '@quorate/core'

/** What the store holds is not what was written. It is opened no further, and nothing in it is overwritten. */
export class CorruptStoreError extends QuorateError {
  readonly code = 'CORRUPT_STORE'
  readonly file: string
  /** Where in the file, in bytes. */
  readonly offset: number
  readonly reason: string

  constructor(file: string, offset: number, reason: string, options?: ErrorOptions) {
    super(
      `${file} is damaged at byte ${offset}: ${reason}. Nothing was changed. Keep the folder for inspection, and ` +
        'bring back a copy of it, or replace this server by a new one with an empty folder.',
      options,
    )
    this.file = file
    this.offset = offset
    this.reason = reason
  }
}

/** Something else stands where the store has its files. */
export class ForeignStoreError extends QuorateError {
  readonly code = 'FOREIGN_STORE'
  readonly file: string

  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`${file} does not belong to this store: ${why}. Nothing was changed. Check the folder.`, options)
    this.file = file
  }
}

/** A newer version of Quorate wrote the store. */
export class NewerStoreFormatError extends QuorateError {
  readonly code = 'NEWER_STORE_FORMAT'
  readonly file: string
  readonly format: number
  /** The newest format that this version reads. */
  readonly supported: number

  constructor(file: string, format: number, supported: number, options?: ErrorOptions) {
    super(`${file} has format ${format}, this version reads up to format ${supported}. Upgrade Quorate here.`, options)
    this.file = file
    this.format = format
    this.supported = supported
  }
}

/** Another store object, of this process or another, has the folder open. */
export class StoreLockedError extends QuorateError {
  readonly code = 'STORE_LOCKED'
  readonly folder: string
  /** The process that holds it, when it said so. */
  readonly holderPid: number | undefined

  constructor(folder: string, holderPid: number | undefined, options?: ErrorOptions) {
    const holder = holderPid === undefined ? 'another process' : `process ${holderPid}`
    super(`${folder} is in use by ${holder}. One process at a time may open a store; close it there first.`, options)
    this.folder = folder
    this.holderPid = holderPid
  }
}

/** What the store was doing when the operating system refused. */
export type StorageOperation =
  | 'make folder'
  | 'list'
  | 'lock'
  | 'open'
  | 'read'
  | 'write'
  | 'flush'
  | 'close'
  | 'rename'
  | 'remove'
  | 'flush folder'

/** The disk refused. Final: what reached it is unknown, so the store does nothing more until it is opened anew. */
export class StorageFailedError extends QuorateError {
  readonly code = 'STORAGE_FAILED'
  readonly operation: StorageOperation
  readonly file: string
  /** What the operating system said, for example `ENOSPC`. */
  readonly systemCode: string | undefined

  constructor(operation: StorageOperation, file: string, cause: Error) {
    const systemCode = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
    super(
      `${operation} failed on ${file}: ${cause.message}. The store has stopped. Nothing that was reported as flushed ` +
        'is lost; see to the disk, then open the store again.',
      { cause },
    )
    this.operation = operation
    this.file = file
    this.systemCode = systemCode
  }
}

/** The store was closed before it was asked. */
export class StoreClosedError extends QuorateError {
  readonly code = 'STORE_CLOSED'
  readonly folder: string

  constructor(folder: string, options?: ErrorOptions) {
    super(`the store in ${folder} is closed. Open it again to go on.`, options)
    this.folder = folder
  }
}
