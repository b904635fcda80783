import { commandBytes, EntryTooLargeError, type Command } from '@quorate/core'
import type { Slab } from './slab.ts'

/** What can be appended: bytes, text (kept as UTF-8), or either with a subject to filter by. */
export type Appendable = Uint8Array | string | { readonly data: Uint8Array | string; readonly subject?: string }

const utf8 = new TextEncoder()

/**
 * The command that an appended value becomes. Its bytes are copied, small ones into the slab: the caller may go on to use the buffer.
 * @throws TypeError when it is none of the accepted kinds, EntryTooLargeError when no message can carry it.
 */
export function toCommand(value: Appendable, maxEntryBytes: number, slab: Slab): Command {
  const { data, subject } = parts(value)
  const command: Command = {
    data: typeof data === 'string' ? utf8.encode(data) : slab.copy(data),
    ...(subject === undefined ? {} : { subject }),
  }
  const sizeBytes = commandBytes(command)
  if (sizeBytes > maxEntryBytes) throw new EntryTooLargeError(sizeBytes, maxEntryBytes)
  return command
}

function parts(value: Appendable): { data: Uint8Array | string; subject: string | undefined } {
  if (typeof value === 'string' || value instanceof Uint8Array) return { data: value, subject: undefined }
  const { data, subject } = (value ?? {}) as { data?: unknown; subject?: unknown }
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new TypeError(`append takes a string, a Uint8Array or { data, subject? }; this is ${describe(value)}`)
  }
  if (subject !== undefined && (typeof subject !== 'string' || !/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject))) {
    throw new TypeError(`${JSON.stringify(subject)} is not a subject: use tokens separated by dots, without wildcards`)
  }
  return { data, subject }
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? `an object with ${Object.keys(value).join(', ') || 'nothing in it'}` : typeof value
}
