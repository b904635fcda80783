import type { InstallSnapshot, SnapshotDescription, SnapshotWrite } from '@quorate/core'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CALM_CONDITIONS,
  SimWorld,
  type InvariantName,
  type Machine,
  type SimNode,
  type WorldWatcher,
} from '@quorate/sim'
import { TextMachine } from '../../src/scenario/textMachine.ts'
import { appendWithin } from '../../src/workload/appendWithin.ts'

const AFTER_ENTRIES = 5

/** Three servers that compact their logs and have taken some snapshots. */
async function compactedWorld(machine: () => Machine, watcher: WorldWatcher = {}): Promise<SimWorld> {
  const world = new SimWorld({
    seed: 7,
    servers: 3,
    settings: {},
    network: CALM_CONDITIONS,
    encodes: false,
    node: () => ({
      clockRate: 1,
      busyMs: 0,
      diskMs: [0.1, 0.4],
      applyMs: 1,
      segmentBytes: 64 * 1024,
      compaction: { afterEntries: AFTER_ENTRIES, trailingEntries: 1 },
    }),
    machine,
    largestCommandBytes: 100,
    watcher,
  })
  await world.begin()
  await world.run(5_000, () => world.leader !== undefined)
  await append(world, 3 * AFTER_ENTRIES)
  return world
}

async function append(world: SimWorld, count: number): Promise<void> {
  const { clients } = world.invariants
  for (let left = count; left > 0; left--) {
    appendWithin(world.leader as SimNode, clients.begin([Buffer.from(`command ${left}`)]), clients)
    await world.run(100)
  }
}

async function restart(world: SimWorld, node: SimNode): Promise<void> {
  world.kill(node)
  world.start(node)
  await world.run(1_000)
}

function followerOf(world: SimWorld): SimNode {
  return world.up.find(({ role }) => role === 'follower') as SimNode
}

function broken(invariant: InvariantName): object {
  return expect.objectContaining({ name: 'InvariantBroken', invariant })
}

describe('a world that compacts its logs', () => {
  it('holds all that was committed when no server does, and restores it', async () => {
    const world = await compactedWorld(() => new TextMachine())
    const { record } = world.invariants
    for (const { ledger } of world.nodes.values()) expect(ledger.durable.log.startsAfter.index).toBeGreaterThan(3)
    expect(record.committed.length).toBe(record.commitIndex + 1)
    for (const node of world.nodes.values()) await restart(world, node)
    await append(world, 1)
    for (const { machine } of world.nodes.values()) expect((machine as TextMachine).texts).toHaveLength(16)
  })

  it('finds out that a state which is restored lacks something', async () => {
    class Forgetful extends TextMachine {
      override restore(bytes: Uint8Array): void {
        super.restore(bytes)
        this.texts.pop()
      }
    }
    const world = await compactedWorld(() => new Forgetful())
    await expect(restart(world, followerOf(world))).rejects.toEqual(broken('snapshotIsCommitted'))
  })

  it('finds out that a snapshot has more in it than what had been applied', async () => {
    class Hasty extends TextMachine {
      override snapshot(): Uint8Array {
        return Buffer.from(JSON.stringify([...this.texts, 'what comes next']))
      }
    }
    const world = await compactedWorld(() => new Hasty())
    await expect(restart(world, followerOf(world))).rejects.toEqual(broken('snapshotIsCommitted'))
  })
})

