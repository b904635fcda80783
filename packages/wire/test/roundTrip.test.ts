import { describe, expect, test } from 'vitest'
import {
  MAX_FRAME_BYTES,
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
import { STORE, everyEntry, everyMessage, everyReply, everyRequest, packetOf, plain } from './samples.ts'

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed)

describe('what is encoded comes back', () => {
  test.each(everyEntry().map((entry) => [entry.kind, entry] as const))('entry: %s', (_, entry) => {
    expect(plain(decodeEntry(encodeEntry(entry)))).toEqual(plain(entry))
  })

  test.each(everyMessage().map((message) => [message.type, message] as const))('message: %s', (_, message) => {
    const packet = packetOf(message)
    const [frame, ...more] = encodeFrames(STORE, [packet], MAX_FRAME_BYTES)
    expect(more).toEqual([])
    expect(plain(decodeFrame(frame!))).toEqual(plain({ store: STORE, packets: [packet] }))
  })

  test.each(everyRequest().map((request) => [request.type, request] as const))('client request: %s', (_, request) => {
    expect(plain(decodeClientRequest(encodeClientRequest(41, request)))).toEqual(plain({ id: 41, request }))
  })

  test.each(everyReply().map((reply) => [reply.type, reply] as const))('client reply: %s', (_, reply) => {
    expect(plain(decodeClientReply(encodeClientReply(2 ** 40, reply)))).toEqual(plain({ id: 2 ** 40, reply }))
  })

  test('undefined stays undefined, and a subject that was not given is not there', () => {
    const packet = { ...packetOf(...everyMessage()), groupUuid: undefined }
    const [frame] = encodeFrames(STORE, [packet], MAX_FRAME_BYTES)
    expect(decodeFrame(frame!).packets[0]).toHaveProperty('groupUuid', undefined)
    const bare = everyEntry()[2]!
    expect('subject' in decodeEntry(encodeEntry(bare))).toBe(false)
  })

  test('names that mean something to JavaScript are names like others', () => {
    const packet = { ...packetOf({ type: 'bootstrap.inquiry' as const, birth: undefined }), group: '__proto__' }
    const [frame] = encodeFrames(STORE, [packet], MAX_FRAME_BYTES)
    expect(decodeFrame(frame!).packets[0]!.group).toBe('__proto__')
  })
})

describe('whatever the types can say comes back', () => {
  test.each(SEEDS)('seed %i', (seed) => {
    const generator = new Generator(seed)
    const store = generator.uuid()
    const packets = generator.list(6, () => generator.packet(store))
    const frames = encodeFrames(store, packets, MAX_FRAME_BYTES)
    expect(plain(frames.flatMap((frame) => decodeFrame(frame).packets))).toEqual(plain(packets))

    const request = generator.request()
    expect(plain(decodeClientRequest(encodeClientRequest(seed, request)))).toEqual(plain({ id: seed, request }))
    const reply = generator.reply()
    expect(plain(decodeClientReply(encodeClientReply(seed, reply)))).toEqual(plain({ id: seed, reply }))
  })
})
