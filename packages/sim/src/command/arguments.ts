import { parseArgs } from 'node:util'

/** What was asked for on the command line cannot be. */
export class UsageError extends Error {}

/** A range of seeds, such as `1..300`, or one. @throws UsageError */
export function seedsOf(text: string): { readonly first: number; readonly last: number } {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (match === null || !Number.isSafeInteger(last) || last < first) {
    throw new UsageError(`--seeds ${text}: give a number, or two with two dots between them, as in 1..300`)
  }
  return { first, last }
}

/** A number above 0. @throws UsageError naming the option and the value. */
export function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new UsageError(`--${option} ${text}: give a number above 0`)
  return value
}

/** What an option may look like: a word with a value, or a switch. */
type OptionKinds = Readonly<Record<string, { readonly type: 'string' } | { readonly type: 'boolean' }>>

type OptionValues<Kinds extends OptionKinds> = {
  readonly [Name in keyof Kinds]?: Kinds[Name] extends { readonly type: 'string' } ? string : boolean
}

/** @throws UsageError for an option that is not among these. */
export function optionsOf<Kinds extends OptionKinds>(args: readonly string[], kinds: Kinds): OptionValues<Kinds> {
  try {
    const { values } = parseArgs({ args: [...args], options: kinds, allowPositionals: false })
    return values as OptionValues<Kinds>
  } catch (error) {
    const names = Object.keys(kinds).map((name) => `--${name}`)
    throw new UsageError(`${(error as Error).message}. The options are ${names.join(', ')}.`)
  }
}
