import type { ClientReply, ClientRequest, Command, Entry, LogPosition, RefusedReply } from '@quorate/core'
import { decoding } from './decoding.ts'
import { encodeEntry, takeEntries } from './entryCodec.ts'
import { type Tail, openFrame, sealFrame } from './envelope.ts'
import { MalformedFrameError } from './errors.ts'
import { type Field, FieldReader } from './fields.ts'
import { FrameType, MAX_FRAME_BYTES } from './format.ts'
import { idempotencyFields, readIdempotency } from './idempotencyCodec.ts'
import { packWithData } from './messagePack.ts'

/** The numbers that stand for the requests, for good. */
const RequestCode = { append: 1, read: 2, status: 3, readIndex: 4 } as const

/** The numbers that stand for the replies, for good. */
const ReplyCode = {
  appended: 1,
  notLeader: 2,
  refused: 3,
  unknown: 4,
  entries: 5,
  status: 6,
  readIndex: 7,
  compacted: 8,
  busy: 9,
  keyReused: 10,
  keyForgotten: 11,
} as const

/** The numbers that stand for the reasons of a refusal, for good. */
const REASONS: ReadonlyMap<number, RefusedReply['reason']> = new Map([
  [1, 'tooLarge'],
  [2, 'closed'],
  [3, 'malformed'],
])

/** `id` tells the requests of one client apart. The bytes are sent at once, never kept. */
export function encodeClientRequest(id: number, request: ClientRequest): Uint8Array {
  const commands = request.type === 'append' ? request.commands.map(encodeCommand) : []
  return sealFrame(FrameType.clientRequest, [id, ...requestFields(request)], commands)
}

function requestFields(request: ClientRequest): Field[] {
  switch (request.type) {
    case 'append':
      return [RequestCode.append, request.term, request.commands.length]
    case 'read':
      return [RequestCode.read, request.after, request.maxBytes]
    case 'readIndex':
      return [RequestCode.readIndex, request.mayLease ? 1 : 0]
    case 'status':
      return [RequestCode.status]
  }
}

/** Subject and data: what is more is an idempotency key. */
const PLAIN_COMMAND_FIELDS = 2

function encodeCommand(command: Command): Uint8Array {
  const { subject, idempotency, after, data } = command
  if (idempotency === undefined) return packWithData([subject ?? null, null], data)
  return packWithData([subject ?? null, ...idempotencyFields(idempotency), after ?? null, null], data)
}

/**
 * Nothing that comes back refers to `bytes`: the commands stand in one copy of them.
 * @throws ForeignFrameError, NewerFormatError, MalformedFrameError, as `decodeFrame`.
 */
export function decodeClientRequest(
  bytes: Uint8Array,
  maxBytes: number = MAX_FRAME_BYTES,
): { id: number; request: ClientRequest } {
  return decoding(() => {
    const { fields, tail } = openFrame(bytes, FrameType.clientRequest, maxBytes)
    const id = fields.integer('id')
    const request = readRequest(fields, tail)
    fields.end('a client request')
    tail.end()
    return { id, request }
  })
}

function readRequest(fields: FieldReader, tail: Tail): ClientRequest {
  const code = fields.integer('request.type')
  switch (code) {
    case RequestCode.append: {
      const term = fields.integer('append.term')
      const commands: Command[] = []
      tail.take(fields.integer('append.commands'), (values) => commands.push(readCommand(values)))
      return { type: 'append', term, commands }
    }
    case RequestCode.read:
      return { type: 'read', after: fields.integer('read.after'), maxBytes: fields.integer('read.maxBytes') }
    case RequestCode.readIndex:
      return { type: 'readIndex', mayLease: fields.flag('readIndex.mayLease') }
    case RequestCode.status:
      return { type: 'status' }
    default:
      throw new MalformedFrameError(`a client request is of the unknown type ${code}`)
  }
}

function readCommand(values: readonly unknown[]): Command {
  const fields = new FieldReader(values)
  const subject = fields.optionalText('command.subject')
  const keyed = values.length > PLAIN_COMMAND_FIELDS ? readKey(fields) : {}
  const data = fields.bytes('command.data')
  fields.end('a command')
  return subject === undefined ? { ...keyed, data } : { subject, ...keyed, data }
}

function readKey(fields: FieldReader): Pick<Command, 'idempotency' | 'after'> {
  const idempotency = readIdempotency(fields)
  const after = fields.optionalInteger('command.after')
  if (after !== undefined) return { idempotency, after }
  fields.null('command.after')
  return { idempotency }
}

/** `id` is that of the request. The bytes are sent at once, never kept. */
export function encodeClientReply(id: number, reply: ClientReply): Uint8Array {
  const entries = reply.type === 'entries' ? reply.entries.map((entry: Entry) => encodeEntry(entry)) : []
  return sealFrame(FrameType.clientReply, [id, ...replyFields(reply)], entries)
}

