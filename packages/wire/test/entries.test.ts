import { type CommandEntry, type Entry, InvariantViolation } from '@quorate/core'
import { pack } from 'msgpackr/pack'
import { describe, expect, test } from 'vitest'
import {
  MAX_FRAME_BYTES,
  MalformedFrameError,
  type NewerFormatError,
  decodeClientReply,
  decodeClientRequest,
  decodeEntry,
  decodeFrame,
  encodeClientReply,
  encodeClientRequest,
  encodeEntry,
  encodeFrames,
} from '@quorate/wire'
import { GROUP_UUID, STORE, TIME, appendEntries, command, configurationEntry, packetOf, thrownBy } from './samples.ts'

const CHUNK_BYTES = 64 * 1024

/** `bytes` as the NATS client hands them over: a view into what its socket read. */
function received(bytes: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  chunk.set(bytes, 1000)
  return chunk.subarray(1000, 1000 + bytes.length)
}

function entriesIn(frame: Uint8Array): readonly Entry[] {
  return decodeFrame(frame).packets.flatMap((packet) =>
    packet.messages.flatMap((message) => (message.type === 'appendEntries' ? message.entries : [])),
  )
}

function frameOf(...entries: Entry[]): Uint8Array {
  const [frame] = encodeFrames(STORE, [packetOf(appendEntries(entries))], MAX_FRAME_BYTES)
  return frame!
}

describe('an entry is encoded once in its life', () => {
  test('its data is read once for every follower, for disk and for clients', () => {
    let reads = 0
    const entry: CommandEntry = {
      kind: 'command',
      index: 1,
      term: 7,
      time: TIME,
      get data() {
        reads++
        return Buffer.from('data')
      },
    }
    const first = encodeEntry(entry)
    frameOf(entry)
    frameOf(entry)
    encodeClientReply(1, { type: 'entries', entries: [entry], commitIndex: 1, term: 7 })
    expect(encodeEntry(entry)).toBe(first)
    expect(entry.encoded).toBe(first)
    expect(reads).toBe(1)
  })

  test('frames carry its bytes, whatever else it says', () => {
    const entry = command(1)
    entry.encoded = encodeEntry(command(1, 7, Buffer.from('these bytes')))
    expect(Buffer.from(frameOf(entry)).includes('these bytes')).toBe(true)
  })

  test('a follower keeps the bytes that the leader sent', () => {
    const entries = [configurationEntry(), command(2), command(3)]
    const kept = entriesIn(frameOf(...entries))
    for (const [place, entry] of kept.entries()) {
      expect(Buffer.from(entry.encoded!)).toEqual(Buffer.from(encodeEntry(entries[place]!)))
      expect(encodeEntry(entry)).toBe(entry.encoded)
    }
  })

  test('decodeEntry keeps views of the bytes that it was given, plain ones, and leaves nothing on them', () => {
    const bytes = Buffer.from(encodeEntry(command(1)))
    const { encoded, data } = decodeEntry(bytes) as CommandEntry
    for (const view of [encoded!, data]) {
      expect(view.buffer).toBe(bytes.buffer)
      expect(Object.getPrototypeOf(view)).toBe(Uint8Array.prototype)
    }
    expect(Buffer.compare(bytes, encoded!)).toBe(0)
    for (const view of [bytes, encoded!]) {
      expect(Object.keys(view).filter((key) => Number.isNaN(Number(key)))).toEqual([])
    }
  })
})

