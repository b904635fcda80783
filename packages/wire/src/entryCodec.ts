import {
  FIRST_MACHINE_VERSION,
  HIGHEST_MACHINE_VERSION,
  type Entry,
  type EntryKind,
  type LogPosition,
  type Term,
  invariant,
} from '@quorate/core'
import { configurationFields, readConfiguration } from './configurationCodec.ts'
import { decoding } from './decoding.ts'
import type { Tail } from './envelope.ts'
import { MalformedFrameError, NewerFormatError } from './errors.ts'
import { type Field, FieldReader } from './fields.ts'
import { FORMAT } from './format.ts'
import { idempotencyFields, readIdempotency } from './idempotencyCodec.ts'
import { packFields, packWithData, unpackValues } from './messagePack.ts'
import { scanValues } from './scan.ts'

/** The numbers that stand for the kinds, on the wire and on disk, for good. */
const KIND_CODES: Readonly<Record<EntryKind | 'keyedCommand', number>> = {
  command: 1,
  'no-op': 2,
  configuration: 3,
  /** A command with an idempotency key. */
  keyedCommand: 4,
  upgrade: 6,
}

/** Checkpoint: a later format gives it a meaning. */
const RESERVED_KIND_CODES: readonly number[] = [5]

/** The entry's bytes, the same at every call: encoded once, then kept in `entry.encoded`. */
export function encodeEntry(entry: Entry): Uint8Array {
  return (entry.encoded ??= encode(entry))
}

function encode(entry: Entry): Uint8Array {
  const { index, term, time } = entry
  // What cannot be decoded must not be encoded: the log could not be read again.
  const sound = isWhole(index) && index > 0 && isWhole(term) && isWhole(time)
  invariant(sound, 'index, term and time of an entry are whole numbers')
  const fields: Field[] = [index, term, codeOf(entry), time]
  switch (entry.kind) {
    case 'command':
      fields.push(entry.subject ?? null)
      if (entry.idempotency !== undefined) fields.push(...idempotencyFields(entry.idempotency))
      fields.push(null)
      return packWithData(fields, entry.data)
    case 'no-op':
      return Buffer.from(packFields(fields, 0))
    case 'configuration':
      // A configuration begins with a text: a number before it is a version.
      if (entry.machineVersion !== undefined) fields.push(entry.machineVersion)
      fields.push(...configurationFields(entry.configuration))
      return Buffer.from(packFields(fields, 0))
    case 'upgrade':
      fields.push(entry.machineVersion)
      return Buffer.from(packFields(fields, 0))
  }
}

function codeOf(entry: Entry): number {
  return KIND_CODES[entry.kind === 'command' && entry.idempotency !== undefined ? 'keyedCommand' : entry.kind]
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/**
 * `entry.encoded`, and the data of a command, are views of `bytes`, which belong to the entry from here on.
 * @throws NewerFormatError for a kind of a later format.
 * @throws MalformedFrameError
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  return decoding(() => {
    const [end] = scanValues(bytes, 0, 1)
    if (end !== bytes.length) throw new MalformedFrameError('bytes follow the entry')
    // A view of its own: msgpackr leaves a property on what it reads, and of a Buffer it would make Buffers.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const [values] = unpackValues(plain)
    return readEntry(values ?? [], plain.subarray(0))
  })
}

/** The entry of which `values` were decoded from `encoded`. */
export function readEntry(values: readonly unknown[], encoded: Uint8Array): Entry {
  const fields = new FieldReader(values)
  const index = fields.integer('entry.index')
  const term = fields.integer('entry.term')
  const code = fields.integer('entry.kind')
  const time = fields.integer('entry.time')
  if (index === 0) throw new MalformedFrameError('an entry has index 0')
  const entry = readKind(code, { index, term, time, encoded }, fields)
  fields.end('an entry')
  return entry
}

function readKind(
  code: number,
  base: { index: number; term: number; time: number; encoded: Uint8Array },
  fields: FieldReader,
): Entry {
  const { index, term, time, encoded } = base
  switch (code) {
    case KIND_CODES['command']: {
      const subject = fields.optionalText('entry.subject')
      const data = fields.bytes('entry.data')
      if (subject === undefined) return { index, term, time, encoded, kind: 'command', data }
      return { index, term, time, encoded, kind: 'command', subject, data }
    }
    case KIND_CODES['keyedCommand']: {
      const subject = fields.optionalText('entry.subject')
      const idempotency = readIdempotency(fields)
      const data = fields.bytes('entry.data')
      if (subject === undefined) return { index, term, time, encoded, kind: 'command', idempotency, data }
      return { index, term, time, encoded, kind: 'command', subject, idempotency, data }
    }
    case KIND_CODES['no-op']:
      return { index, term, time, encoded, kind: 'no-op' }
    case KIND_CODES['configuration']:
      return readConfigurationEntry(base, fields)
    case KIND_CODES['upgrade']:
      return { index, term, time, encoded, kind: 'upgrade', machineVersion: readVersion(fields) }
    default:
      if (RESERVED_KIND_CODES.includes(code)) throw new NewerFormatError(FORMAT + 1, FORMAT)
      throw new MalformedFrameError(`an entry is of the unknown kind ${code}`)
  }
}

function readConfigurationEntry(
  { index, term, time, encoded }: { index: number; term: number; time: number; encoded: Uint8Array },
  fields: FieldReader,
): Entry {
  const version = fields.optionalInteger('configuration.machineVersion')
  if (version !== undefined) assertVersion(version)
  const entry = { index, term, time, encoded, kind: 'configuration', configuration: readConfiguration(fields) } as const
  return version === undefined ? entry : { ...entry, machineVersion: version }
}

function readVersion(fields: FieldReader): number {
  const version = fields.integer('upgrade.machineVersion')
  assertVersion(version)
  return version
}

function assertVersion(version: number): void {
  if (version < FIRST_MACHINE_VERSION || version > HIGHEST_MACHINE_VERSION) {
    throw new MalformedFrameError(`an entry names version ${version} of the state machine`)
  }
}

/**
 * The next `count` entries of a frame: without a hole, behind `prevLog` if that is known, of terms that never fall and
 * stay within `upToTerm`.
 */
export function takeEntries(tail: Tail, count: number, prevLog: LogPosition | undefined, upToTerm: Term): Entry[] {
  const entries: Entry[] = []
  let last = prevLog
  tail.take(count, (values, encoded) => {
    const entry = readEntry(values, encoded)
    assertFollows(entry, last, upToTerm)
    entries.push(entry)
    last = entry
  })
  return entries
}

function assertFollows({ index, term }: Entry, last: LogPosition | undefined, upToTerm: Term): void {
  if (term > upToTerm) throw new MalformedFrameError(`entry ${index} has term ${term}, the message ${upToTerm}`)
  if (last === undefined) return
  if (index !== last.index + 1) throw new MalformedFrameError(`entry ${index} follows entry ${last.index}`)
  if (term < last.term) throw new MalformedFrameError(`entry ${index} has term ${term}, the one before ${last.term}`)
}
