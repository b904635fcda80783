import type { Operation } from '../../src/history/operation.ts'
import type { SimRandom } from '../../src/random.ts'
import { drawSlots, endOf } from './slots.ts'

export interface RegisterRunSize {
  readonly clients: number
  readonly keys: number
  readonly operations: number
  /** Registers hold values from 0, below this. */
  readonly values: number
}

/** What clients saw of registers that are as they should be, in no order. */
export function drawRegisterRun(
  random: SimRandom,
  { clients, keys, operations, values }: RegisterRunSize,
): Operation[] {
  const registers = new Map<string, number>()
  const history = drawSlots(random, clients, operations).map((slot): Operation => {
    const key = `k${random.below(keys)}`
    const state = registers.get(key) ?? null
    const call = { client: slot.client, key, call: slot.call }
    const end = endOf(slot)
    const op = random.pick(['read', 'write', 'cas'] as const)
    if (op === 'read') return end.status === 'ok' ? { ...call, op, ...end, out: state } : { ...call, op, ...end }
    const value = random.below(values)
    const expect = random.happens(0.5) ? state : random.below(values)
    const takesEffect = slot.at !== undefined && (op === 'write' || expect === state)
    if (takesEffect) registers.set(key, value)
    if (op === 'write') return { ...call, op, value, ...end }
    const cas = { ...call, op, expect, value } as const
    return end.status === 'ok' ? { ...cas, ...end, ok: takesEffect } : { ...cas, ...end }
  })
  return random.shuffled(history)
}
