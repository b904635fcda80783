import { CorruptStoreError } from './errors.ts'
import { FRAME_HEAD_BYTES, type FrameHead, lacksSectors, readFrameHead } from './frame.ts'
import { SECTOR_BYTES, endOfContent, firstNonZero } from './layout.ts'

/** What stands from the end of the whole frames on. */
export interface Remainder {
  readonly file: string
  /** The segment. */
  readonly bytes: Uint8Array
  /** Where the next frame would begin. */
  readonly offset: number
  /** The head that stands there, if one does. */
  readonly head: FrameHead | undefined
  /** The frame that would begin here. */
  readonly expected: { readonly sequence: number; readonly chain: number }
  readonly seed: number
}

/**
 * Why what is there may be cut off, as the rest of a write that never was reported as flushed; undefined when there is
 * nothing but zeros. docs/format.md argues each case.
 * @throws CorruptStoreError when it may have been reported as flushed.
 */
export function judgeRemainder(remainder: Remainder): string | undefined {
  const { bytes, offset, head, file } = remainder
  if (endOfContent(bytes, offset) === offset) return undefined
  assertNoFrameBehind(remainder)
  if (head !== undefined) return judgeWithHead(remainder, head)
  if (bytes[offset] === 0) return 'the beginning of the last write is not there'
  if (endOfContent(bytes, offset) <= offset + FRAME_HEAD_BYTES) return 'the last write ends within its head'
  throw new CorruptStoreError(file, offset, 'the head of a frame does not match its checksum')
}

function judgeWithHead({ bytes, offset, expected, file, seed }: Remainder, head: FrameHead): string {
  if (head.sequence !== expected.sequence || head.chain !== expected.chain) {
    throw new CorruptStoreError(file, offset, `frame ${head.sequence} stands where frame ${expected.sequence} should`)
  }
  if (offset + head.length > bytes.length) throw new CorruptStoreError(file, offset, 'a frame is longer than its file')
  if (lacksSectors(bytes.subarray(offset, offset + head.length), head, seed))
    return 'parts of the last write are not there'
  throw new CorruptStoreError(file, offset, 'a frame does not match its checksum')
}

/** A frame is written only once the one before it is flushed: whatever has a frame behind it was reported as flushed. */
function assertNoFrameBehind({ bytes, offset, expected, seed, file }: Remainder): void {
  const behind = findFrame(bytes, offset + SECTOR_BYTES, expected.sequence, seed)
  if (behind === undefined) return
  throw new CorruptStoreError(file, offset, `no frame can be read here, and a later one stands at byte ${behind}`)
}

/** Where the first frame begins whose sequence number is `from` or later; undefined when none does. */
export function findFrame(bytes: Uint8Array, start: number, from: number, seed: number): number | undefined {
  for (let offset = start; offset + SECTOR_BYTES <= bytes.length; offset += SECTOR_BYTES) {
    if (bytes[offset] === 0) continue
    const head = readFrameHead(bytes, offset, seed)
    if (head !== undefined && head.sequence >= from) return offset
  }
  return undefined
}

/** Whether nothing but zeros stands from `offset` on. */
export function isBlank(bytes: Uint8Array, offset: number): boolean {
  return firstNonZero(bytes, offset, bytes.length) === -1
}
