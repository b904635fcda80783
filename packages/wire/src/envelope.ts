import { type Field, FieldReader } from './fields.ts'
import { MalformedFrameError, NewerFormatError } from './errors.ts'
import { assertOurs } from './foreign.ts'
import { FORMAT, FrameType, HEAD_BYTES, MAGIC } from './format.ts'
import { packFields, unpackValues } from './messagePack.ts'
import { scanValues } from './scan.ts'

/** A frame: magic, format, type; one array of fields; then the values of the tail, copied as they are. */
export function sealFrame(type: FrameType, fields: readonly Field[], tail: readonly Uint8Array[]): Uint8Array {
  const packed = packFields(fields, HEAD_BYTES)
  packed[0] = MAGIC
  packed[1] = FORMAT
  packed[2] = type
  if (tail.length === 0) return packed
  let length = packed.length
  for (const value of tail) length += value.length
  const frame = Buffer.allocUnsafe(length)
  frame.set(packed)
  let at = packed.length
  for (const value of tail) {
    frame.set(value, at)
    at += value.length
  }
  return frame
}

/** What a frame of `type` holds. */
export function openFrame(bytes: Uint8Array, type: FrameType, maxBytes: number): { fields: FieldReader; tail: Tail } {
  assertOurs(bytes)
  assertHead(bytes, type, maxBytes)
  const [end = HEAD_BYTES] = scanValues(bytes, HEAD_BYTES, 1)
  const [values = []] = unpackValues(bytes.subarray(HEAD_BYTES, end))
  return { fields: new FieldReader(values), tail: new Tail(bytes.subarray(end)) }
}

function assertHead(bytes: Uint8Array, type: FrameType, maxBytes: number): void {
  if (bytes.length > maxBytes) {
    throw new MalformedFrameError(`it has ${bytes.length} bytes, the limit is ${maxBytes}`)
  }
  const format = bytes[1]
  if (format === undefined || format === 0) throw new MalformedFrameError('it names no format')
  if (format > FORMAT) throw new NewerFormatError(format, FORMAT)
  if (bytes[2] === type) return
  throw new MalformedFrameError(`${nameOfType(bytes[2])} where ${nameOfType(type)} belongs`)
}

function nameOfType(type: number | undefined): string {
  switch (type) {
    case FrameType.packets:
      return 'a frame from node to node'
    case FrameType.clientRequest:
      return 'a client request'
    case FrameType.clientReply:
      return 'a client reply'
    default:
      return type === undefined ? 'nothing' : `a frame of the unknown type ${type}`
  }
}

/** The values behind the fields of a frame. They are copied out of it, all at once, when the first is taken. */
class Tail {
  #bytes: Uint8Array
  #owned = false
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Calls back with each of the next `count` values and the bytes it was decoded from. */
  take(count: number, value: (values: readonly unknown[], encoded: Uint8Array) => void): void {
    if (count === 0) return
    const ends = scanValues(this.#bytes, this.#at, count)
    if (!this.#owned) this.#own()
    let start = this.#at
    const last = ends.at(-1) ?? start
    const values = unpackValues(this.#bytes.subarray(start, last))
    for (const [place, end] of ends.entries()) {
      value(values[place] ?? [], this.#bytes.subarray(start, end))
      start = end
    }
    this.#at = last
  }

  /** Nothing is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedFrameError('bytes follow the last value')
  }

  // The buffer belongs to the NATS client: a view of it would keep a whole chunk of its socket in memory.
  #own(): void {
    this.#bytes = new Uint8Array(this.#bytes)
    this.#owned = true
  }
}

export type { Tail }