function replyFields(reply: ClientReply): Field[] {
  switch (reply.type) {
    case 'appended':
      return [
        ReplyCode.appended,
        reply.firstIndex,
        reply.term,
        ...(reply.places ?? []).flatMap(({ index, term }) => [index, term]),
      ]
    case 'keyReused':
      return [ReplyCode.keyReused, reply.key]
    case 'keyForgotten':
      return [ReplyCode.keyForgotten, reply.key, reply.after]
    case 'notLeader':
      return [ReplyCode.notLeader, reply.term, reply.leaderId ?? null]
    case 'refused':
      return [ReplyCode.refused, codeOfReason(reply.reason), reply.message]
    case 'unknown':
      return [ReplyCode.unknown, reply.term]
    case 'entries':
      return [ReplyCode.entries, reply.term, reply.commitIndex, reply.entries.length]
    case 'busy':
      return [ReplyCode.busy, reply.pendingBytes, reply.maxPendingBytes]
    case 'compacted':
      return [ReplyCode.compacted, reply.firstAvailable]
    case 'readIndex':
      return [ReplyCode.readIndex, reply.index, reply.term]
    case 'status':
      return [ReplyCode.status, reply.leaderId, reply.term, reply.commitIndex]
  }
}

function codeOfReason(reason: RefusedReply['reason']): number {
  for (const [code, known] of REASONS) if (known === reason) return code
  throw new TypeError(`${String(reason)} is not a reason to refuse`)
}

/**
 * Nothing that comes back refers to `bytes`: the entries stand in one copy of them.
 * @throws ForeignFrameError, NewerFormatError, MalformedFrameError, as `decodeFrame`.
 */
export function decodeClientReply(
  bytes: Uint8Array,
  maxBytes: number = MAX_FRAME_BYTES,
): { id: number; reply: ClientReply } {
  return decoding(() => {
    const { fields, tail } = openFrame(bytes, FrameType.clientReply, maxBytes)
    const id = fields.integer('id')
    const reply = readReply(fields, tail)
    fields.end('a client reply')
    tail.end()
    return { id, reply }
  })
}

function readReply(fields: FieldReader, tail: Tail): ClientReply {
  const code = fields.integer('reply.type')
  switch (code) {
    case ReplyCode.appended:
      return readAppended(fields)
    case ReplyCode.keyReused:
      return { type: 'keyReused', key: fields.text('keyReused.key') }
    case ReplyCode.keyForgotten: {
      const key = fields.text('keyForgotten.key')
      return { type: 'keyForgotten', key, after: fields.integer('keyForgotten.after') }
    }
    case ReplyCode.notLeader:
      return {
        type: 'notLeader',
        term: fields.integer('notLeader.term'),
        leaderId: fields.optionalName('notLeader.leaderId'),
      }
    case ReplyCode.refused:
      return { type: 'refused', reason: readReason(fields), message: fields.text('refused.message') }
    case ReplyCode.unknown:
      return { type: 'unknown', term: fields.integer('unknown.term') }
    case ReplyCode.entries:
      return readEntries(fields, tail)
    case ReplyCode.busy: {
      const pendingBytes = fields.integer('busy.pendingBytes')
      return { type: 'busy', pendingBytes, maxPendingBytes: fields.integer('busy.maxPendingBytes') }
    }
    case ReplyCode.compacted:
      return { type: 'compacted', firstAvailable: fields.integer('compacted.firstAvailable') }
    case ReplyCode.readIndex:
      return {
        type: 'readIndex',
        index: fields.integer('readIndex.index'),
        term: fields.integer('readIndex.term'),
      }
    case ReplyCode.status: {
      const leaderId = fields.name('status.leaderId')
      const term = fields.integer('status.term')
      return { type: 'status', leaderId, term, commitIndex: fields.integer('status.commitIndex') }
    }
    default:
      throw new MalformedFrameError(`a client reply is of the unknown type ${code}`)
  }
}

function readAppended(fields: FieldReader): ClientReply {
  const firstIndex = fields.integer('appended.firstIndex')
  const term = fields.integer('appended.term')
  const places: LogPosition[] = []
  while (!fields.atEnd) places.push(fields.position('appended.place'))
  return { type: 'appended', firstIndex, term, ...(places.length === 0 ? {} : { places }) }
}

function readReason(fields: FieldReader): RefusedReply['reason'] {
  const code = fields.integer('refused.reason')
  const reason = REASONS.get(code)
  if (reason === undefined) throw new MalformedFrameError(`a refusal has the unknown reason ${code}`)
  return reason
}

function readEntries(fields: FieldReader, tail: Tail): ClientReply {
  const term = fields.integer('entries.term')
  const commitIndex = fields.integer('entries.commitIndex')
  const entries = takeEntries(tail, fields.integer('entries.entries'), undefined, term)
  return { type: 'entries', entries, commitIndex, term }
}
