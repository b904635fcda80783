import type { SimRandom } from '../../src/random.ts'

/** When an operation is called, takes effect and returns. */
export interface Slot {
  readonly client: number
  readonly call: number
  /** Undefined: never. */
  readonly at: number | undefined
  readonly return: number
  readonly status: 'ok' | 'fail' | 'info'
}

export type SlotEnd =
  | { readonly status: 'ok'; readonly return: number }
  | { readonly status: 'fail'; readonly return: number }
  | { readonly status: 'info' }

/**
 * What clients do, each one operation after the other, in the order of effects. Many times are equal. A client whose
 * operation stays without an answer goes on under a new number, and the effect may come long after.
 */
export function drawSlots(random: SimRandom, clients: number, count: number): Slot[] {
  const free = Array.from({ length: clients }, (_, client) => ({ client, from: 0 }))
  let nextClient = clients
  const slots = Array.from({ length: count }, (): Slot => {
    const self = random.pick(free)
    const call = self.from + random.below(6)
    const effect = call + random.below(8)
    const returned = effect + random.below(8)
    self.from = returned + 1
    const { client } = self
    const chance = random.below(12)
    if (chance === 0) return { client, call, at: undefined, return: returned, status: 'fail' }
    if (chance > 1) return { client, call, at: effect, return: returned, status: 'ok' }
    self.client = nextClient++
    const at = random.happens(0.6) ? call + random.below(100) : undefined
    return { client, call, at, return: returned, status: 'info' }
  })
  return slots.sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
}

/** What the client of a slot knows of its end. */
export function endOf({ status, return: returned }: Slot): SlotEnd {
  return status === 'info' ? { status } : { status, return: returned }
}