describe('what is kept owns its bytes', () => {
  test('entries of a frame share one copy and leave the socket chunk alone', () => {
    const chunk = received(frameOf(command(1), command(2), command(3)))
    const entries = entriesIn(chunk) as CommandEntry[]
    const owner = entries[0]!.encoded!.buffer
    expect(owner).not.toBe(chunk.buffer)
    expect(owner.byteLength).toBe(entries.reduce((bytes, entry) => bytes + entry.encoded!.length, 0))
    for (const entry of entries) {
      expect(entry.encoded!.buffer).toBe(owner)
      expect(entry.data.buffer).toBe(owner)
    }
    chunk.fill(0)
    expect(Buffer.from(entries[2]!.data).toString()).toBe('data of 3')
  })

  test('so do the entries of all its messages', () => {
    const messages = [appendEntries([command(1)]), appendEntries([command(1), command(2)])]
    const [frame] = encodeFrames(STORE, [packetOf(...messages), packetOf(...messages)], MAX_FRAME_BYTES)
    const owners = entriesIn(received(frame!)).map((entry) => entry.encoded!.buffer)
    expect(owners).toHaveLength(6)
    expect(new Set(owners).size).toBe(1)
  })

  test('so do the entries of a reply, the commands of a request and the offer of a bootstrap', () => {
    const reply = received(encodeClientReply(1, { type: 'entries', entries: [command(1)], commitIndex: 1, term: 7 }))
    const request = received(
      encodeClientRequest(1, { type: 'append', term: 7, commands: [{ data: Buffer.from('x') }] }),
    )
    const offer = received(
      encodeFrames(STORE, [packetOf({ type: 'bootstrap.offer', entry: configurationEntry() })], MAX_FRAME_BYTES)[0]!,
    )
    const replied = decodeClientReply(reply).reply
    const requested = decodeClientRequest(request).request
    const offered = decodeFrame(offer).packets[0]!.messages[0]!
    const kept = [
      replied.type === 'entries' ? replied.entries[0]!.encoded : undefined,
      requested.type === 'append' ? requested.commands[0]!.data : undefined,
      offered.type === 'bootstrap.offer' ? offered.entry.encoded : undefined,
    ]
    for (const bytes of kept) {
      expect(bytes).toBeInstanceOf(Uint8Array)
      expect(bytes!.buffer.byteLength).toBeLessThan(500)
    }
  })

  test('what was encoded does not follow the data of the caller', () => {
    const data = Buffer.from('before')
    const entry = command(1, 7, data)
    const request = encodeClientRequest(1, { type: 'append', term: 7, commands: [{ data }] })
    encodeEntry(entry)
    data.fill('x')
    expect(Buffer.from(entry.encoded!).includes('before')).toBe(true)
    expect(Buffer.from(request).includes('before')).toBe(true)
  })

  test('a large entry does not sit in a larger buffer', () => {
    const encoded = encodeEntry(command(1, 7, Buffer.alloc(100_000)))
    expect(encoded.buffer.byteLength).toBe(encoded.length)
  })

  test('a small entry does not sit in what a large frame left behind', () => {
    const packet = packetOf({ type: 'requestVote.granted', term: 1 })
    encodeFrames(
      STORE,
      Array.from({ length: 5000 }, (_, group) => ({ ...packet, group: `g${group}` })),
      MAX_FRAME_BYTES,
    )
    const noOp: Entry = { kind: 'no-op', index: 1, term: 1, time: TIME }
    for (const entry of [noOp, configurationEntry(), command(1)]) {
      expect(encodeEntry(entry).buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
    }
  })

  test('encoded bytes stand, however many frames and entries come after them', () => {
    const entry = command(1)
    const before = Buffer.from(encodeEntry(entry)).toString('hex')
    for (let index = 2; index < 2000; index++) frameOf(command(index, 7, Buffer.alloc(200, index)))
    expect(Buffer.from(encodeEntry(entry)).toString('hex')).toBe(before)
  })
})

describe('what could not be read again is not written', () => {
  test.each([
    ['index 0', { index: 0 }],
    ['a fraction', { index: 1.5 }],
    ['a negative term', { term: -1 }],
    ['an unsafe index', { index: 2 ** 53 }],
    ['a time before 1970', { time: -5 }],
    ['no time', { time: Number.NaN }],
  ])('%s', (_, wrong) => {
    expect(() => encodeEntry({ ...command(1), ...wrong })).toThrow(InvariantViolation)
  })

  test.each([
    ['no voters', { voters: [] }],
    ['three sets of voters', { voters: [['n1'], ['n1'], ['n1']] }],
    ['a voter without a name', { voters: [['']] }],
    ['a member without a name', { members: [{ id: 'a/b', store: STORE }] }],
    ['a member without a store', { members: [{ id: 'n1', store: '' }] }],
    ['a group without a UUID', { groupUuid: '' }],
  ])('a configuration with %s', (_, wrong) => {
    const entry = configurationEntry()
    const configuration = { ...entry.configuration, ...wrong }
    expect(() => encodeEntry({ ...entry, configuration })).toThrow(TypeError)
  })
})

test.each([0, 2 ** 32])('an entry that names version %i of the state machine is malformed', (version) => {
  expect(() => decodeEntry(pack([1, 1, 6, TIME, version]))).toThrow(MalformedFrameError)
  expect(() => decodeEntry(pack([1, 1, 3, TIME, version, GROUP_UUID, null, 0, 1, 0]))).toThrow(
    `version ${version} of the state machine`,
  )
})

test('an entry of the kind checkpoint is of a newer format', () => {
  const error = thrownBy(() => decodeEntry(pack([1, 1, 5, TIME, null])))
  expect(error).toMatchObject({ code: 'NEWER_FORMAT', format: 2, supported: 1 } satisfies Partial<NewerFormatError>)
})
