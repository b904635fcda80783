import { parseArgs } from 'node:util'
import { isName } from '@quorate/core'

/** What was asked for on the command line cannot be. */
export class UsageError extends Error {}

interface OptionKind {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
}

/** What a command takes, and what is said of it. */
export interface Usage {
  /** The line, without `quorate`. */
  readonly line: string
  /** What stands in the line without a name, in order: folder or file. */
  readonly operands: readonly string[]
  readonly options: Readonly<Record<string, OptionKind>>
  /** Options that must be given. */
  readonly required: readonly string[]
  readonly help: string
}

/** What was given. */
export class Given {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #operands: readonly string[]

  /** @throws UsageError naming what is wrong. */
  constructor(usage: Usage, args: readonly string[]) {
    const { values, positionals } = parsed(usage, args)
    const { operands, required, line } = usage
    const missing = operands[positionals.length]
    if (missing !== undefined) throw new UsageError(`the ${missing} is missing. Usage: quorate ${line}`)
    const extra = positionals[operands.length]
    if (extra !== undefined) throw new UsageError(`${extra} has no place here. Usage: quorate ${line}`)
    const absent = required.find((name) => values[name] === undefined)
    if (absent !== undefined) throw new UsageError(`--${absent} is missing. Usage: quorate ${line}`)
    this.#values = values
    this.#operands = positionals
  }

  operand(place: number): string {
    return this.#operands[place]!
  }

  /** An option that must be given. */
  text(name: string): string {
    return this.#values[name] as string
  }

  /** @throws UsageError for what is no name of a server or a group. */
  name(option: string): string {
    const name = this.text(option)
    if (isName(name)) return name
    throw new UsageError(
      `--${option} ${JSON.stringify(name)}: give 1 to 64 letters, digits, "-" or "_" (and not "_" alone)`,
    )
  }

  optionalName(option: string): string | undefined {
    return this.#values[option] === undefined ? undefined : this.name(option)
  }

  list(name: string): readonly string[] {
    return (this.#values[name] as readonly string[] | undefined) ?? []
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }
}

function parsed({ options, line }: Usage, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. Usage: quorate ${line}`)
  }
}
