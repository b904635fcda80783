import { type Message, type Packet, type StoreIdentity, invariant } from '@quorate/core'
import { decoding } from './decoding.ts'
import { type Tail, openFrame } from './envelope.ts'
import { MalformedFrameError } from './errors.ts'
import type { FieldReader } from './fields.ts'
import { FrameType, MAX_FRAME_BYTES } from './format.ts'
import { FrameDraft } from './frameDraft.ts'
import { readMessage } from './messageCodec.ts'

/** What one node said to another in one message of the transport. */
export interface Frame {
  readonly store: StoreIdentity
  readonly packets: readonly Packet[]
}

/**
 * The packets of `store` in as few frames as will do, none above `maxFrameBytes`. A message that does not fit moves to
 * the next frame, and an AppendEntries is continued there by another one. Frames are sent at once, never kept: they may
 * share a buffer with others.
 * @throws EntryTooLargeError when one entry alone does not fit. No frame comes back then.
 * @throws RangeError when `maxFrameBytes` is too small for a message without entries.
 */
export function encodeFrames(store: StoreIdentity, packets: readonly Packet[], maxFrameBytes: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  let draft = new FrameDraft(store, maxFrameBytes)
  for (const packet of packets) {
    invariant(packet.store === store, 'the packets of a frame come from one store')
    for (const message of packet.messages) {
      let rest = draft.add(packet, message)
      while (rest !== undefined) {
        frames.push(draft.seal())
        draft = new FrameDraft(store, maxFrameBytes)
        rest = draft.add(packet, rest)
      }
    }
  }
  if (!draft.isEmpty) frames.push(draft.seal())
  return frames
}

/**
 * Nothing that comes back refers to `bytes`: what entries there are stand in one copy of them.
 * @throws ForeignFrameError when it is not a frame at all.
 * @throws NewerFormatError when a newer version wrote it.
 * @throws MalformedFrameError when it has more than `maxBytes`, or anything else is wrong with it.
 */
export function decodeFrame(bytes: Uint8Array, maxBytes: number = MAX_FRAME_BYTES): Frame {
  return decoding(() => {
    const { fields, tail } = openFrame(bytes, FrameType.packets, maxBytes)
    const store = fields.uuid('store')
    const packets: Packet[] = []
    while (!fields.atEnd) packets.push(readPacket(fields, tail, store))
    tail.end()
    return { store, packets }
  })
}

function readPacket(fields: FieldReader, tail: Tail, store: StoreIdentity): Packet {
  const group = fields.name('packet.group')
  const groupUuid = fields.optionalUuid('packet.groupUuid')
  const count = fields.integer('packet.messages')
  if (count === 0) throw new MalformedFrameError('a packet holds no message')
  const messages: Message[] = []
  for (let left = count; left > 0; left--) messages.push(readMessage(fields, tail))
  return { group, groupUuid, store, messages }
}
