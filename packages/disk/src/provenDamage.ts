import { FRAME_HEAD_BYTES, type FrameHead, lacksSectors } from './frame.ts'
import { checksum } from './layout.ts'
import {
  ENTRY_HEAD_BYTES,
  type RecordReceiver,
  SenselessRecord,
  entryFault,
  readRecords,
  storedChecksum,
} from './record.ts'

interface Suspect {
  readonly offset: number
  readonly length: number
}

/**
 * Of a frame whose body does not match its checksum: where the bytes of entries begin that are damaged, if it is proven that
 * nothing else is; undefined otherwise. CRC-32 is linear, so what the whole body had for a checksum follows from the bytes
 * around an entry and the checksum that the entry itself had, which stands before it. Whatever else was changed makes the sum not fit.
 */
export function provenDamage(frame: Uint8Array, head: FrameHead, seed: number): readonly number[] | undefined {
  // What did not arrive as a whole is judged by whether anything stands behind it.
  if (lacksSectors(frame, head, seed)) return undefined
  const suspects = suspectsIn(frame, head.recordBytes)
  if (suspects.length === 0 || bodyChecksumWithout(frame, suspects, seed) !== head.bodyChecksum) return undefined
  return suspects.map(({ offset }) => offset)
}

function suspectsIn(frame: Uint8Array, recordBytes: number): Suspect[] {
  const suspects: Suspect[] = []
  const look = (offset: number, length: number): void => {
    if (entryFault(frame, offset - ENTRY_HEAD_BYTES, length) !== undefined) suspects.push({ offset, length })
  }
  const receiver: RecordReceiver = {
    takeGroup: () => {},
    takeHardState: () => {},
    takeTruncation: () => {},
    takeSnapshot: () => {},
    takeEntries: () => {},
    takeEntry: look,
    takeRepair: (_number, _index, offset, length) => look(offset, length),
  }
  try {
    readRecords(frame, FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + recordBytes, receiver)
  } catch (error) {
    if (error instanceof SenselessRecord || error instanceof RangeError) return []
    throw error
  }
  return suspects
}

/** What the body's checksum was, were the bytes of the suspects those that their own checksums are of. */
function bodyChecksumWithout(frame: Uint8Array, suspects: readonly Suspect[], seed: number): number {
  let sum = seed
  let at = FRAME_HEAD_BYTES
  for (const { offset, length } of suspects) {
    sum = combined(checksum(frame.subarray(at, offset), sum), storedChecksum(frame, offset), length)
    at = offset + length
  }
  return checksum(frame.subarray(at), sum)
}

/** The CRC-32 of bytes that have `a`, with so many behind them that have `b`. */
export function combined(a: number, b: number, length: number): number {
  const zeros = new Uint8Array(length)
  return (checksum(zeros, a) ^ checksum(zeros, 0) ^ b) >>> 0
}
