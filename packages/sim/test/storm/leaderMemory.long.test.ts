import { commandBytes, entryBytes, type RaftState } from '@quorate/core'
import { expect, it } from 'vitest'
import { ListsAndRegisters } from '../../src/workload/listsAndRegisters.ts'
import { appendWithin } from '../../src/workload/appendWithin.ts'
import { CALM_CONDITIONS } from '../../src/world/simNetwork.ts'
import { SimWorld } from '../../src/world/simWorld.ts'

const HOUR_MS = 3_600_000
const COMMAND_BYTES = 1_000
const APPEND_EVERY_MS = 40
const SETTINGS = {
  cacheBytes: 64 * 1024,
  maxPendingBytes: 32 * 1024,
  maxInflightBytes: 16 * 1024,
  maxBatchBytes: 8 * 1024,
}
const COMPACTION = { afterEntries: 2_000, trailingEntries: 500 }

/** What entries of its log a server holds in memory: bytes. */
function cachedBytes({ log }: RaftState): number {
  const cached = log.cached(log.cachedAfter, log.lastIndex, Infinity) ?? []
  return cached.reduce((sum, entry) => sum + entryBytes(entry), 0)
}

it('a leader under load for an hour holds no more than its limits, though a follower stands still and comes back, again and again', async () => {
  const world = new SimWorld({
    seed: 11,
    servers: 3,
    settings: SETTINGS,
    network: CALM_CONDITIONS,
    encodes: false,
    node: () => ({
      clockRate: 1,
      busyMs: 0,
      diskMs: [0.1, 0.4],
      applyMs: 2,
      segmentBytes: 1024 * 1024,
      compaction: COMPACTION,
    }),
    machine: new ListsAndRegisters().machine,
    largestCommandBytes: COMMAND_BYTES,
  })
  await world.begin()
  await world.run(5_000, () => world.leader !== undefined)
  const { clients, record } = world.invariants
  // A command that does nothing, as heavy as they come.
  const data = new Uint8Array(COMMAND_BYTES).fill(0x21)
  const largest = { cached: 0, pending: 0, lag: 0, memory: 0 }
  const append = (): void => {
    const { leader } = world
    if (leader !== undefined) appendWithin(leader, clients.begin([data]), clients)
    world.at(world.now + APPEND_EVERY_MS, append)
  }
  const look = (): void => {
    const state = world.leader?.server?.server.state
    if (state !== undefined) {
      largest.cached = Math.max(largest.cached, cachedBytes(state))
      largest.pending = Math.max(largest.pending, state.pendingBytes)
      const matches = [...state.peers.values()].map(({ matchIndex }) => matchIndex)
      largest.lag = Math.max(largest.lag, state.log.lastIndex - Math.min(...matches))
    }
    world.at(world.now + 500, look)
  }
  const slowDown = (): void => {
    const slow = world.up.find((node) => node !== world.leader)
    slow?.stallDisk(60_000)
    world.at(world.now + 150_000, slowDown)
  }
  append()
  look()
  slowDown()
  await world.run(HOUR_MS)
  const one = commandBytes({ subject: 'a100000.0', data })
  console.log(
    `an hour, ${record.commitIndex} entries of ${one} bytes: in the log's cache at most ${largest.cached} bytes, ` +
      `of appends in hand ${largest.pending}; the slow follower was up to ${largest.lag} entries behind`,
  )
  expect(record.commitIndex).toBeGreaterThan(50_000)
  expect(largest.lag * one).toBeGreaterThan(10 * SETTINGS.cacheBytes)
  expect(largest.pending).toBeLessThanOrEqual(SETTINGS.maxPendingBytes)
  // What its own disk does not have yet stays in memory besides: no more than what it takes in.
  expect(largest.cached).toBeLessThanOrEqual(SETTINGS.cacheBytes + SETTINGS.maxPendingBytes + one)
})
