import type { Index, LogPosition, SnapshotHead, Term } from '@quorate/core'
import { sampleConfiguration, sampleNoOp } from '../sampleEntries.ts'

/** What a snapshot up to this entry says, where all entries are samples. */
export function sampleHead(index: Index, term: Term): SnapshotHead {
  const placedAt = Math.ceil(index / 2)
  const { configuration } = sampleConfiguration(placedAt, term)
  return {
    lastIncluded: { index, term },
    lastTime: sampleNoOp(index, term).time,
    configuration: { index: placedAt, configuration },
  }
}

/** The state machine's part of a sample: so many bytes that no other index or term has. */
export function sampleState({ index, term }: LogPosition, sizeBytes: number): Uint8Array {
  let state = index * 7919 + term + 1
  return Uint8Array.from({ length: sizeBytes }, () => {
    state = (state * 1_103_515_245 + 12_345) % 0x8000_0000
    return state >>> 16
  })
}