describe('a snapshot on a disk', () => {
  it('that has lost a bit keeps its server from starting, whichever bit it is', async () => {
    const refused: string[] = []
    const world = await compactedWorld(() => new TextMachine(), { refused: (_node, error) => refused.push(error.name) })
    const node = followerOf(world)
    world.kill(node)
    node.lostFor = 'damage'
    const isSnapshot = (path: string): boolean => path.includes('snapshot')
    const whole = node.disk.image()
    for (let time = 0; time < 30; time++) {
      const flipped = node.disk.damage(world.random, isSnapshot)
      expect(flipped, [...whole.keys()].join(' ')).toBeDefined()
      world.start(node)
      await world.run(0)
      if (flipped !== undefined) node.disk.flipBit(flipped)
    }
    expect(refused).toEqual(Array.from({ length: 30 }, () => 'CorruptStoreError'))
    node.lostFor = undefined
    world.start(node)
    await world.run(1_000)
    expect(node.appliedIndex).toBe(world.leader?.appliedIndex)
  })
})

describe('a snapshot', () => {
  let world: SimWorld
  let node: SimNode
  let sound: SnapshotDescription

  beforeAll(async () => {
    world = await compactedWorld(() => new TextMachine())
    node = world.leader as SimNode
    sound = node.ledger.durable.snapshot as SnapshotDescription
  })

  function write(description: SnapshotDescription, startsAfter = description.lastIncluded): void {
    const snapshot: SnapshotWrite = { snapshot: { description, key: 1 }, logStartsAfter: startsAfter }
    const nothing = { hardState: undefined, truncateAfter: undefined, entries: [] }
    world.invariants.writing(node, { group: 'simulated', ...nothing, snapshot })
  }

  function send(description: SnapshotDescription, data: Uint8Array): void {
    const { currentTerm, store } = (node.server as NonNullable<SimNode['server']>).server.state
    const message: InstallSnapshot = {
      type: 'installSnapshot',
      term: currentTerm,
      session: 1,
      round: 0,
      description,
      offset: 3,
      data,
    }
    const packet = { group: 'simulated', groupUuid: undefined, store, messages: [message] }
    world.invariants.sent({ number: 1, from: node.id, to: 's9', packets: [packet] })
  }

  it('that stands for what is committed breaks nothing', () => {
    expect(() => write(sound)).not.toThrow()
    const bytes = world.invariants.record.snapshotOf(sound) as Uint8Array
    expect(() => send(sound, bytes.subarray(3, 9))).not.toThrow()
  })

  const { index, term } = { index: 2, term: 9 }
  it.each<[string, (description: SnapshotDescription) => SnapshotDescription]>([
    ['of an entry that is not committed', (made) => ({ ...made, lastIncluded: { ...made.lastIncluded, term } })],
    [
      'of an entry that is to come',
      (made) => ({ ...made, lastIncluded: { ...made.lastIncluded, index: made.lastIncluded.index + 100 } }),
    ],
    [
      'with the configuration of another place',
      (made) => ({ ...made, configuration: { ...made.configuration, index } }),
    ],
    ['with a time before that of its last entry', (made) => ({ ...made, lastTime: 0 })],
    ['of another state than any that stood there', (made) => ({ ...made, checksum: made.checksum + 1 })],
  ])('%s is found out', (_what, change) => {
    expect(() => write(change(sound))).toThrow(broken('snapshotIsCommitted'))
    expect(() => send(change(sound), new Uint8Array())).toThrow(broken('snapshotIsCommitted'))
  })

  it('behind which the log leaves a hole is found out', () => {
    const next = { index: sound.lastIncluded.index + 1, term: sound.lastIncluded.term }
    expect(() => write(sound, next)).toThrow(broken('snapshotIsCommitted'))
  })

  it('of which other bytes are sent is found out', () => {
    expect(() => send(sound, Buffer.from('not those'))).toThrow(broken('leaderSpeaksTruth'))
  })

  it('that would take a state machine back is found out', () => {
    expect(() => world.invariants.restored(node, sound, 1)).toThrow(broken('appliedInOrder'))
  })

  it('that is restored before it is on disk is found out', () => {
    const { lastIncluded } = sound
    const later = { ...sound, lastIncluded: { ...lastIncluded, index: lastIncluded.index + 1 } }
    expect(() => world.invariants.restoring(node, later)).toThrow(broken('appliedIsDurable'))
  })
})
