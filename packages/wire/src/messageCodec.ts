import type { Entry, InstallSnapshot, LogPosition, Message, SnapshotHead } from '@quorate/core'
import { MalformedFrameError } from './errors.ts'
import { readEntry, takeEntries } from './entryCodec.ts'
import type { Tail } from './envelope.ts'
import type { Field, FieldReader } from './fields.ts'
import { encodePiece, encodeSnapshotHead, readPiece, readSnapshotHead } from './snapshotCodec.ts'

/** The numbers that stand for the messages, for good. */
const Code = {
  requestVote: 1,
  requestVoteGranted: 2,
  requestVoteRefused: 3,
  appendEntries: 4,
  appendEntriesAccepted: 5,
  appendEntriesRejected: 6,
  preVote: 7,
  preVoteGranted: 8,
  preVoteRefused: 9,
  timeoutNow: 10,
  removed: 11,
  installSnapshot: 12,
  installSnapshotAnswered: 13,
  bootstrapInquiry: 16,
  bootstrapStanding: 17,
  bootstrapOffer: 18,
  bootstrapAccepted: 19,
  repairInquiry: 20,
  repairEntry: 21,
  repairAbsent: 22,
} as const

const NO_ENTRIES: readonly Entry[] = []
const NO_VALUES: readonly Uint8Array[] = []

/** What a frame says of `message` before its entries, which travel in the tail. Their number stands last. */
export function messageFields(message: Message): Field[] {
  switch (message.type) {
    case 'preVote':
      return [Code.preVote, message.term, message.round, message.lastLog.index, message.lastLog.term]
    case 'preVote.granted':
      return [Code.preVoteGranted, message.term, message.round]
    case 'preVote.refused':
      return [Code.preVoteRefused, message.term, message.round]
    case 'requestVote':
      return [Code.requestVote, message.term, message.lastLog.index, message.lastLog.term, message.isTransfer ? 1 : 0]
    case 'requestVote.granted':
      return [Code.requestVoteGranted, message.term]
    case 'requestVote.refused':
      return [Code.requestVoteRefused, message.term]
    case 'appendEntries': {
      const { term, session, round, prevLog, leaderCommit, entries } = message
      return [Code.appendEntries, term, session, round, prevLog.index, prevLog.term, leaderCommit, entries.length]
    }
    case 'appendEntries.accepted': {
      const { term, session, round, matchIndex, machineVersion } = message
      return [Code.appendEntriesAccepted, term, session, round, matchIndex, machineVersion]
    }
    case 'appendEntries.rejected': {
      const { term, session, round, prevLogIndex, hint } = message
      return [Code.appendEntriesRejected, term, session, round, prevLogIndex, hint.index, hint.term]
    }
    case 'timeoutNow':
      return [Code.timeoutNow, message.term, message.lastLog.index, message.lastLog.term]
    case 'removed':
      return [Code.removed, message.term, message.configurationIndex]
    case 'installSnapshot': {
      const { term, session, round, offset, description } = message
      return [Code.installSnapshot, term, session, round, offset, description.sizeBytes, description.checksum]
    }
    case 'installSnapshot.answered': {
      const { term, session, round, lastIncludedIndex, receivedBytes } = message
      return [Code.installSnapshotAnswered, term, session, round, lastIncludedIndex, receivedBytes]
    }
    case 'bootstrap.inquiry':
      return [Code.bootstrapInquiry, message.birth ?? null]
    case 'bootstrap.standing':
      return [Code.bootstrapStanding, message.birth ?? null, message.groupUuid ?? null, message.knownStore ?? null]
    case 'bootstrap.offer':
      return [Code.bootstrapOffer]
    case 'bootstrap.accepted':
      return [Code.bootstrapAccepted, message.groupUuid]
    case 'repair.inquiry':
      return [Code.repairInquiry, message.wanted.index, message.wanted.term]
    case 'repair.entry':
      return [Code.repairEntry]
    case 'repair.absent': {
      const { wanted, committedTerm, startsAfter } = message
      return [Code.repairAbsent, wanted.index, wanted.term, startsAfter, committedTerm ?? null]
    }
  }
}

/** The entries that travel with `message`. */
export function entriesOf(message: Message): readonly Entry[] {
  switch (message.type) {
    case 'appendEntries':
      return message.entries
    case 'bootstrap.offer':
    case 'repair.entry':
      return [message.entry]
    default:
      return NO_ENTRIES
  }
}

