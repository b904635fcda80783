import { ForeignFrameError } from './errors.ts'
import { MAGIC } from './format.ts'

const SHOWN_BYTES = 256

/** @throws ForeignFrameError saying what `bytes` look like, unless they open with our magic byte. */
export function assertOurs(bytes: Uint8Array): void {
  if (bytes[0] !== MAGIC) throw new ForeignFrameError(lookOf(bytes))
}

function lookOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty message'
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SHOWN_BYTES)).toString('latin1')
  if (/^\s*[{[]/.test(text)) return lookOfJson(text)
  if (/^[\t\r\n\x20-\x7e]+$/.test(text)) return `text (${JSON.stringify(text.slice(0, 32))})`
  return `${bytes.length} unknown bytes`
}

function lookOfJson(text: string): string {
  if (/"stream"\s*:/.test(text) && /"seq"\s*:/.test(text)) {
    return 'a publish acknowledgement of JetStream (a stream captures the subject)'
  }
  const type = /"type"\s*:\s*"(io\.nats\.[\w.]{1,64})"/.exec(text)
  return type === null ? 'JSON' : `JSON of type ${type[1]}`
}
