import type { StoreIdentity } from '@quorate/core'
import type { StorageFailedError } from './errors.ts'
import type { DiskEvent } from './events.ts'
import type { Done } from './filePort.ts'
import type { Folder } from './folder.ts'
import { type Segment, segmentFile, usualSegmentBytes } from './segment.ts'
import { makeSegment } from './segmentMaker.ts'

/** The segment behind the last, while it is made or once it stands. */
interface Prepared {
  readonly segment: Segment
  isSettled: boolean
  error: Error | undefined
  waiting: Done | undefined
}

export interface SegmentChainOptions {
  readonly folder: Folder
  readonly identity: StoreIdentity
  readonly segmentBytes: number
  readonly log: (event: DiskEvent) => void
}

/** Makes the segments, each ahead of its time, so that no write waits for it. */
export class SegmentChain {
  readonly #folder: Folder
  readonly #identity: StoreIdentity
  readonly #segmentBytes: number
  readonly #log: (event: DiskEvent) => void
  #prepared: Prepared | undefined

  /** `standing`: what an earlier use of the store prepared and did not begin. */
  constructor({ folder, identity, segmentBytes, log }: SegmentChainOptions, standing: Segment | undefined) {
    this.#folder = folder
    this.#identity = identity
    this.#segmentBytes = segmentBytes
    this.#log = log
    if (standing === undefined) return
    this.#prepared = { segment: standing, isSettled: true, error: undefined, waiting: undefined }
  }

  /** What segment `number` will be if it has to take `atLeast` bytes. */
  plan(number: number, atLeast: number): Segment {
    const prepared = this.#prepared?.segment
    if (prepared?.number === number && prepared.bytes >= atLeast) return prepared
    return { number, bytes: Math.max(usualSegmentBytes(number, this.#segmentBytes), atLeast) }
  }

  /** Begins to make segment `number`, unless that was begun before. */
  prepare(number: number): void {
    if (this.#prepared?.segment.number === number) return
    const prepared: Prepared = { segment: this.plan(number, 0), isSettled: false, error: undefined, waiting: undefined }
    this.#prepared = prepared
    makeSegment(this.#folder, prepared.segment, this.#identity, (error) => {
      prepared.isSettled = true
      prepared.error = error
      const file = this.#folder.pathOf(segmentFile(number))
      if (error !== undefined) this.#log({ type: 'preparation.failed', file, error: error as StorageFailedError })
      prepared.waiting?.(undefined)
    })
  }

  /** Sees to it that the planned segment stands. */
  obtain(segment: Segment, done: Done): void {
    this.whenQuiet(() => {
      const { segment: standing, error } = this.#prepared ?? {}
      if (standing === segment && error === undefined) done(undefined)
      else makeSegment(this.#folder, segment, this.#identity, done)
    })
  }

  /** Calls back once nothing is being made. */
  whenQuiet(done: Done): void {
    const prepared = this.#prepared
    if (prepared === undefined || prepared.isSettled) done(undefined)
    else prepared.waiting = done
  }
}
