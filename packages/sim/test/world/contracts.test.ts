import { describe, it } from 'vitest'
import {
  CALM_CONDITIONS,
  SimRandom,
  clientTransportContract,
  clockContract,
  transportContract,
  type NetworkConditions,
} from '@quorate/sim'
import { EventQueue, type SimEvent } from '../../src/world/eventQueue.ts'
import { SimNetwork } from '../../src/world/simNetwork.ts'
import { SimProcess } from '../../src/world/simProcess.ts'

/** Everything that is due within the next milliseconds happens, as a world has it. */
function pass(queue: EventQueue, durationMs: number): void {
  const endMs = queue.now + durationMs
  for (let event: SimEvent | undefined; (event = queue.take(endMs)) !== undefined;) {
    const owner = typeof event.owner === 'function' ? event.owner() : event.owner
    if (!event.isCleared && (owner === undefined || owner.admits(event))) event.run()
  }
}

function simulated(conditions: NetworkConditions, encodes: boolean) {
  const queue = new EventQueue()
  const random = new SimRandom(1)
  const process = (node: string): SimProcess =>
    new SimProcess({ node, queue, random: random.fork(), clockRate: 1, wallSkewMs: 0, busyMs: 0 })
  const network = (): SimNetwork =>
    new SimNetwork({
      queue,
      random: random.fork(),
      conditions,
      encodes,
      watcher: { sent() {}, received() {}, lost() {} },
    })
  return { queue, process, network, patience: { settle: async () => pass(queue, 5), quietMs: 0 } }
}

const ROUGH: NetworkConditions = {
  delayMs: [0.1, 3],
  reorders: true,
  lossProbability: 0.1,
  copyProbability: 0.1,
  lateProbability: 0.05,
  lateMs: [5, 40],
  splits: true,
}

describe.each([
  { weather: 'calm', conditions: CALM_CONDITIONS, encodes: false },
  { weather: 'calm, as bytes', conditions: CALM_CONDITIONS, encodes: true },
  { weather: 'rough', conditions: ROUGH, encodes: false },
])('the transports of a simulated network, $weather', ({ conditions, encodes }) => {
  const { network, process, patience } = simulated(conditions, encodes)
  const meeting = async () => {
    const own = network()
    return { join: async (node: string) => own.of(process(node)).join(node) }
  }
  for (const { title, run } of transportContract({ ...patience, meeting })) it(title, run)
})

describe('the client transports of a simulated network', () => {
  const { network, process, patience, queue } = simulated(CALM_CONDITIONS, false)
  const meeting = async () => {
    const own = network()
    let count = 0
    return {
      client: async () => {
        const node = `n${++count}`
        return own.of(process(node)).client()
      },
    }
  }
  for (const { title, run } of clientTransportContract({ ...patience, meeting, now: () => queue.now })) it(title, run)
})

describe('the clock of a simulated process', () => {
  const { process, patience } = simulated(CALM_CONDITIONS, false)
  const own = process('n1')
  const arrive = (callback: () => void): void => void own.arrive(0, callback)
  for (const { title, run } of clockContract({ ...patience, clock: () => own, arrive })) it(title, run)
})
