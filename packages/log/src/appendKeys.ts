import { randomUUID } from 'node:crypto'
import { commandBytes, EntryTooLargeError, MAX_IDEMPOTENCY_KEY_LENGTH, type Command } from '@quorate/core'
import type { AppendOptions } from './appender.ts'
import { assertInteger } from './integer.ts'

/** A day: whoever restarts finds out within it what became of its appends. */
export const DEFAULT_RETAIN_KEY_MS = 24 * 60 * 60 * 1000
/** Of keys that this process makes: nobody knows them but the call that tries again. */
const RETAIN_OWN_KEY_MS = 10 * 60 * 1000

/** Gives commands the keys by which they are appended once (thesis §6.3). */
export class AppendKeys {
  /** A client and a serial tell an append from all others, where its caller has no name for it. */
  readonly #client = randomUUID()
  #serial = 0

  /**
   * The same commands, with keys if the options ask for them.
   * @throws TypeError, RangeError for options that cannot be meant, EntryTooLargeError when no message can carry a command.
   */
  keyed(
    commands: readonly Command[],
    options: AppendOptions,
    { isList, maxEntryBytes }: { readonly isList: boolean; readonly maxEntryBytes: number },
  ): readonly Command[] {
    assertKeyOptions(options)
    const { idempotencyKey, exactlyOnce = false, retainKeyMs } = options
    if (idempotencyKey === undefined && !exactlyOnce) return commands
    const key = idempotencyKey ?? `${this.#client}/${++this.#serial}`
    const retainMs = retainKeyMs ?? (idempotencyKey === undefined ? RETAIN_OWN_KEY_MS : DEFAULT_RETAIN_KEY_MS)
    return commands.map((command, place) => {
      const idempotency = { key: isList ? `${key}/${place}` : key, retainMs }
      assertLength(idempotency.key)
      const keyed = { ...command, idempotency }
      const sizeBytes = commandBytes(keyed)
      if (sizeBytes > maxEntryBytes) throw new EntryTooLargeError(sizeBytes, maxEntryBytes)
      return keyed
    })
  }
}

function assertKeyOptions({ idempotencyKey, exactlyOnce, retainKeyMs }: AppendOptions): void {
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== 'string' || idempotencyKey === '')) {
    throw new TypeError(`idempotencyKey is ${JSON.stringify(idempotencyKey)}; it must be a text that is not empty`)
  }
  if (exactlyOnce !== undefined && typeof exactlyOnce !== 'boolean') {
    throw new TypeError(`exactlyOnce is ${JSON.stringify(exactlyOnce)}; it must be true or false`)
  }
  if (retainKeyMs === undefined) return
  assertInteger('retainKeyMs', retainKeyMs, 1)
  if (idempotencyKey === undefined && exactlyOnce !== true) {
    throw new TypeError('retainKeyMs is given without an idempotencyKey: there is no key to be remembered')
  }
}

function assertLength(key: string): void {
  if (key.length <= MAX_IDEMPOTENCY_KEY_LENGTH) return
  const shown = JSON.stringify(`${key.slice(0, 32)}...`)
  throw new RangeError(
    `the idempotencyKey ${shown} has ${key.length} UTF-16 units (with the place in a list); ` +
      `it must have at most ${MAX_IDEMPOTENCY_KEY_LENGTH}`,
  )
}
