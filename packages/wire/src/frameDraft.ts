import { type AppendEntries, type Entry, EntryTooLargeError } from '@quorate/core'
import type { LogPosition, Message, Packet, StoreIdentity } from '@quorate/core'
import { encodeEntry } from './entryCodec.ts'
import { sealFrame } from './envelope.ts'
import { type Field, fieldBytes } from './fields.ts'
import { ARRAY_BYTES, FrameType, HEAD_BYTES } from './format.ts'
import { entriesOf, messageFields, valuesOf } from './messageCodec.ts'

/** A frame from node to node that takes messages as long as they fit. */
export class FrameDraft {
  readonly #maxBytes: number
  readonly #fields: Field[]
  readonly #tail: Uint8Array[] = []
  /** What the frame takes, at most: a count is taken for the largest that it may become. */
  #bytes: number
  /** The packet that the last message belongs to, and where the number of its messages stands. */
  #packet: Packet | undefined
  #countAt = 0
  #count = 0

  constructor(store: StoreIdentity, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#fields = [store]
    this.#bytes = HEAD_BYTES + ARRAY_BYTES + fieldBytes(store)
  }

  get isEmpty(): boolean {
    return this.#packet === undefined
  }

  /**
   * Takes `message`, and returns what of it has to go into another frame: nothing, all of it, or an AppendEntries that
   * continues it.
   * @throws EntryTooLargeError, RangeError when another frame would not help.
   */
  add(packet: Packet, message: Message): Message | undefined {
    const fields = messageFields(message)
    const entries = entriesOf(message)
    const values = valuesOf(message)
    const bytes = this.#bytesBefore(packet, fields, values)
    const taken = this.#fitting(entries, bytes)
    if (taken < 0 || (taken === 0 && entries.length > 0)) {
      if (this.isEmpty) throw doesNotFit(entries[0], bytes, this.#maxBytes)
      return message
    }
    if (packet !== this.#packet) this.#open(packet)
    this.#fields[this.#countAt] = ++this.#count
    if (message.type === 'appendEntries') fields[fields.length - 1] = taken
    for (const field of fields) this.#fields.push(field)
    this.#bytes = bytes
    for (const value of values) this.#tail.push(value)
    this.#pushEntries(entries, taken)
    return message.type === 'appendEntries' && taken < entries.length ? continuation(message, taken) : undefined
  }

  seal(): Uint8Array {
    return sealFrame(FrameType.packets, this.#fields, this.#tail)
  }

  /** What the frame takes once `fields` and their `values` stand in it, before their entries do. */
  #bytesBefore(packet: Packet, fields: readonly Field[], values: readonly Uint8Array[]): number {
    let bytes = this.#bytes
    if (packet !== this.#packet) {
      bytes += fieldBytes(packet.group) + fieldBytes(packet.groupUuid ?? null) + fieldBytes(packet.messages.length)
    }
    for (const field of fields) bytes += fieldBytes(field)
    for (const value of values) bytes += value.length
    return bytes
  }

  /** How many of `entries` fit behind `bytes`; -1 when those alone are too many. */
  #fitting(entries: readonly Entry[], bytes: number): number {
    let room = this.#maxBytes - bytes
    if (room < 0) return -1
    let fitting = 0
    for (const entry of entries) {
      room -= encodeEntry(entry).length
      if (room < 0) break
      fitting++
    }
    return fitting
  }

  #open(packet: Packet): void {
    this.#packet = packet
    this.#count = 0
    this.#countAt = this.#fields.push(packet.group, packet.groupUuid ?? null, 0) - 1
  }

  #pushEntries(entries: readonly Entry[], count: number): void {
    for (let place = 0; place < count; place++) {
      const encoded = encodeEntry(entries[place] as Entry)
      this.#tail.push(encoded)
      this.#bytes += encoded.length
    }
  }
}

/** What is left of `message` behind its first `taken` entries. */
function continuation(message: AppendEntries, taken: number): AppendEntries {
  const last: LogPosition = message.entries[taken - 1] as Entry
  return { ...message, prevLog: { index: last.index, term: last.term }, entries: message.entries.slice(taken) }
}

function doesNotFit(entry: Entry | undefined, bytes: number, maxBytes: number): Error {
  if (entry === undefined || bytes > maxBytes) {
    return new RangeError(`maxFrameBytes is ${maxBytes}, a message without entries takes ${bytes}`)
  }
  return new EntryTooLargeError(encodeEntry(entry).length, maxBytes - bytes)
}
