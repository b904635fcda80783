import { FIRST_MACHINE_VERSION } from '../machineVersions.ts'
import { IdempotencyKeys, type RememberedKey } from '../state/idempotencyKeys.ts'

/** What of the replicated state is the system's own. */
export interface SystemPart {
  /** The version of the state machine that was in force. */
  readonly machineVersion: number
  readonly keys: IdempotencyKeys
}

/** What a snapshot that this version takes begins with. */
const FORMAT = 1
/** The format, and how many bytes follow of the system's part. */
const HEAD_BYTES = 1 + 4
/** The kinds of sections, for good; each has its length behind it. */
const KEYS_SECTION = 1
const VERSION_SECTION = 2
const SECTION_HEAD_BYTES = 1 + 4
/** Of a key, beside its text: the length of that, index, term, checksum, expiry. */
const KEY_BYTES = 2 + 8 + 8 + 4 + 8
const KEYS_HEAD_BYTES = 8 + 4
const VERSION_BYTES = 4

/**
 * The system's part of a snapshot, which stands before that of the state machine:
 *
 * ```
 * format (1)  length (4)  | section: kind (1)  length (4)  content | ...
 * keys:  forgottenUpTo (8)  count (4)  | length (2)  UTF-16 units (2 each)  index (8)  term (8)  checksum (4)  expiresAt (8) | ...
 * version:  version of the state machine (4)
 * ```
 *
 * Integers are little-endian, those of 8 bytes IEEE 754 doubles. Two servers that have applied the same encode the same bytes.
 */
export function encodeSystemPart({ keys, machineVersion }: SystemPart): Uint8Array {
  const { remembered, forgottenUpTo } = keys.sweep()
  const keysBytes = remembered.reduce((sum, { key }) => sum + KEY_BYTES + 2 * key.length, KEYS_HEAD_BYTES)
  const contentBytes = SECTION_HEAD_BYTES + keysBytes + SECTION_HEAD_BYTES + VERSION_BYTES
  const writer = new Writer(HEAD_BYTES + contentBytes)
  writer.byte(FORMAT)
  writer.uint32(contentBytes)
  writer.byte(KEYS_SECTION)
  writer.uint32(keysBytes)
  writer.double(forgottenUpTo)
  writer.uint32(remembered.length)
  for (const { key, position, checksum, expiresAt } of remembered) {
    writer.text(key)
    writer.double(position.index)
    writer.double(position.term)
    writer.uint32(checksum)
    writer.double(expiresAt)
  }
  writer.byte(VERSION_SECTION)
  writer.uint32(VERSION_BYTES)
  writer.uint32(machineVersion)
  return writer.bytes
}

/** @throws RangeError for bytes that are cut short, Error for those of a later version. */
export function decodeSystemPart(bytes: Uint8Array, lastTime: number): SystemPart {
  const reader = new Reader(bytes)
  assertFormat(reader.byte())
  const end = HEAD_BYTES + reader.uint32()
  let keys = new IdempotencyKeys()
  let machineVersion = FIRST_MACHINE_VERSION
  while (reader.offset < end) {
    const kind = reader.byte()
    reader.uint32()
    if (kind === KEYS_SECTION) keys = readKeys(reader, lastTime)
    else if (kind === VERSION_SECTION) machineVersion = reader.uint32()
    else throw newerSnapshot(`it has a section of kind ${kind}`)
  }
  return { keys, machineVersion }
}

function readKeys(reader: Reader, lastTime: number): IdempotencyKeys {
  const forgottenUpTo = reader.double()
  const count = reader.uint32()
  const remembered: RememberedKey[] = []
  for (let place = 0; place < count; place++) {
    const key = reader.text()
    const position = { index: reader.double(), term: reader.double() }
    remembered.push({ key, position, checksum: reader.uint32(), expiresAt: reader.double() })
  }
  return IdempotencyKeys.of(remembered, forgottenUpTo, lastTime)
}

function assertFormat(format: number): void {
  if (format !== FORMAT) throw newerSnapshot(`it is of format ${format}, this version reads ${FORMAT}`)
}

function newerSnapshot(why: string): Error {
  return new Error(`a snapshot was taken by a later version of Quorate: ${why}. Update this server.`)
}

/** Where the state machine's part begins; undefined while too little is there to know. */
export function endOfSystemPart(bytes: Uint8Array): number | undefined {
  return bytes.length < HEAD_BYTES ? undefined : HEAD_BYTES + viewOf(bytes).getUint32(1, true)
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

class Writer {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.#view = viewOf(this.bytes)
  }

  byte(value: number): void {
    this.#view.setUint8(this.#advance(1), value)
  }

  uint32(value: number): void {
    this.#view.setUint32(this.#advance(4), value, true)
  }

  double(value: number): void {
    this.#view.setFloat64(this.#advance(8), value, true)
  }

  text(value: string): void {
    this.#view.setUint16(this.#advance(2), value.length, true)
    for (let at = 0; at < value.length; at++) this.#view.setUint16(this.#advance(2), value.charCodeAt(at), true)
  }

  #advance(bytes: number): number {
    this.#offset += bytes
    return this.#offset - bytes
  }
}

class Reader {
  readonly #view: DataView
  offset = 0

  constructor(bytes: Uint8Array) {
    this.#view = viewOf(bytes)
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true)
  }

  text(): string {
    const length = this.#view.getUint16(this.#advance(2), true)
    const units = Array.from({ length }, () => this.#view.getUint16(this.#advance(2), true))
    return String.fromCharCode(...units)
  }

  #advance(bytes: number): number {
    this.offset += bytes
    return this.offset - bytes
  }
}
