import { describe, expect, test } from 'vitest'
import {
  ForeignFrameError,
  MAX_FRAME_BYTES,
  MalformedFrameError,
  NewerFormatError,
  decodeClientReply,
  decodeClientRequest,
  decodeEntry,
  decodeFrame,
  encodeClientReply,
  encodeClientRequest,
  encodeEntry,
  encodeFrames,
} from '@quorate/wire'
import { Generator } from './generator.ts'
import { plain } from './samples.ts'

const INPUTS = 20_000

type Decode = (bytes: Uint8Array) => unknown

/** Something sound of each kind, and what reads it. */
function sample(generator: Generator): { bytes: Uint8Array; decode: Decode } {
  const store = generator.uuid()
  switch (generator.below(5)) {
    case 0:
      return { bytes: encodeClientRequest(1, generator.request()), decode: decodeClientRequest }
    case 1:
      return { bytes: encodeClientReply(1, generator.reply()), decode: decodeClientReply }
    case 2:
      return { bytes: encodeEntry(generator.entry(1 + generator.integer(), generator.integer())), decode: decodeEntry }
    default: {
      const [frame] = encodeFrames(store, [generator.packet(store), generator.packet(store)], MAX_FRAME_BYTES)
      return { bytes: frame!, decode: decodeFrame }
    }
  }
}

/** Bits flipped, bytes exchanged for ones with a meaning, a part cut out or doubled, or the head alone kept. */
function damaged(generator: Generator, bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes)
  const at = generator.below(copy.length)
  const upTo = at + generator.below(copy.length - at + 1)
  switch (generator.below(6)) {
    case 0:
      copy[at]! ^= 1 << generator.below(8)
      return copy
    case 1:
      for (let left = 1 + generator.below(8); left > 0; left--)
        copy[generator.below(copy.length)] = generator.below(256)
      return copy
    case 2:
      copy[at] = generator.pick([0x80, 0x90, 0xc1, 0xc4, 0xc6, 0xc7, 0xcb, 0xcf, 0xd4, 0xd9, 0xdb, 0xdd, 0xdf, 0xff])
      return copy
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(upTo)])
    case 4:
      return Buffer.concat([copy.subarray(0, upTo), copy.subarray(at)])
    default:
      return Buffer.concat([copy.subarray(0, 3), Buffer.from(Array.from({ length: 60 }, () => generator.below(256)))])
  }
}

/** What became of `bytes`; anything but a result or one of the three errors fails the test. */
function outcome(bytes: Uint8Array, decode: Decode): 'read' | 'foreign' | 'newer' | 'malformed' {
  try {
    decode(bytes)
    return 'read'
  } catch (error) {
    if (error instanceof ForeignFrameError) return 'foreign'
    if (error instanceof NewerFormatError) return 'newer'
    // A cause would mean that msgpackr met what the scan let through.
    if (error instanceof MalformedFrameError && error.cause === undefined) return 'malformed'
    throw error
  }
}

describe('whatever arrives', () => {
  test.each([1, 2, 3])(`${INPUTS} damaged inputs end in one of the three errors, or are sound: seed %i`, (seed) => {
    const generator = new Generator(seed)
    const counts = { read: 0, foreign: 0, newer: 0, malformed: 0 }
    let longestMs = 0
    for (let input = 0; input < INPUTS; input++) {
      const { bytes, decode } = sample(generator)
      const hostile = damaged(generator, bytes)
      const begin = performance.now()
      counts[outcome(hostile, decode)]++
      longestMs = Math.max(longestMs, performance.now() - begin)
    }
    // Each of them came up, so the damage reaches every way out.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50)
    expect(longestMs).toBeLessThan(1000)
  })

  test('what is read from damaged bytes can be encoded and read again', () => {
    const generator = new Generator(4)
    for (let input = 0; input < INPUTS / 5; input++) {
      const store = generator.uuid()
      const [frame] = encodeFrames(store, [generator.packet(store)], MAX_FRAME_BYTES)
      const hostile = damaged(generator, frame!)
      if (outcome(hostile, decodeFrame) !== 'read') continue
      const read = decodeFrame(hostile)
      for (const again of encodeFrames(read.store, read.packets, MAX_FRAME_BYTES)) {
        expect(plain(decodeFrame(again))).toEqual(plain(read))
      }
    }
  })

  test('a sound frame is read right after every kind of damage', () => {
    const generator = new Generator(5)
    const { bytes, decode } = sample(generator)
    const before = decode(bytes)
    for (let input = 0; input < 1000; input++) {
      outcome(damaged(generator, bytes), decode)
      expect(decode(bytes)).toEqual(before)
    }
  })

  test('the worst that a message of 1 MiB can ask for is soon done', () => {
    const bodies = {
      // Half a million messages of two bytes each.
      inquiries: [0xa1, 0x73, 0xa1, 0x67, 0xc0, 0xce, 0, 0x07, 0x80, 0],
      packets: [0xa1, 0x73],
    }
    const many = 0x0f0000
    const inquiries = Buffer.alloc(many, Buffer.from([0x10, 0xc0]))
    const packets = Buffer.alloc(many - (many % 6), Buffer.from([0xa1, 0x67, 0xc0, 1, 0x10, 0xc0]))
    const frames = [
      Buffer.concat([arrayOf(4 + many), Buffer.from(bodies.inquiries), inquiries]),
      Buffer.concat([arrayOf(1 + (packets.length / 6) * 5), Buffer.from(bodies.packets), packets]),
    ]
    for (const frame of frames) {
      const begin = performance.now()
      expect(outcome(frame, decodeFrame)).toBe('read')
      expect(performance.now() - begin).toBeLessThan(2000)
    }
  })
})

/** The head of a frame from node to node whose array has `length` elements. */
function arrayOf(length: number): Buffer {
  const head = Buffer.from([0xc1, 1, 1, 0xdd, 0, 0, 0, 0])
  head.writeUInt32BE(length, 4)
  return head
}
