import type { Operation, Read } from '../../src/history/operation.ts'
import type { SimRandom } from '../../src/random.ts'
import { drawSlots, endOf } from './slots.ts'

/** What clients saw of some lists, and what the lists hold in the end. */
export interface ListRun {
  readonly history: readonly Operation[]
  readonly finalLists: ReadonlyMap<string, readonly number[]>
}

export interface ListRunSize {
  readonly clients: number
  readonly keys: number
  readonly operations: number
}

/** A run of lists that are as they should be; the history is in no order. */
export function drawListRun(random: SimRandom, { clients, keys, operations }: ListRunSize): ListRun {
  const lists = new Map(Array.from({ length: keys }, (_, key): [string, number[]] => [`k${key}`, []]))
  const names = [...lists.keys()]
  const history = drawSlots(random, clients, operations).map((slot, number): Operation => {
    const key = random.pick(names)
    const list = lists.get(key) ?? []
    const call = { client: slot.client, key, call: slot.call }
    if (random.happens(0.5)) {
      if (slot.at !== undefined) list.push(number)
      return { ...call, op: 'append', value: number, ...endOf(slot) }
    }
    const isStale = random.happens(0.2)
    const read = { ...call, op: 'read', ...(isStale ? { isStaleAllowed: true } : {}) } as const
    const end = endOf(slot)
    if (end.status !== 'ok') return { ...read, ...end }
    return { ...read, ...end, out: isStale ? list.slice(0, random.below(list.length + 1)) : [...list] }
  })
  return { history: random.shuffled(history), finalLists: lists }
}

/** The same with a read of each list in the end, by a client of its own. */
export function withFinalReads({ history, finalLists }: ListRun): Operation[] {
  const end = 1_000_000
  const reads = [...finalLists].map(([key, out]): Read => ({
    client: -1,
    key,
    op: 'read',
    status: 'ok',
    out,
    call: end,
    return: end + 1,
  }))
  return [...history, ...reads]
}
