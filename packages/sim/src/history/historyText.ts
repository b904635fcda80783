import type { Operation } from './operation.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The history in a text of one JSON object a line; empty lines do not count, nor do fields that no operation has.
 * @throws SyntaxError naming the line and what is wrong with it.
 */
export function readHistory(text: string): Operation[] {
  const operations: Operation[] = []
  for (const [place, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      operations.push(readOperation(parseFields(line)))
    } catch (error) {
      throw new SyntaxError(`line ${place + 1} of the history: ${(error as Error).message}`, { cause: error })
    }
  }
  return operations
}

function parseFields(line: string): Fields {
  const fields: unknown = JSON.parse(line)
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields as Fields
  throw new SyntaxError(`it is ${line}, and must be an object with the fields of an operation`)
}

function readOperation(fields: Fields): Operation {
  const call = { client: numberIn(fields, 'client'), key: keyIn(fields), call: numberIn(fields, 'call') }
  const end = readEnd(fields, call.call)
  const { op } = fields
  switch (op) {
    case 'append':
    case 'write':
      return { ...call, op, value: numberIn(fields, 'value'), ...end }
    case 'read': {
      const read = { ...call, op, ...staleIn(fields) } as const
      return end.status === 'ok' ? { ...read, out: outIn(fields), ...end } : { ...read, ...end }
    }
    case 'cas': {
      const cas = { ...call, op, expect: expectIn(fields), value: numberIn(fields, 'value') } as const
      return end.status === 'ok' ? { ...cas, ok: okIn(fields), ...end } : { ...cas, ...end }
    }
    default:
      throw wrong(fields, 'op', "'append', 'read', 'write' or 'cas'")
  }
}

type End = { readonly status: 'ok'; readonly return: number } | { readonly status: 'fail' | 'info'; return?: number }

function readEnd(fields: Fields, call: number): End {
  const { status } = fields
  if (status !== 'ok' && status !== 'fail' && status !== 'info') throw wrong(fields, 'status', "'ok', 'fail' or 'info'")
  // Some writers of JSON give what is not there as null.
  const isUnbounded = fields['return'] === undefined || fields['return'] === null
  if (isUnbounded && status !== 'ok') return { status }
  const returned = numberIn(fields, 'return')
  if (returned < call) throw wrong(fields, 'return', `at least its call, ${call}`)
  return { status, return: returned }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function numberIn(fields: Fields, name: string): number {
  const value = fields[name]
  if (!isNumber(value)) throw wrong(fields, name, 'a number')
  return value
}

function keyIn(fields: Fields): string {
  const { key } = fields
  if (typeof key !== 'string') throw wrong(fields, 'key', 'a string')
  return key
}

function expectIn(fields: Fields): number | null {
  const { expect } = fields
  if (expect !== null && !isNumber(expect))
    throw wrong(fields, 'expect', 'a number, or null for a register without one')
  return expect
}

function okIn(fields: Fields): boolean {
  const { ok } = fields
  if (typeof ok !== 'boolean') throw wrong(fields, 'ok', 'true, or false for a cas that compared unequal')
  return ok
}

function outIn(fields: Fields): readonly number[] | number | null {
  const { out } = fields
  if (out === null || isNumber(out)) return out
  if (Array.isArray(out) && out.every(isNumber)) return out
  throw wrong(fields, 'out', 'an array of numbers, a number, or null for a register without one')
}

function staleIn(fields: Fields): { isStaleAllowed?: boolean } {
  const { isStaleAllowed } = fields
  if (isStaleAllowed === undefined) return {}
  if (typeof isStaleAllowed !== 'boolean') throw wrong(fields, 'isStaleAllowed', 'true, false or left out')
  return { isStaleAllowed }
}

function wrong(fields: Fields, name: string, must: string): SyntaxError {
  const value = fields[name]
  // A number beyond all numbers is nothing that JSON can write.
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return new SyntaxError(`${name} is ${shown ?? 'missing'}, and must be ${must}`)
}
