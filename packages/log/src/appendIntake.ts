import type { Command } from '@quorate/core'
import { AppendKeys } from './appendKeys.ts'
import { appendTimeoutMs, assertWhenBusy, type AppendOptions } from './appender.ts'
import { toCommand, type Appendable } from './command.ts'
import { Slab } from './slab.ts'

/** What a caller wants appended. */
export interface TakenAppend {
  readonly commands: readonly Command[]
  /** Whether several were given, be it one or none. */
  readonly isList: boolean
  readonly timeoutMs: number
}

/** Makes commands of what is given to `append`, in a member or elsewhere. */
export class AppendIntake {
  readonly #slab = new Slab()
  readonly #keys = new AppendKeys()

  /** @throws TypeError, RangeError for what cannot be meant, EntryTooLargeError when no message can carry a command. */
  take(given: Appendable | readonly Appendable[], options: AppendOptions, maxEntryBytes: number): TakenAppend {
    const timeoutMs = appendTimeoutMs(options)
    assertWhenBusy(options)
    const isList = Array.isArray(given)
    const values = isList ? (given as readonly Appendable[]) : [given as Appendable]
    const commands = values.map((value) => toCommand(value, maxEntryBytes, this.#slab))
    return { commands: this.#keys.keyed(commands, options, { isList, maxEntryBytes }), isList, timeoutMs }
  }
}
