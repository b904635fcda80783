import { QuorateError } from '@quorate/core'

/** The bytes were never ours: something else speaks on this subject, or stands in this file. */
export class ForeignFrameError extends QuorateError {
  readonly code = 'FOREIGN_FRAME'
  /** What the bytes look like, for a log line. */
  readonly looksLike: string

  constructor(looksLike: string, options?: ErrorOptions) {
    super(`received ${looksLike} instead of a frame of Quorate. Check that nothing else uses its subjects.`, options)
    this.looksLike = looksLike
  }
}

/** A newer version of Quorate wrote it. */
export class NewerFormatError extends QuorateError {
  readonly code = 'NEWER_FORMAT'
  /** The format that is needed at least. */
  readonly format: number
  /** The newest format that this version reads. */
  readonly supported: number

  constructor(format: number, supported: number, options?: ErrorOptions) {
    super(`received format ${format}, this version reads up to format ${supported}. Upgrade Quorate here.`, options)
    this.format = format
    this.supported = supported
  }
}

/** Ours by its first bytes, but damaged, cut short, forged or in the wrong place. */
export class MalformedFrameError extends QuorateError {
  readonly code = 'MALFORMED_FRAME'
  readonly reason: string

  constructor(reason: string, options?: ErrorOptions) {
    super(`received a frame that cannot be read: ${reason}`, options)
    this.reason = reason
  }
}
