import {
  type AppendEntries,
  type Entry,
  EntryTooLargeError,
  type Message,
  type Packet,
  commandBytes,
} from '@quorate/core'
import { describe, expect, test } from 'vitest'
import {
  CLIENT_OVERHEAD_BYTES,
  FRAME_OVERHEAD_BYTES,
  MAX_FRAME_BYTES,
  decodeFrame,
  encodeClientReply,
  encodeClientRequest,
  encodeEntry,
  encodeFrames,
  maxEntryBytesFor,
} from '@quorate/wire'
import { Generator } from './generator.ts'
import { GROUP_UUID, STORE, appendEntries, command, packetOf, plain, thrownBy } from './samples.ts'

const LONGEST_NAME = 'n'.repeat(64)
const LARGEST = Number.MAX_SAFE_INTEGER

function heartbeats(count: number): Packet[] {
  return Array.from({ length: count }, (_, group) => ({ ...packetOf(appendEntries([])), group: `group-${group}` }))
}

/** The messages of each group in the order of the frames, AppendEntries that continue one another joined again. */
function joined(frames: readonly Uint8Array[]): [string, unknown][] {
  const messages: { group: string; message: Message }[] = []
  for (const packet of frames.flatMap((frame) => decodeFrame(frame).packets)) {
    for (const message of packet.messages) {
      const last = messages.at(-1)
      if (last?.group === packet.group && message.type === 'appendEntries' && continues(last.message, message)) {
        last.message = { ...last.message, entries: [...last.message.entries, ...message.entries] }
      } else {
        messages.push({ group: packet.group, message })
      }
    }
  }
  return messages.map(({ group, message }) => [group, plain(message)])
}

function continues(before: Message, message: AppendEntries): before is AppendEntries {
  if (before.type !== 'appendEntries' || before.session !== message.session || message.entries.length === 0)
    return false
  const last = before.entries.at(-1)
  return last !== undefined && last.index === message.prevLog.index && last.term === message.prevLog.term
}

describe('packets share frames', () => {
  test('the heartbeats of 5000 idle groups fit one message of NATS', () => {
    const packets = heartbeats(5000)
    const frames = encodeFrames(STORE, packets, 1024 * 1024)
    expect(frames).toHaveLength(1)
    expect(plain(decodeFrame(frames[0]!).packets)).toEqual(plain(packets))
  })

  test('nothing to say takes no frame', () => {
    expect(encodeFrames(STORE, [], 1000)).toEqual([])
    expect(encodeFrames(STORE, [packetOf()], 1000)).toEqual([])
  })

  test('a frame is filled before the next begins', () => {
    const packets = heartbeats(1000)
    const limit = 10_000
    const frames = encodeFrames(STORE, packets, limit)
    const whole = encodeFrames(STORE, packets, MAX_FRAME_BYTES)[0]!.length
    expect(frames).toHaveLength(Math.ceil(whole / (limit - 200)))
    for (const frame of frames.slice(0, -1)) expect(frame.length).toBeGreaterThan(limit - 100)
  })

  test('packets of another store do not go out in the name of this one', () => {
    expect(() => encodeFrames(GROUP_UUID, [packetOf(appendEntries([]))], 1000)).toThrow('come from one store')
  })
})

