import { ForeignFrameError, NewerFormatError } from '@quorate/wire'
import { messageOf } from './errors.ts'
import type { ProblemKind, Problems } from './problems.ts'

/** Counts bytes that could not be decoded, by why. */
export function reportUnreadable(problems: Problems, subject: string, error: unknown): void {
  problems.report(kindOf(error), `on ${subject}: ${messageOf(error)}`, { subject, error })
}

function kindOf(error: unknown): ProblemKind {
  if (error instanceof ForeignFrameError) return 'foreign'
  return error instanceof NewerFormatError ? 'newer' : 'malformed'
}

/** The name of the stream, if `bytes` are what JetStream answers to a message that it has stored. */
export function streamThatAnswered(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== OPENING_BRACE || bytes.length > MAX_ACK_BYTES) return undefined
  try {
    const { stream, seq } = JSON.parse(Buffer.from(bytes).toString()) as { stream?: unknown; seq?: unknown }
    return typeof stream === 'string' && typeof seq === 'number' ? stream : undefined
  } catch {
    return undefined
  }
}

const OPENING_BRACE = 0x7b
const MAX_ACK_BYTES = 4096
