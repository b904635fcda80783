import { crc32 } from '../crc32.ts'
import type { Command, CommandEntry } from '../entry.ts'
import type { Index, LogPosition } from '../identifiers.ts'

/** Where the command of a key stands, and what tells it from another command under the same key. */
export interface KeyedPlace {
  readonly position: LogPosition
  /** See `commandChecksum`. */
  readonly checksum: number
}

/** A key that the group remembers. */
export interface RememberedKey extends KeyedPlace {
  readonly key: string
  /** In the time of the log: milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Fewer than this are not worth a look at which of them have expired. */
const FEWEST_TO_SWEEP = 1024

/**
 * The idempotency keys of the commands that were applied (thesis §6.3): part of the replicated state, the same on every server that
 * has applied as much. Keys expire by the time of the log, which no server's clock moves alone.
 */
export class IdempotencyKeys {
  /** In the order of their entries. */
  #keys = new Map<string, RememberedKey>()
  /** The last entry whose key has expired. */
  #forgottenUpTo: Index = 0
  /** The time of the last entry that was noted. */
  #time = 0
  #sweepAt = FEWEST_TO_SWEEP

  /** As `remembered` and `forgottenUpTo` were given by `sweep`, at `time`. */
  static of(keys: Iterable<RememberedKey>, forgottenUpTo: Index, time: number): IdempotencyKeys {
    const restored = new IdempotencyKeys()
    for (const one of keys) restored.#keys.set(one.key, one)
    restored.#forgottenUpTo = forgottenUpTo
    restored.#time = time
    restored.#sweepAt = Math.max(FEWEST_TO_SWEEP, 2 * restored.#keys.size)
    return restored
  }

  copy(): IdempotencyKeys {
    const copy = IdempotencyKeys.of(this.#keys.values(), this.#forgottenUpTo, this.#time)
    copy.#sweepAt = this.#sweepAt
    return copy
  }

  get size(): number {
    return this.#keys.size
  }

  /** The command of this entry was applied. */
  note(entry: CommandEntry): void {
    const { idempotency, index, term, time } = entry
    if (idempotency === undefined) return
    this.passTime(time)
    const { key, retainMs } = idempotency
    // A key comes again only when it has expired; then it is a new one, behind all others.
    this.#forget(key)
    this.#keys.set(key, {
      key,
      position: { index, term },
      checksum: commandChecksum(entry),
      expiresAt: time + retainMs,
    })
    if (this.#keys.size >= this.#sweepAt) this.sweep()
  }

  /** The log has come to this time. */
  passTime(time: number): void {
    this.#time = Math.max(this.#time, time)
  }

  /** Undefined for a key that is not remembered. */
  find(key: string): KeyedPlace | undefined {
    const found = this.#keys.get(key)
    return found !== undefined && found.expiresAt > this.#time ? found : undefined
  }

  /** Whether an append with this key, behind `after`, may have been forgotten: it is not remembered now. */
  mayHaveForgotten(key: string, after: Index): boolean {
    return Math.max(this.#forgottenUpTo, this.#keys.get(key)?.position.index ?? 0) > after
  }

  /** What is remembered now, in the order of the entries, and the last entry whose key is not: the same on every server. */
  sweep(): { readonly remembered: readonly RememberedKey[]; readonly forgottenUpTo: Index } {
    for (const { key, expiresAt } of this.#keys.values()) if (expiresAt <= this.#time) this.#forget(key)
    this.#sweepAt = Math.max(FEWEST_TO_SWEEP, 2 * this.#keys.size)
    return { remembered: [...this.#keys.values()], forgottenUpTo: this.#forgottenUpTo }
  }

  #forget(key: string): void {
    const gone = this.#keys.get(key)
    if (gone === undefined) return
    this.#keys.delete(key)
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, gone.position.index)
  }
}

/** Of what a command says: two under one key are taken for the same when this is the same. */
export function commandChecksum({ subject, data }: Pick<Command, 'subject' | 'data'>): number {
  if (subject === undefined) return crc32(data)
  const units = Array.from({ length: subject.length }, (_, at) => subject.charCodeAt(at))
  return crc32(data, crc32(Uint8Array.from(units.flatMap((unit) => [unit & 0xff, unit >> 8]))))
}
