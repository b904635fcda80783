import { QuorateError } from '@quorate/core'
import { Packr } from 'msgpackr/pack'
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
import { GROUP_UUID, STORE, TIME, appendEntries, command, everyMessage, packetOf, thrownBy } from './samples.ts'

const packr = new Packr({ useRecords: false })

/** A frame from node to node that says `fields`, followed by `tail`. */
function frameSaying(fields: unknown, ...tail: unknown[]): Buffer {
  return Buffer.concat([Buffer.from([0xc1, 1, 1]), ...[fields, ...tail].map((value) => Buffer.from(packr.pack(value)))])
}

/** A frame with one packet of one message of these fields. */
function messageSaying(...fields: unknown[]): Buffer {
  return frameSaying([STORE, 'orders', GROUP_UUID, 1, ...fields])
}

function reasonOf(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown = decodeFrame): string {
  const error = thrownBy(() => decode(bytes))
  expect(error).toBeInstanceOf(MalformedFrameError)
  expect(error).toBeInstanceOf(QuorateError)
  expect((error as MalformedFrameError).code).toBe('MALFORMED_FRAME')
  return (error as MalformedFrameError).reason
}

test('a frame made by hand is read', () => {
  const frame = frameSaying([STORE, 'orders', null, 1, 4, 7, 3, 0, 5, 6, 5, 1], [6, 7, 1, TIME, null, Buffer.from('x')])
  expect(decodeFrame(frame).packets[0]).toMatchObject({
    group: 'orders',
    messages: [{ type: 'appendEntries', prevLog: { index: 5, term: 6 }, entries: [{ index: 6, kind: 'command' }] }],
  })
})

describe('foreign', () => {
  test.each([
    ['{"stream":"ORDERS","seq":17}', 'a publish acknowledgement of JetStream'],
    [' { "stream": "ORDERS", "domain": "hub", "seq": 17 }', 'a publish acknowledgement of JetStream'],
    ['{"type":"io.nats.micro.v1.ping_response"}', 'JSON of type io.nats.micro.v1.ping_response'],
    ['[1,2]', 'JSON'],
    ['+ACK', 'text ("+ACK")'],
    ['', 'an empty message'],
    ['\x00\x01\x02', '3 unknown bytes'],
  ])('%j', (text, looksLike) => {
    for (const decode of [decodeFrame, decodeClientRequest, decodeClientReply]) {
      const error = thrownBy(() => decode(Buffer.from(text)))
      expect(error).toBeInstanceOf(ForeignFrameError)
      expect(error).toBeInstanceOf(QuorateError)
      expect(error).toMatchObject({ code: 'FOREIGN_FRAME' })
      expect((error as ForeignFrameError).looksLike).toContain(looksLike)
    }
  })
})

test('a newer format is told by its number, whatever follows', () => {
  for (const decode of [decodeFrame, decodeClientRequest, decodeClientReply]) {
    const error = thrownBy(() => decode(Uint8Array.of(0xc1, 2, 99, 255)))
    expect(error).toBeInstanceOf(NewerFormatError)
    expect(error).toBeInstanceOf(QuorateError)
    expect(error).toMatchObject({ code: 'NEWER_FORMAT', format: 2, supported: 1 })
  }
})

test('frames of different kinds are told apart', () => {
  const [frame] = encodeFrames(STORE, [packetOf(appendEntries([]))], 1000)
  const request = encodeClientRequest(1, { type: 'status' })
  const reply = encodeClientReply(1, { type: 'unknown', term: 1 })
  expect(reasonOf(request)).toBe('a client request where a frame from node to node belongs')
  expect(reasonOf(reply, decodeClientRequest)).toBe('a client reply where a client request belongs')
  expect(reasonOf(frame!, decodeClientReply)).toBe('a frame from node to node where a client reply belongs')
  expect(reasonOf(Uint8Array.of(0xc1, 1, 9))).toContain('unknown type 9')
  expect(reasonOf(Uint8Array.of(0xc1, 0, 1))).toBe('it names no format')
})

test('what is too large is refused before it is looked at', () => {
  const frame = frameSaying([STORE])
  expect(decodeFrame(frame, frame.length)).toEqual({ store: STORE, packets: [] })
  expect(reasonOf(frame, (bytes) => decodeFrame(bytes, frame.length - 1))).toContain('the limit is')
  const large = Buffer.alloc(MAX_FRAME_BYTES + 1, 0x91)
  large.set([0xc1, 1, 1])
  expect(reasonOf(large)).toContain(`the limit is ${MAX_FRAME_BYTES}`)
  large[2] = 2
  expect(reasonOf(large, decodeClientRequest)).toContain('the limit is')
  large[2] = 3
  expect(reasonOf(large, decodeClientReply)).toContain('the limit is')
})

