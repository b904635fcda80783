import { MemoryNetwork, MemoryStore } from '@quorate/core'
import { describe, it } from 'vitest'
import {
  clientTransportContract,
  clockContract,
  storeContract,
  transportContract,
  type ContractCase,
} from '@quorate/sim'
import { TestClock } from './world/testClock.ts'
import { TestRandom } from './world/testRandom.ts'

/** A clock that moves as a contract waits. */
function movedClock() {
  const clock = new TestClock()
  return { clock, settle: async () => clock.run(5), quietMs: 0 }
}

function testAll(cases: readonly ContractCase[]): void {
  for (const { title, run } of cases) it(title, run)
}

describe('MemoryStore', () => {
  const { clock, ...patience } = movedClock()
  const random = new TestRandom(1)
  const place = async () => {
    const store = new MemoryStore({ clock, random })
    return { open: async () => store }
  }
  testAll(storeContract({ ...patience, place, servesAfterClose: true }))
})

describe('the transports of a MemoryNetwork', () => {
  const { clock, ...patience } = movedClock()
  const meeting = async () => {
    const network = new MemoryNetwork({ clock })
    return { join: async (node: string) => network.join(node) }
  }
  testAll(transportContract({ ...patience, meeting }))
})

describe('the client transports of a MemoryNetwork', () => {
  const { clock, ...patience } = movedClock()
  const meeting = async () => {
    const network = new MemoryNetwork({ clock })
    return { client: async () => network.client() }
  }
  testAll(clientTransportContract({ ...patience, meeting, now: () => clock.now() }))
})

describe('the clock that tests move', () => {
  const { clock, ...patience } = movedClock()
  testAll(clockContract({ ...patience, clock: () => clock, arrive: (callback) => clock.arrive(callback, 0) }))
})
