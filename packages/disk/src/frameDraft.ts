import type { StoreFailure } from '@quorate/core'
import { FRAME_HEAD_BYTES, type FrameKind, frameLength, sealFrame } from './frame.ts'
import type { RecordBuffer } from './record.ts'
import type { Segment } from './segment.ts'

export type WriteDone = (failure: StoreFailure | undefined) => void

/** A frame that gathers records. Its place in the log is settled from the start, so that entries can be indexed. */
export class FrameDraft {
  readonly kind: FrameKind
  readonly segment: Segment
  readonly offset: number
  readonly records: RecordBuffer
  /** Who waits for it, in the order of their calls. */
  readonly dones: WriteDone[] = []

  constructor(kind: FrameKind, segment: Segment, offset: number, records: RecordBuffer) {
    this.kind = kind
    this.segment = segment
    this.offset = offset
    this.records = records
  }

  get recordBytes(): number {
    return this.records.end - FRAME_HEAD_BYTES
  }

  /** Where the frame behind it begins. */
  get end(): number {
    return this.offset + frameLength(this.recordBytes)
  }

  /** The frame's bytes, and the checksum that the next frame chains to. */
  seal(sequence: number, chain: number, seed: number): { bytes: Uint8Array; checksum: number } {
    const length = frameLength(this.recordBytes)
    this.records.reserve(length - this.records.end)
    const bytes = this.records.bytes.subarray(0, length)
    return {
      bytes,
      checksum: sealFrame(bytes, { kind: this.kind, recordBytes: this.recordBytes, sequence, chain }, seed),
    }
  }
}
