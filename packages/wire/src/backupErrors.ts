import { QuorateError } from '@quorate/core'

/** It does not begin as a backup does: something else stands in this file. */
export class ForeignBackupError extends QuorateError {
  readonly code = 'FOREIGN_BACKUP'

  constructor(why: string, options?: ErrorOptions) {
    super(`this is no backup of Quorate: ${why}. Check the name of the file.`, options)
  }
}

/** A newer version of Quorate wrote it. */
export class NewerBackupError extends QuorateError {
  readonly code = 'NEWER_BACKUP'
  /** The format that is needed at least. */
  readonly format: number
  /** The newest format that this version reads. */
  readonly supported: number

  constructor(format: number, supported: number, options?: ErrorOptions) {
    super(
      `the backup has format ${format}, this version reads up to format ${supported}. Upgrade Quorate here.`,
      options,
    )
    this.format = format
    this.supported = supported
  }
}

/** What stands in it is not what was written. */
export class DamagedBackupError extends QuorateError {
  readonly code = 'DAMAGED_BACKUP'
  /** Where the part begins that cannot be read, in bytes. */
  readonly offset: number
  readonly reason: string

  constructor(offset: number, reason: string, options?: ErrorOptions) {
    super(`the backup is damaged at byte ${offset}: ${reason}. Take another copy of it, or an earlier backup.`, options)
    this.offset = offset
    this.reason = reason
  }
}

/** It ends before its end: the process that wrote it was stopped, or the copy was. */
export class BackupCutShortError extends QuorateError {
  readonly code = 'BACKUP_CUT_SHORT'
  /** How many bytes there are. */
  readonly sizeBytes: number

  constructor(sizeBytes: number, options?: ErrorOptions) {
    super(
      `the backup was cut short: it ends at byte ${sizeBytes}, and its end is missing. Take a whole copy, or an earlier backup.`,
      options,
    )
    this.sizeBytes = sizeBytes
  }
}
