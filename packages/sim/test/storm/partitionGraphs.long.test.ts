import { PAPER_SETTINGS, type NodeId, type RaftSettings } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { ListsAndRegisters } from '../../src/workload/listsAndRegisters.ts'
import { appendWithin } from '../../src/workload/appendWithin.ts'
import { CALM_CONDITIONS } from '../../src/world/simNetwork.ts'
import { SimWorld } from '../../src/world/simWorld.ts'

type Link = readonly [NodeId, NodeId]

const NODE = { clockRate: 1, busyMs: 0, diskMs: [0.1, 0.4], applyMs: 0, segmentBytes: 128 * 1024 } as const
/** How long a group has to come to rest after the cut, and how long it is looked at then. */
const SETTLING_MS = 3_000
const WATCHED_MS = 10_000

function idsOf(servers: number): NodeId[] {
  return Array.from({ length: servers }, (_, place) => `s${place + 1}`)
}

function linksOf(ids: readonly NodeId[]): Link[] {
  return ids.flatMap((a, place) => ids.slice(place + 1).map((b): Link => [a, b]))
}

/** Every way in which links may be missing, of which some server still reaches a majority. */
function partitionsOf(servers: number): Link[][] {
  const ids = idsOf(servers)
  const links = linksOf(ids)
  const all = Array.from({ length: 2 ** links.length }, (_, mask) => links.filter((_link, bit) => (mask >> bit) & 1))
  return all.filter((missing) =>
    ids.some((id) => 2 * (servers - missing.filter((link) => link.includes(id)).length) > servers),
  )
}

/** How a group does whose links are cut for good while it works. */
async function measure(servers: number, missing: readonly Link[], settings: Partial<RaftSettings>) {
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
  world.network.cut({ links: missing.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]) })
  await world.run(SETTLING_MS)
  const [term, committed] = [termOf(world), record.commitIndex]
  await world.run(WATCHED_MS)
  return { terms: termOf(world) - term, commits: record.commitIndex - committed }
}

function termOf({ up }: SimWorld): number {
  return Math.max(...up.map(({ server }) => server?.server.state.currentTerm ?? 0))
}

async function measureAll(servers: number, settings: Partial<RaftSettings>): Promise<Record<string, number>> {
  const found = { steady: 0, restless: 0, stuck: 0 }
  for (const missing of partitionsOf(servers)) {
    const { terms, commits } = await measure(servers, missing, settings)
    found[commits === 0 ? 'stuck' : terms > 0 ? 'restless' : 'steady']++
  }
  return found
}

describe('partial connectivity: whichever links are missing, as long as some server reaches a majority', () => {
  it('one leader leads on and commits, in all 7 graphs of three servers and all 54 of four', async () => {
    expect(await measureAll(3, {})).toEqual({ steady: 7, restless: 0, stuck: 0 })
    expect(await measureAll(4, {})).toEqual({ steady: 54, restless: 0, stuck: 0 })
  })

  it('the paper’s elections alone leave groups without rest, and some that commit nothing', async () => {
    expect(await measureAll(3, PAPER_SETTINGS)).toEqual({ steady: 5, restless: 2, stuck: 0 })
    const { restless, stuck } = await measureAll(4, PAPER_SETTINGS)
    expect(restless).toBeGreaterThan(0)
    expect(stuck).toBeGreaterThan(0)
  })
})
