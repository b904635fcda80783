import { MalformedFrameError } from './errors.ts'

/**
 * Walks `count` values from `start` on without decoding them, and returns where each ends. What passes is an array of
 * nil, whole or floating numbers, strings and bytes, every one of them complete.
 *
 * This is what makes msgpackr safe to call on what strangers send: the record definitions for which it compiles code,
 * extensions (Date, Error, RegExp ...), maps and nesting never reach it, and no length leads out of the message.
 */
export function scanValues(bytes: Uint8Array, start: number, count: number): number[] {
  const ends: number[] = []
  let at = start
  for (let value = 0; value < count; value++) {
    at = skipArray(bytes, at)
    ends.push(at)
  }
  return ends
}

function skipArray(bytes: Uint8Array, start: number): number {
  const token = bytes[start]
  let at: number
  let length: number
  if (token !== undefined && token >= 0x90 && token < 0xa0) {
    at = start + 1
    length = token - 0x90
  } else if (token === 0xdc) {
    at = start + 3
    length = uint16(bytes, start + 1)
  } else if (token === 0xdd) {
    at = start + 5
    length = uint32(bytes, start + 1)
  } else {
    throw refused(token, start)
  }
  // Not `length > ...`: a length that is not all there is NaN.
  if (!(length <= bytes.length - at)) throw new MalformedFrameError('it ends too early')
  for (let element = 0; element < length; element++) at = skipScalar(bytes, at)
  return at
}

function skipScalar(bytes: Uint8Array, start: number): number {
  const end = scalarEnd(bytes, start)
  if (end <= bytes.length) return end
  // Or `end` is NaN: the length itself is not all there.
  throw new MalformedFrameError('it ends too early')
}

function scalarEnd(bytes: Uint8Array, start: number): number {
  const token = bytes[start] ?? Number.NaN
  if (token < 0x80) return start + 1
  if (token >= 0xa0 && token < 0xc0) return start + 1 + token - 0xa0
  switch (token) {
    case 0xc0: // nil
      return start + 1
    case 0xcc: // uint 8
      return start + 2
    case 0xcd: // uint 16
      return start + 3
    case 0xce: // uint 32
      return start + 5
    case 0xcb: // float 64
      return start + 9
    case 0xd9: // str 8
    case 0xc4: // bin 8
      return start + 2 + (bytes[start + 1] ?? Number.NaN)
    case 0xda: // str 16
    case 0xc5: // bin 16
      return start + 3 + uint16(bytes, start + 1)
    case 0xdb: // str 32
    case 0xc6: // bin 32
      return start + 5 + uint32(bytes, start + 1)
    default:
      throw refused(bytes[start], start)
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? Number.NaN) * 0x100 + (bytes[at + 1] ?? Number.NaN)
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x10000 + uint16(bytes, at + 2)
}

function refused(token: number | undefined, at: number): MalformedFrameError {
  if (token === undefined) return new MalformedFrameError('it ends too early')
  return new MalformedFrameError(`byte 0x${token.toString(16)} at ${at} opens a value that has no place there`)
}
