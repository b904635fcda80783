import { ContractBrokenError } from './contractBrokenError.ts'

const SHOWN_CHARACTERS = 80

/**
 * Where `actual` differs from `expected`, in words that begin with `what`; undefined when they are alike. Bytes count by
 * their content, whatever holds them, and properties that are undefined as missing ones. What an entry travels as
 * (`encoded`) is left out: it is there or not.
 */
export function differenceOf(what: string, expected: unknown, actual: unknown): string | undefined {
  if (expected instanceof Uint8Array && actual instanceof Uint8Array) return differenceOfBytes(what, expected, actual)
  if (Array.isArray(expected) && Array.isArray(actual)) return differenceOfLists(what, expected, actual)
  if (isRecord(expected) && isRecord(actual)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      if (name === 'encoded') continue
      const difference = differenceOf(`${what}.${name}`, expected[name], actual[name])
      if (difference !== undefined) return difference
    }
    return undefined
  }
  return Object.is(expected, actual) ? undefined : `${what} is ${shown(actual)}, not ${shown(expected)}`
}

/** @throws ContractBrokenError that says where the two differ. */
export function assertSame(what: string, expected: unknown, actual: unknown): void {
  const difference = differenceOf(what, expected, actual)
  if (difference !== undefined) throw new ContractBrokenError(difference)
}

/** As a part of a sentence: short, whatever it is. */
export function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Error) return `${value.name}: ${value.message}`
  const text = JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? shown(inner) : inner))
  if (text === undefined) return String(value)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text
}

function differenceOfBytes(what: string, expected: Uint8Array, actual: Uint8Array): string | undefined {
  if (expected.length !== actual.length) return `${what} has ${actual.length} bytes, not ${expected.length}`
  const place = expected.findIndex((byte, at) => byte !== actual[at])
  return place < 0 ? undefined : `${what} has ${actual[place]} as byte ${place}, not ${expected[place]}`
}

function differenceOfLists(what: string, expected: readonly unknown[], actual: readonly unknown[]): string | undefined {
  for (let place = 0; place < Math.min(expected.length, actual.length); place++) {
    const difference = differenceOf(`${what}[${place}]`, expected[place], actual[place])
    if (difference !== undefined) return difference
  }
  if (expected.length === actual.length) return undefined
  return `${what} has ${actual.length} elements, not ${expected.length}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}
