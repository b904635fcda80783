import { type GroupUuid, type Index, type LogPosition, type ServerId, type Term, isName } from '@quorate/core'
import { MalformedFrameError } from './errors.ts'

/** What a position of a flat array may hold: null stands for undefined. */
export type Field = number | string | null

const UUID = /^[\x21-\x7e]{1,64}$/

/** How many bytes msgpackr takes for `field`. */
export function fieldBytes(field: Field): number {
  if (field === null) return 1
  if (typeof field === 'string') return stringBytes(Buffer.byteLength(field))
  if (field < 0x80) return 1
  if (field < 0x100) return 2
  if (field < 0x10000) return 3
  return field < 0x100000000 ? 5 : 9
}

function stringBytes(length: number): number {
  if (length < 0x20) return 1 + length
  if (length < 0x100) return 2 + length
  return length < 0x10000 ? 3 + length : 5 + length
}

/** Takes the positions of a flat array one by one. Every method throws MalformedFrameError unless the type is right. */
export class FieldReader {
  readonly #fields: readonly unknown[]
  #at: number

  constructor(fields: readonly unknown[], at = 0) {
    this.#fields = fields
    this.#at = at
  }

  get atEnd(): boolean {
    return this.#at >= this.#fields.length
  }

  /** A term, an index, a count, a time: a safe integer, not negative. */
  integer(what: string): number {
    const field = this.#fields[this.#at++]
    // Adding zero makes a plain zero of the negative one.
    if (typeof field === 'number' && Number.isSafeInteger(field) && field >= 0) return field + 0
    throw unexpected(what, 'a whole number', field)
  }

  /** Undefined where something else than a number stands, which is left for the next call. */
  optionalInteger(what: string): number | undefined {
    return typeof this.#fields[this.#at] === 'number' ? this.integer(what) : undefined
  }

  /** Nothing stands here. */
  null(what: string): void {
    if (!this.#takesNull()) throw unexpected(what, 'nil', this.#fields[this.#at])
  }

  /** 0 or 1. */
  flag(what: string): boolean {
    const field = this.#fields[this.#at++]
    if (field === 0 || field === 1) return field === 1
    throw unexpected(what, '0 or 1', field)
  }

  position(what: string): LogPosition {
    const index: Index = this.integer(`${what}.index`)
    const term: Term = this.integer(`${what}.term`)
    return { index, term }
  }

  /** The name of a node, a server or a group. */
  name(what: string): ServerId {
    const field = this.#fields[this.#at++]
    if (isName(field)) return field
    throw unexpected(what, 'a name', field)
  }

  optionalName(what: string): ServerId | undefined {
    if (this.#takesNull()) return undefined
    return this.name(what)
  }

  /** The UUID of a group or of a store. */
  uuid(what: string): GroupUuid {
    const field = this.#fields[this.#at++]
    if (isUuid(field)) return field
    throw unexpected(what, 'a UUID', field)
  }

  optionalUuid(what: string): GroupUuid | undefined {
    if (this.#takesNull()) return undefined
    return this.uuid(what)
  }

  text(what: string): string {
    const field = this.#fields[this.#at++]
    if (typeof field === 'string') return field
    throw unexpected(what, 'a string', field)
  }

  optionalText(what: string): string | undefined {
    if (this.#takesNull()) return undefined
    return this.text(what)
  }

  bytes(what: string): Uint8Array {
    const field = this.#fields[this.#at++]
    if (field instanceof Uint8Array) return field
    throw unexpected(what, 'bytes', field)
  }

  /** All positions were taken. */
  end(what: string): void {
    if (this.atEnd) return
    throw new MalformedFrameError(`${what} has ${this.#fields.length - this.#at} fields too many`)
  }

  #takesNull(): boolean {
    if (this.#fields[this.#at] !== null) return false
    this.#at++
    return true
  }
}

/** Not checked for its form, but one byte a character, and never long. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

function unexpected(what: string, expected: string, found: unknown): MalformedFrameError {
  return new MalformedFrameError(`${what} should be ${expected} and is ${shown(found)}`)
}

function shown(found: unknown): string {
  if (typeof found === 'string') return JSON.stringify(found.slice(0, 64))
  if (typeof found === 'number') return String(found)
  if (found === undefined) return 'missing'
  return found === null ? 'nil' : 'bytes'
}
