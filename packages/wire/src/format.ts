/** The one format that this version writes, and the newest that it reads. */
export const FORMAT = 1

/** Opens every frame. MessagePack never uses this byte, and no UTF-8 text contains it: not JSON, not any text. */
export const MAGIC = 0xc1

/** Magic, format and frame type. */
export const HEAD_BYTES = 3

/** The third byte of a frame. */
export const FrameType = {
  packets: 1,
  clientRequest: 2,
  clientReply: 3,
} as const

export type FrameType = (typeof FrameType)[keyof typeof FrameType]

/** The longest name and the longest UUID string. */
const MAX_NAME_LENGTH = 64

/** Frames above this are refused before anything in them is looked at. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024

/** The most that the head of an array takes. */
export const ARRAY_BYTES = 5

const COUNT_BYTES = 5
const INTEGER_BYTES = 9
const NAME_BYTES = 2 + MAX_NAME_LENGTH
/** A bootstrap.standing with two UUIDs; an AppendEntries takes at most seven integers. */
const MESSAGE_BYTES = 1 + 2 * NAME_BYTES

/** The most that a frame spends around one entry that travels alone, from node to node. */
export const FRAME_OVERHEAD_BYTES = HEAD_BYTES + ARRAY_BYTES + 3 * NAME_BYTES + COUNT_BYTES + MESSAGE_BYTES

/** The most that a client request or reply spends around its commands or entries. */
export const CLIENT_OVERHEAD_BYTES = HEAD_BYTES + ARRAY_BYTES + 5 * INTEGER_BYTES

/**
 * The largest encoded entry that fits a message of `maxPayload` bytes on every one of its ways: as a client's command,
 * from node to node, and in a client's read.
 */
export function maxEntryBytesFor(maxPayload: number): number {
  return Math.max(0, Math.min(maxPayload, MAX_FRAME_BYTES) - FRAME_OVERHEAD_BYTES)
}