describe('what does not fit goes on in the next frame', () => {
  test('an AppendEntries is continued behind its last entry', () => {
    const entries = Array.from({ length: 10 }, (_, place) => command(6 + place, 5 + (place >> 1), Buffer.alloc(300)))
    const message: Message = { ...appendEntries(entries, { index: 5, term: 5 }, 9), leaderCommit: 12 } as AppendEntries
    const frames = encodeFrames(STORE, [packetOf(message)], 1500)
    const parts = frames.map((frame) => decodeFrame(frame).packets[0]!.messages[0] as AppendEntries)
    expect(parts.map((part) => part.prevLog)).toEqual([
      { index: 5, term: 5 },
      { index: 9, term: 6 },
      { index: 13, term: 8 },
    ])
    expect(parts.map((part) => part.entries.map((entry) => entry.index))).toEqual([
      [6, 7, 8, 9],
      [10, 11, 12, 13],
      [14, 15],
    ])
    for (const part of parts) expect(part).toMatchObject({ term: 9, session: 3, leaderCommit: 12 })
  })

  test.each(Array.from({ length: 50 }, (_, seed) => seed))(
    'within any bound, in order, nothing lost: seed %i',
    (seed) => {
      const generator = new Generator(seed)
      const packets = Array.from({ length: 80 }, (_, place) => ({
        ...generator.packet(STORE),
        group: `group-${place}`,
      }))
      const limit = FRAME_OVERHEAD_BYTES + 2500 + generator.below(8000)
      const frames = encodeFrames(STORE, packets, limit)
      for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(limit)
      expect(joined(frames)).toEqual(joined(encodeFrames(STORE, packets, MAX_FRAME_BYTES)))
      expect(frames.length).toBeGreaterThan(1)
    },
  )

  test('names that are not ASCII take what they take', () => {
    const group = 'ü'.repeat(60)
    const packets = heartbeats(50).map((packet) => ({ ...packet, group }))
    for (const frame of encodeFrames(STORE, packets, 1000)) expect(frame.length).toBeLessThanOrEqual(1000)
  })

  test('an entry that fits no frame is an error, and nothing comes back', () => {
    const entries = [command(1), command(2, 7, Buffer.alloc(5000))]
    const error = thrownBy(() => encodeFrames(STORE, [packetOf(appendEntries(entries))], 4000))
    expect(error).toBeInstanceOf(EntryTooLargeError)
    expect(error).toMatchObject({ sizeBytes: encodeEntry(entries[1]!).length })
  })

  test('a bound in which no message fits is an error', () => {
    expect(() => encodeFrames(STORE, heartbeats(1), 90)).toThrow(RangeError)
  })
})

describe('sizes are known before anything is encoded', () => {
  test('of every message, up to the head of the array', () => {
    const generator = new Generator(1)
    for (let round = 0; round < 2000; round++) {
      const packet = { ...generator.packet(STORE), messages: [generator.message()] }
      const [frame] = encodeFrames(STORE, [packet], MAX_FRAME_BYTES)
      expect(encodeFrames(STORE, [packet], frame!.length + 4)).toHaveLength(1)
    }
  })

  test.each([1000, 65_536, 1024 * 1024])('the largest entry goes every way in a message of %i bytes', (maxPayload) => {
    const maxEntryBytes = maxEntryBytesFor(maxPayload)
    const empty: Entry = { ...command(LARGEST, LARGEST, Buffer.alloc(0)), time: LARGEST, subject: 'x'.repeat(300) }
    const base = encodeEntry(empty).length
    // The head of the data grows with it, by up to three bytes.
    const data = Buffer.alloc(maxEntryBytes - base - (maxEntryBytes - base > 0xffff ? 3 : 1))
    const entry: Entry = {
      kind: 'command',
      index: LARGEST,
      term: LARGEST,
      time: LARGEST,
      subject: 'x'.repeat(300),
      data,
    }
    expect(maxEntryBytes - encodeEntry(entry).length).toBeLessThanOrEqual(0)

    const prevLog = { index: LARGEST - 1, term: LARGEST }
    const message: Message = { ...(appendEntries([entry], prevLog, LARGEST) as AppendEntries), session: LARGEST }
    const packet = {
      group: LONGEST_NAME,
      groupUuid: LONGEST_NAME,
      store: LONGEST_NAME,
      messages: [{ ...message, leaderCommit: LARGEST }],
    }
    const frames = encodeFrames(LONGEST_NAME, [packet], maxPayload)
    expect(frames).toHaveLength(1)

    const request = encodeClientRequest(LARGEST, { type: 'append', term: LARGEST, commands: [entry] })
    const reply = encodeClientReply(LARGEST, { type: 'entries', entries: [entry], commitIndex: LARGEST, term: LARGEST })
    expect(request.length).toBeLessThanOrEqual(CLIENT_OVERHEAD_BYTES + maxEntryBytes)
    expect(reply.length).toBeLessThanOrEqual(CLIENT_OVERHEAD_BYTES + maxEntryBytes)
    expect(Math.max(request.length, reply.length)).toBeLessThanOrEqual(maxPayload)
  })

  test('the estimate of core is never below the bytes of a command', () => {
    const generator = new Generator(2)
    for (let round = 0; round < 500; round++) {
      const command = { subject: generator.text(), data: generator.bytes() }
      const entry: Entry = { kind: 'command', index: LARGEST, term: LARGEST, time: LARGEST, ...command }
      expect(encodeEntry(entry).length).toBeLessThanOrEqual(commandBytes(command))
    }
  })

  test('no message holds an entry in a payload that is smaller than what goes around it', () => {
    expect(maxEntryBytesFor(100)).toBe(0)
    expect(maxEntryBytesFor(64 * 1024 * 1024)).toBe(MAX_FRAME_BYTES - FRAME_OVERHEAD_BYTES)
  })
})