/** The values that travel with `message` and belong together: they are never divided. */
export function valuesOf(message: Message): readonly Uint8Array[] {
  if (message.type !== 'installSnapshot') return NO_VALUES
  return [encodeSnapshotHead(message.description), encodePiece(message.data)]
}

export function readMessage(fields: FieldReader, tail: Tail): Message {
  const code = fields.integer('message.type')
  switch (code) {
    case Code.preVote: {
      const term = fields.integer('preVote.term')
      const round = fields.integer('preVote.round')
      return { type: 'preVote', term, round, lastLog: readPosition(fields, 'preVote.lastLog', term) }
    }
    case Code.preVoteGranted:
    case Code.preVoteRefused: {
      const type = code === Code.preVoteGranted ? 'preVote.granted' : 'preVote.refused'
      return { type, term: fields.integer(`${type}.term`), round: fields.integer(`${type}.round`) }
    }
    case Code.requestVote: {
      const term = fields.integer('requestVote.term')
      const lastLog = readPosition(fields, 'requestVote.lastLog', term)
      return { type: 'requestVote', term, lastLog, isTransfer: fields.flag('requestVote.isTransfer') }
    }
    case Code.requestVoteGranted:
      return { type: 'requestVote.granted', term: fields.integer('requestVote.granted.term') }
    case Code.requestVoteRefused:
      return { type: 'requestVote.refused', term: fields.integer('requestVote.refused.term') }
    case Code.appendEntries:
      return readAppendEntries(fields, tail)
    case Code.appendEntriesAccepted: {
      const term = fields.integer('appendEntries.accepted.term')
      const session = fields.integer('appendEntries.accepted.session')
      const round = fields.integer('appendEntries.accepted.round')
      const matchIndex = fields.integer('appendEntries.accepted.matchIndex')
      const machineVersion = fields.integer('appendEntries.accepted.machineVersion')
      return { type: 'appendEntries.accepted', term, session, round, matchIndex, machineVersion }
    }
    case Code.appendEntriesRejected:
      return readAppendEntriesRejected(fields)
    case Code.timeoutNow: {
      const term = fields.integer('timeoutNow.term')
      return { type: 'timeoutNow', term, lastLog: readPosition(fields, 'timeoutNow.lastLog', term) }
    }
    case Code.removed: {
      const term = fields.integer('removed.term')
      return { type: 'removed', term, configurationIndex: fields.integer('removed.configurationIndex') }
    }
    case Code.installSnapshot:
      return readInstallSnapshot(fields, tail)
    case Code.installSnapshotAnswered:
      return readInstallSnapshotAnswered(fields)
    default:
      return readBootstrapMessage(code, fields, tail)
  }
}

function readAppendEntries(fields: FieldReader, tail: Tail): Message {
  const term = fields.integer('appendEntries.term')
  const session = fields.integer('appendEntries.session')
  const round = fields.integer('appendEntries.round')
  const prevLog = readPosition(fields, 'appendEntries.prevLog', term)
  const leaderCommit = fields.integer('appendEntries.leaderCommit')
  const count = fields.integer('appendEntries.entries')
  const entries = takeEntries(tail, count, prevLog, term)
  return { type: 'appendEntries', term, session, round, prevLog, entries, leaderCommit }
}

function readAppendEntriesRejected(fields: FieldReader): Message {
  const term = fields.integer('appendEntries.rejected.term')
  const session = fields.integer('appendEntries.rejected.session')
  const round = fields.integer('appendEntries.rejected.round')
  const prevLogIndex = fields.integer('appendEntries.rejected.prevLogIndex')
  const hint = readPosition(fields, 'appendEntries.rejected.hint', term)
  if (hint.index > prevLogIndex) throw new MalformedFrameError('appendEntries.rejected hints behind prevLogIndex')
  return { type: 'appendEntries.rejected', term, session, round, prevLogIndex, hint }
}

