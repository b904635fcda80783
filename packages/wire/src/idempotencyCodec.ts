import { MAX_IDEMPOTENCY_KEY_LENGTH, type Idempotency, invariant } from '@quorate/core'
import { MalformedFrameError } from './errors.ts'
import type { Field, FieldReader } from './fields.ts'

/** In entries and in requests alike. */
export function idempotencyFields({ key, retainMs }: Idempotency): Field[] {
  // What cannot be decoded must not be encoded: the log could not be read again.
  invariant(isKey(key), `an idempotency key has 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} UTF-16 units`)
  invariant(Number.isSafeInteger(retainMs) && retainMs >= 0, 'how long a key is remembered is a whole number')
  return [key, retainMs]
}

/** @throws MalformedFrameError */
export function readIdempotency(fields: FieldReader): Idempotency {
  const key = fields.text('idempotency.key')
  if (!isKey(key)) throw new MalformedFrameError(`an idempotency key has ${key.length} UTF-16 units`)
  return { key, retainMs: fields.integer('idempotency.retainMs') }
}

function isKey(key: string): boolean {
  return key.length > 0 && key.length <= MAX_IDEMPOTENCY_KEY_LENGTH
}