describe('malformed', () => {
  test('cut short, at every byte', () => {
    const [frame] = encodeFrames(STORE, [packetOf(...everyMessage(), appendEntries([command(1)]))], MAX_FRAME_BYTES)
    for (let length = 1; length < frame!.length; length++) reasonOf(frame!.subarray(0, length))
    const entry = encodeEntry({ ...command(1), subject: 'orders' })
    for (let length = 0; length < entry.length; length++) reasonOf(entry.subarray(0, length), decodeEntry)
  })

  test('bytes that follow', () => {
    const [frame] = encodeFrames(STORE, [packetOf(appendEntries([command(1)]))], 1000)
    expect(reasonOf(Buffer.concat([frame!, Uint8Array.of(0)]))).toBe('bytes follow the last value')
    expect(reasonOf(Buffer.concat([encodeEntry(command(1)), Uint8Array.of(0)]), decodeEntry)).toBe(
      'bytes follow the entry',
    )
    const status = Buffer.from([0xc1, 1, 2, ...packr.pack([1, 3, 5])])
    expect(reasonOf(status, decodeClientRequest)).toBe('a client request has 1 fields too many')
    const reply = Buffer.from([0xc1, 1, 3, ...packr.pack([1, 4, 5, 5])])
    expect(reasonOf(reply, decodeClientReply)).toBe('a client reply has 1 fields too many')
  })

  test.each([
    ['a Date', new Date(0)],
    ['an Error', new Error('x')],
    ['a RegExp', /x/],
    ['a typed array', new Float64Array(2)],
    ['a map', { a: 1 }],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['a bigint', 5n],
    ['a boolean', true],
    ['a negative number', -1],
    ['a nested array', [1]],
    ['an empty array', []],
  ])('%s, wherever it stands', (_, value) => {
    const moreTypes = new Packr({ useRecords: false, moreTypes: true })
    const packed = Buffer.from(moreTypes.pack(value))
    const place = (fields: unknown[]): Buffer => {
      const around = Buffer.from(packr.pack([...fields, 0]))
      return Buffer.concat([Uint8Array.of(0xc1, 1, 1), around.subarray(0, -1), packed])
    }
    const refused = 'a value that has no place there'
    expect(reasonOf(place([]))).toContain(refused)
    expect(reasonOf(place([STORE, 'orders', null, 1, 2]))).toContain(refused)
    const command = Buffer.from(packr.pack([1, 1, 1, TIME, null, 0]))
    expect(reasonOf(Buffer.concat([command.subarray(0, -1), packed]), decodeEntry)).toContain(refused)
  })

  test('a record definition, for which msgpackr would compile code', () => {
    const records = new Packr({ useRecords: true })
    const packed = Buffer.from(records.pack([{ term: 1 }]))
    expect(packed.includes(0x72)).toBe(true)
    expect(reasonOf(Buffer.concat([Uint8Array.of(0xc1, 1, 1), packed]))).toContain('has no place there')
  })

  test('a map that would reach a prototype', () => {
    const map = Buffer.from([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x78, 1])
    expect(reasonOf(Buffer.concat([Uint8Array.of(0xc1, 1, 1), map]))).toContain('has no place there')
    expect(reasonOf(map, decodeEntry)).toContain('has no place there')
    expect('x' in {}).toBe(false)
  })

  test.each([
    ['deep nesting', Buffer.alloc(1_000_000, 0x91)],
    ['redefined records', Buffer.alloc(1_000_000, Buffer.from([0x91, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1]))],
    ['empty maps', Buffer.from([0xdd, 0, 0x0f, 0, 0, ...Buffer.alloc(0x0f0000, 0x80)])],
    ['empty arrays', Buffer.from([0xdd, 0, 0x0f, 0, 0, ...Buffer.alloc(0x0f0000, 0x90)])],
    ['a long array that is not there', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 1])],
    ['a length that is not all there', Buffer.from([0xdd, 0, 0])],
    ['long bytes that are not there', Buffer.from([0x91, 0xc6, 0xff, 0xff, 0xff, 0xff, 1])],
    ['a long string that is not there', Buffer.from([0x91, 0xdb, 0xff, 0xff, 0xff, 0xff, 1])],
  ])('%s, in no time', (_, body) => {
    const begin = performance.now()
    reasonOf(Buffer.concat([Uint8Array.of(0xc1, 1, 1), body]))
    reasonOf(body, decodeEntry)
    expect(performance.now() - begin).toBeLessThan(500)
  })

  test.each([
    ['an entry that is not the next', [6, 7], 8, 'entry 8 follows entry 6'],
    ['an entry twice', [6, 7], 6, 'entry 6 follows entry 6'],
  ])('%s', (_, [index, term], second, reason) => {
    const fields = [STORE, 'orders', null, 1, 4, 9, 3, 0, 5, 6, 5, 2]
    const frame = frameSaying(fields, [index, term, 2, TIME], [second, term, 2, TIME])
    expect(reasonOf(frame)).toBe(reason)
  })

  test.each([
    ['a gap behind prevLog', 7, 7, 'entry 7 follows entry 5'],
    ['a term below that of prevLog', 6, 5, 'entry 6 has term 5, the one before 6'],
    ['a term above that of the message', 6, 10, 'entry 6 has term 10, the message 9'],
  ])('%s', (_, index, term, reason) => {
    const frame = frameSaying([STORE, 'orders', null, 1, 4, 9, 3, 0, 5, 6, 5, 1], [index, term, 2, TIME])
    expect(reasonOf(frame)).toBe(reason)
  })

  test.each([
    ['store: empty', frameSaying(['']), 'store'],
    ['store: a number', frameSaying([5]), 'store'],
    ['store: too long', frameSaying(['x'.repeat(65)]), 'store'],
    ['group: a path', frameSaying([STORE, '../x', null, 1, 16]), 'packet.group'],
    ['group: too long', frameSaying([STORE, 'x'.repeat(65), null, 1, 16]), 'packet.group'],
    ['groupUuid: empty', frameSaying([STORE, 'g', '', 1, 16]), 'packet.groupUuid'],
    ['groupUuid: not ASCII', frameSaying([STORE, 'g', 'ü', 1, 16]), 'packet.groupUuid'],
    ['messages: none', frameSaying([STORE, 'g', null, 0]), 'no message'],
    ['messages: fewer than told', frameSaying([STORE, 'g', null, 2, 16, null]), 'message.type'],
    [
      'messages: more than there could be',
      frameSaying([STORE, 'g', null, Number.MAX_SAFE_INTEGER, 16, null]),
      'message.type',
    ],
    ['type: unknown', messageSaying(99), 'unknown type 99'],
    ['type: a string', messageSaying('append'), 'message.type'],
    ['term: a fraction', messageSaying(2, 1.5), 'requestVote.granted.term'],
    ['term: NaN', messageSaying(2, Number.NaN), 'requestVote.granted.term'],
    ['term: infinite', messageSaying(3, Number.POSITIVE_INFINITY), 'requestVote.refused.term'],
    ['term: negative', messageSaying(2, -1.5), 'requestVote.granted.term'],
    ['term: unsafe', messageSaying(2, 2 ** 53), 'requestVote.granted.term'],
    ['term: nil', messageSaying(2, null), 'requestVote.granted.term'],
    ['lastLog: a later term', messageSaying(1, 5, 9, 6, 0), 'requestVote.lastLog'],
    ['isTransfer: two', messageSaying(1, 5, 9, 4, 2), 'requestVote.isTransfer'],
    ['round: a fraction', messageSaying(8, 5, 0.5), 'preVote.granted.round'],
    ['lastLog: a term before the first entry', messageSaying(1, 5, 0, 1, 0), 'before the first entry'],
    ['prevLog: a later term', messageSaying(4, 5, 1, 0, 9, 6, 0, 0), 'appendEntries.prevLog'],
    ['session: bytes', messageSaying(4, 5, Buffer.from('x'), 0, 9, 5, 0, 0), 'appendEntries.session'],
    ['round: no whole number', messageSaying(4, 5, 1, 0.5, 9, 5, 0, 0), 'appendEntries.round'],
    ['leaderCommit: a string', messageSaying(4, 5, 1, 0, 9, 5, '0', 0), 'appendEntries.leaderCommit'],
    ['entries: missing', messageSaying(4, 5, 1, 0, 9, 5, 0, 1), 'ends too early'],
    ['entries: endless', messageSaying(4, 5, 1, 0, 9, 5, 0, Number.MAX_SAFE_INTEGER), 'ends too early'],
    ['matchIndex: a fraction', messageSaying(5, 5, 1, 0, 0.1), 'appendEntries.accepted.matchIndex'],
    ['hint: behind prevLogIndex', messageSaying(6, 5, 1, 0, 9, 10, 5), 'behind prevLogIndex'],
    ['hint: a later term', messageSaying(6, 5, 1, 0, 9, 8, 6), 'appendEntries.rejected.hint'],
    ['inquiry: no UUID', messageSaying(16, 7), 'bootstrap.inquiry.birth'],
    ['standing: no birth', messageSaying(17, 7, null, null), 'bootstrap.standing.birth'],
    ['standing: no UUID', messageSaying(17, null, 7, null), 'bootstrap.standing.groupUuid'],
    ['standing: no store', messageSaying(17, null, null, 7), 'bootstrap.standing.knownStore'],
    ['offer: nothing', messageSaying(18), 'ends too early'],
    ['offer: no configuration', frameSaying([STORE, 'g', null, 1, 18], [1, 1, 2, TIME]), 'no configuration'],
    ['accepted: nil', messageSaying(19, null), 'bootstrap.accepted.groupUuid'],
  ])('%s', (_, frame, part) => {
    expect(reasonOf(frame)).toContain(part)
  })

  test.each([
    ['index 0', [0, 1, 2, TIME], 'index 0'],
    ['index: a string', ['1', 1, 2, TIME], 'entry.index'],
    ['term: nil', [1, null, 2, TIME], 'entry.term'],
    ['time: a fraction', [1, 1, 2, 0.5], 'entry.time'],
    ['time: missing', [1, 1, 2], 'entry.time'],
    ['kind 0', [1, 1, 0, TIME], 'unknown kind 0'],
    ['kind 7', [1, 1, 7, TIME], 'unknown kind 7'],
    ['subject: a number', [1, 1, 1, TIME, 5, Buffer.from('x')], 'entry.subject'],
    ['data: a string', [1, 1, 1, TIME, null, 'x'], 'entry.data'],
    ['data: missing', [1, 1, 1, TIME, null], 'entry.data'],
    ['too much', [1, 1, 2, TIME, 1], '1 fields too many'],
    ['configuration: no UUID', [1, 1, 3, TIME, 5], 'configuration.groupUuid'],
    ['configuration: endless members', [1, 1, 3, TIME, 'u', null, 2 ** 50, 'a', 's'], 'member.id'],
    ['configuration: a member without a name', [1, 1, 3, TIME, 'u', null, 1, '_', 's', 1, 1, 'a'], 'member.id'],
    ['configuration: a member without a store', [1, 1, 3, TIME, 'u', null, 1, 'a', '', 1, 1, 'a'], 'member.store'],
    ['configuration: no voters', [1, 1, 3, TIME, 'u', null, 1, 'a', 's', 0], '0 sets'],
    ['configuration: three sets', [1, 1, 3, TIME, 'u', null, 1, 'a', 's', 3, 0, 0, 0], '3 sets'],
    ['configuration: a voter without a name', [1, 1, 3, TIME, 'u', null, 1, 'a', 's', 1, 1, ''], 'voter'],
    ['configuration: an origin of no reason', [1, 1, 3, TIME, 'u', 'v', 9, 2, 1, 'a', 's', 1, 1, 'a'], 'reason 2'],
    ['a key without text', [1, 1, 4, TIME, null, '', 5, Buffer.from('x')], 'idempotency key has 0'],
    ['a key too long', [1, 1, 4, TIME, null, 'k'.repeat(129), 5, Buffer.from('x')], 'idempotency key has 129'],
    ['a key without end', [1, 1, 4, TIME, null, 'k', 'x', Buffer.from('x')], 'retainMs'],
  ])('an entry: %s', (_, fields, part) => {
    expect(reasonOf(packr.pack(fields), decodeEntry)).toContain(part)
  })

  test.each([
    ['an unknown request', 2, [1, 9], 'unknown type 9'],
    ['a request without an id', 2, [null, 3], 'id'],
    ['a command that is missing', 2, [1, 1, 7, 1], 'ends too early'],
    ['an unknown reply', 3, [1, 15], 'unknown type 15'],
    ['an unknown reason', 3, [1, 3, 9, 'x'], 'unknown reason 9'],
    ['a leader without a name', 3, [1, 2, 7, 'a b'], 'notLeader.leaderId'],
    ['a message that is no string', 3, [1, 3, 1, 5], 'refused.message'],
  ])('a client sends %s', (_, type, fields, part) => {
    const frame = Buffer.from([0xc1, 1, type, ...packr.pack(fields)])
    expect(reasonOf(frame, type === 2 ? decodeClientRequest : decodeClientReply)).toContain(part)
  })

  test('entries of a reply that leave a hole', () => {
    const entries = [command(6), command(8)]
    const reply = encodeClientReply(1, { type: 'entries', entries, commitIndex: 9, term: 7 })
    expect(reasonOf(reply, decodeClientReply)).toBe('entry 8 follows entry 6')
  })
})

test('a whole number below zero is refused, though it comes as a float', () => {
  const frame = frameSaying([STORE, 'orders', null, 1, 2, 0])
  const negative = Buffer.alloc(9, 0xcb)
  negative.writeDoubleBE(-5, 1)
  expect(reasonOf(Buffer.concat([frame.subarray(0, -1), negative]))).toContain('is -5')
})

test('a negative zero comes out as zero', () => {
  const frame = frameSaying([STORE, 'orders', null, 1, 2, 0])
  const negative = Buffer.concat([frame.subarray(0, -1), Buffer.from([0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0])])
  expect(decodeFrame(negative).packets[0]!.messages[0]).toEqual({ type: 'requestVote.granted', term: 0 })
})
