import type { Operation } from '../../src/history/operation.ts'
import type { SimRandom } from '../../src/random.ts'
import type { Deed } from './trial.ts'

/** A handful of operations on one register, with results drawn by chance: some such histories can be, some cannot. */
export function drawRegisterHistory(random: SimRandom): Operation[] {
  return Array.from({ length: 1 + random.below(6) }, (_, client): Operation => {
    const { end, ...call } = drawCall(random, client)
    const value = random.below(3)
    const expect = random.pick([null, 0, 1, 2])
    const op = random.pick(['read', 'read', 'write', 'cas'] as const)
    if (op === 'write') return { ...call, op, value, ...end }
    if (op === 'cas') {
      const cas = { ...call, op, expect, value } as const
      return end.status === 'ok' ? { ...cas, ...end, ok: random.happens(0.5) } : { ...cas, ...end }
    }
    return end.status === 'ok' ? { ...call, op, ...end, out: expect } : { ...call, op, ...end }
  })
}

export const registerDeed: Deed<{ readonly value: number | null }> = (state, operation) => {
  const isDone = operation.status === 'ok'
  if (operation.op === 'write') return { value: operation.value }
  if (operation.op === 'read') return isDone && operation.out !== state.value ? undefined : state
  if (operation.op !== 'cas') return undefined
  const succeeds = state.value === operation.expect
  if (isDone && succeeds !== operation.ok) return undefined
  return succeeds ? { value: operation.value } : state
}

/** A handful of operations on one list: most reads see prefixes of one order of all the values, some see anything. */
export function drawListHistory(random: SimRandom): Operation[] {
  const count = 1 + random.below(6)
  const appendCount = Math.ceil(count / 2)
  const order = random.shuffled(Array.from({ length: appendCount }, (_, value) => value))
  return Array.from({ length: count }, (_, client): Operation => {
    const { end, ...call } = drawCall(random, client)
    if (client < appendCount) return { ...call, op: 'append', value: client, ...end }
    const read = { ...call, op: 'read', ...(random.happens(0.3) ? { isStaleAllowed: true } : {}) } as const
    if (end.status !== 'ok') return { ...read, ...end }
    const values = random.happens(0.8) ? order : [...random.shuffled(order), random.below(count)]
    return { ...read, ...end, out: values.slice(0, random.below(values.length + 1)) }
  })
}

export const listDeed: Deed<readonly number[]> = (list, operation) => {
  if (operation.op === 'append') return [...list, operation.value]
  return operation.op === 'read' && operation.status === 'ok' && String(operation.out) === String(list)
    ? list
    : undefined
}

type End = { readonly status: 'ok'; readonly return: number } | { readonly status: 'fail' | 'info'; return?: number }

function drawCall(random: SimRandom, client: number) {
  const call = random.below(10)
  const returned = call + random.below(6)
  const end: End = random.pick([
    { status: 'ok', return: returned },
    { status: 'ok', return: returned },
    { status: 'ok', return: returned },
    { status: 'ok', return: returned },
    { status: 'fail', return: returned },
    { status: 'info' },
    // When a client gave up binds nothing.
    { status: 'info', return: returned },
  ] as const)
  return { client, key: 'k', call, end }
}