function readInstallSnapshot(fields: FieldReader, tail: Tail): InstallSnapshot {
  const type = 'installSnapshot'
  const term = fields.integer('installSnapshot.term')
  const session = fields.integer('installSnapshot.session')
  const round = fields.integer('installSnapshot.round')
  const offset = fields.integer('installSnapshot.offset')
  const sizeBytes = fields.integer('installSnapshot.sizeBytes')
  const checksum = fields.integer('installSnapshot.checksum')
  const { head, data } = takeSnapshot(tail)
  if (head.lastIncluded.term > term) {
    throw new MalformedFrameError(
      `a snapshot includes an entry of term ${head.lastIncluded.term}, the message has ${term}`,
    )
  }
  if (offset + data.length > sizeBytes) {
    throw new MalformedFrameError(`a piece ends at ${offset + data.length} of a snapshot of ${sizeBytes} bytes`)
  }
  return { type, term, session, round, description: { ...head, sizeBytes, checksum }, offset, data }
}

function takeSnapshot(tail: Tail): { head: SnapshotHead; data: Uint8Array } {
  let head: SnapshotHead | undefined
  let data: Uint8Array | undefined
  tail.take(2, (values) => {
    if (head === undefined) head = readSnapshotHead(values)
    else data = readPiece(values)
  })
  if (head === undefined || data === undefined) throw new MalformedFrameError('installSnapshot has no snapshot')
  return { head, data }
}

function readInstallSnapshotAnswered(fields: FieldReader): Message {
  const type = 'installSnapshot.answered'
  const term = fields.integer('installSnapshot.answered.term')
  const session = fields.integer('installSnapshot.answered.session')
  const round = fields.integer('installSnapshot.answered.round')
  const lastIncludedIndex = fields.integer('installSnapshot.answered.lastIncludedIndex')
  const receivedBytes = fields.integer('installSnapshot.answered.receivedBytes')
  return { type, term, session, round, lastIncludedIndex, receivedBytes }
}

function readBootstrapMessage(code: number, fields: FieldReader, tail: Tail): Message {
  switch (code) {
    case Code.bootstrapInquiry:
      return { type: 'bootstrap.inquiry', birth: fields.optionalUuid('bootstrap.inquiry.birth') }
    case Code.bootstrapStanding: {
      const birth = fields.optionalUuid('bootstrap.standing.birth')
      const groupUuid = fields.optionalUuid('bootstrap.standing.groupUuid')
      const knownStore = fields.optionalUuid('bootstrap.standing.knownStore')
      return { type: 'bootstrap.standing', birth, groupUuid, knownStore }
    }
    case Code.bootstrapOffer: {
      const entry = takeEntry(tail)
      if (entry?.kind !== 'configuration') throw new MalformedFrameError('bootstrap.offer offers no configuration')
      return { type: 'bootstrap.offer', entry }
    }
    case Code.bootstrapAccepted:
      return { type: 'bootstrap.accepted', groupUuid: fields.uuid('bootstrap.accepted.groupUuid') }
    default:
      return readRepairMessage(code, fields, tail)
  }
}

function readRepairMessage(code: number, fields: FieldReader, tail: Tail): Message {
  switch (code) {
    case Code.repairInquiry:
      return { type: 'repair.inquiry', wanted: fields.position('repair.inquiry.wanted') }
    case Code.repairEntry: {
      const entry = takeEntry(tail)
      if (entry === undefined) throw new MalformedFrameError('repair.entry has no entry')
      return { type: 'repair.entry', entry }
    }
    case Code.repairAbsent: {
      const wanted = fields.position('repair.absent.wanted')
      const startsAfter = fields.integer('repair.absent.startsAfter')
      const committedTerm = fields.optionalInteger('repair.absent.committedTerm')
      if (committedTerm === undefined) fields.null('repair.absent.committedTerm')
      return { type: 'repair.absent', wanted, committedTerm, startsAfter }
    }
    default:
      throw new MalformedFrameError(`a message is of the unknown type ${code}`)
  }
}

/** A position in the log of a server that is in `term`. */
function readPosition(fields: FieldReader, what: string, term: number): LogPosition {
  const position = fields.position(what)
  if (position.term > term) throw new MalformedFrameError(`${what} has term ${position.term}, the message ${term}`)
  if (position.index === 0 && position.term !== 0) {
    throw new MalformedFrameError(`${what} has term ${position.term} before the first entry`)
  }
  return position
}

function takeEntry(tail: Tail): Entry | undefined {
  let entry: Entry | undefined
  tail.take(1, (values, encoded) => {
    entry = readEntry(values, encoded)
  })
  return entry
}
