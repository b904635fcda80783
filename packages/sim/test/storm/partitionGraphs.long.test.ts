import { PAPER_SETTINGS, type RaftSettings } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { ListsAndRegisters } from '../../src/workload/listsAndRegisters.ts'
import { appendWithin } from '../../src/workload/appendWithin.ts'
import { CALM_CONDITIONS } from '../../src/world/simNetwork.ts'
import { SimWorld } from '../../src/world/simWorld.ts'
import { leaderGraphs, type LeaderGraph } from './leaderGraphs.ts'

const NODE = { clockRate: 1, busyMs: 0, diskMs: [0.1, 0.4], applyMs: 0, segmentBytes: 128 * 1024 } as const
/** How long a group has to come to rest after the cut, and how long it is looked at then. */
const SETTLING_MS = 3_000
const WATCHED_MS = 10_000

/** How a group does whose links are cut for good while it works. */
async function measure(servers: number, missing: LeaderGraph, settings: Partial<RaftSettings>) {
  const world = new SimWorld({
    seed: 7,
    servers,
    settings,
    network: CALM_CONDITIONS,
    encodes: false,
    node: () => NODE,
    machine: new ListsAndRegisters().machine,
    largestCommandBytes: 100,
  })
  await world.begin()
  await world.run(5_000, () => world.leader !== undefined)
  const { clients, record } = world.invariants
  const append = (): void => {
    for (const node of world.up) {
      if (node.role === 'leader') appendWithin(node, clients.begin([new Uint8Array()]), clients)
    }
    world.at(world.now + 20, append)
  }
  append()
  await world.run(500)
  const { leader } = world
  const ids = [leader, ...world.up.filter((node) => node !== leader)].map((node) => node!.id)
  world.network.cut({ links: missing.map(([from, to]) => [ids[from]!, ids[to]!] as const) })
  await world.run(SETTLING_MS)
  const [term, committed] = [termOf(world), record.commitIndex]
  await world.run(WATCHED_MS)
  return { terms: termOf(world) - term, commits: record.commitIndex - committed }
}

function termOf({ up }: SimWorld): number {
  return Math.max(...up.map(({ server }) => server?.server.state.currentTerm ?? 0))
}

async function measureAll(
  servers: number,
  directions: 'both' | 'each',
  settings: Partial<RaftSettings> = {},
): Promise<Record<string, number>> {
  const found = { steady: 0, restless: 0, stuck: 0 }
  for (const missing of leaderGraphs(servers, directions)) {
    const { terms, commits } = await measure(servers, missing, settings)
    found[commits === 0 ? 'stuck' : terms > 0 ? 'restless' : 'steady']++
  }
  return found
}

describe('partial connectivity: whichever links are missing, wherever the leader is, as long as some server reaches a majority', () => {
  it.each([
    [3, 5],
    [4, 16],
    [5, 85],
  ])('of %i servers one leader leads on and commits, in all %i graphs', async (servers, graphs) => {
    expect(await measureAll(servers, 'both')).toEqual({ steady: graphs, restless: 0, stuck: 0 })
  })

  it('of three servers also where links carry messages one way, in all 21 graphs', async () => {
    expect(await measureAll(3, 'each')).toEqual({ steady: 21, restless: 0, stuck: 0 })
  })

  it('the paper’s elections alone leave groups without rest, and some that commit nothing', async () => {
    expect(await measureAll(3, 'both', PAPER_SETTINGS)).toEqual({ steady: 4, restless: 1, stuck: 0 })
    const { restless, stuck } = await measureAll(4, 'both', PAPER_SETTINGS)
    expect(restless).toBeGreaterThan(0)
    expect(stuck).toBeGreaterThan(0)
  })
})
