import { type Configuration, type InstallSnapshot, type Packet, installSnapshotBytes } from '@quorate/core'
import { describe, expect, test } from 'vitest'
import {
  MalformedFrameError,
  decodeFrame,
  decodeSnapshotHead,
  encodeFrames,
  encodeSnapshotHead,
  maxEntryBytesFor,
} from '@quorate/wire'
import { CONFIGURATION, STORE, installSnapshot, packetOf, plain, thrownBy } from './samples.ts'

const HEAD = installSnapshot().description
const LONGEST = 'x'.repeat(64)

function piece(data: Uint8Array, parts: Partial<InstallSnapshot> = {}): Uint8Array {
  const [frame] = encodeFrames(STORE, [packetOf({ ...installSnapshot(), data, ...parts })], 1024 * 1024)
  return frame!
}

function reasonOf(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): string {
  const error = thrownBy(() => decode(bytes))
  expect(error).toBeInstanceOf(MalformedFrameError)
  return (error as MalformedFrameError).reason
}

describe('the head of a snapshot', () => {
  test('comes back as it was, and refers to nothing of the bytes', () => {
    const { lastIncluded, lastTime, configuration } = HEAD
    const bytes = new Uint8Array(encodeSnapshotHead(HEAD))
    const head = decodeSnapshotHead(bytes)
    bytes.fill(0)
    expect(plain(head)).toEqual(plain({ lastIncluded, lastTime, configuration }))
  })

  test('is encoded once for all pieces', () => {
    expect(encodeSnapshotHead(HEAD)).toBe(encodeSnapshotHead(HEAD))
  })

  test.each([
    ['no entry', { lastIncluded: { index: 0, term: 0 } }, 'includes no entry'],
    ['a configuration behind it', { configuration: { index: 301, configuration: CONFIGURATION } }, 'of entry 301'],
    ['a configuration of no entry', { configuration: { index: 0, configuration: CONFIGURATION } }, 'of entry 0'],
  ])('of %s is refused', (_, parts, reason) => {
    expect(reasonOf(encodeSnapshotHead({ ...HEAD, ...parts }), decodeSnapshotHead)).toContain(reason)
  })

  test('with anything behind it, cut off anywhere, or of numbers that are none, is refused', () => {
    const bytes = encodeSnapshotHead(HEAD)
    expect(reasonOf(Buffer.concat([bytes, Buffer.from([0x90])]), decodeSnapshotHead)).toContain('bytes follow')
    for (let end = 0; end < bytes.length; end++) reasonOf(bytes.subarray(0, end), decodeSnapshotHead)
    expect(() => encodeSnapshotHead({ ...HEAD, lastTime: 0.5 })).toThrow('whole numbers')
  })
})

describe('a piece of a snapshot', () => {
  test('with any of its bits turned is refused, or says the same', () => {
    const data = Uint8Array.from({ length: 40 }, (_, place) => place)
    const frame = piece(data)
    const [sent] = decodeFrame(frame).packets
    const start = frame.length - data.length
    for (let bit = start * 8; bit < frame.length * 8; bit++) {
      const turned = new Uint8Array(frame)
      turned[bit >> 3]! ^= 1 << (bit & 7)
      expect(reasonOf(turned, decodeFrame)).toContain('not what its checksum says')
    }
    expect(plain(sent?.messages[0])).toEqual(plain({ ...installSnapshot(), data }))
  })

  test('of a term that its message has not reached, or beyond the end of the snapshot, is refused', () => {
    expect(reasonOf(piece(new Uint8Array(1), { term: 5 }), decodeFrame)).toContain('includes an entry of term 6')
    expect(reasonOf(piece(new Uint8Array(2), { offset: 2 ** 36 - 1 }), decodeFrame)).toContain('a piece ends at')
  })

  test('is not divided: it goes into the next frame as a whole, or into none', () => {
    const message = { ...installSnapshot(), data: new Uint8Array(3000) }
    const frames = encodeFrames(STORE, [packetOf(message, message)], 5000)
    expect(frames.map((frame) => decodeFrame(frame).packets[0]?.messages.length)).toEqual([1, 1])
    expect(() => encodeFrames(STORE, [packetOf(message)], 3000)).toThrow(RangeError)
  })

  test('of the size that core makes it fits the message, whatever the names and the members', () => {
    for (const count of [1, 3, 7, 30]) {
      for (const isChanging of [false, true]) {
        const maxPayload = 64 * 1024
        const description = { ...HEAD, configuration: { index: 200, configuration: largest(count, isChanging) } }
        const room = maxEntryBytesFor(maxPayload) - installSnapshotBytes(description)
        const message = {
          ...installSnapshot(),
          description,
          data: new Uint8Array(room),
          term: 2 ** 52,
          session: 2 ** 52,
        }
        const packet: Packet = { group: LONGEST, groupUuid: LONGEST, store: LONGEST, messages: [message] }
        expect(encodeFrames(LONGEST, [packet], maxPayload)).toHaveLength(1)
      }
    }
  })
})

function largest(count: number, isChanging: boolean): Configuration {
  const ids = Array.from({ length: count }, (_, place) => String(place).padStart(64, 'x'))
  const members = ids.map((id) => ({ id, store: LONGEST, priority: 255 }))
  const configuration = { groupUuid: LONGEST, members, voters: [ids] }
  return isChanging ? { ...configuration, voters: [ids, ids], next: { members, voters: ids } } : configuration
}
