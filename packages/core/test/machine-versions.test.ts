import { MachineVersionError, type Index, type MachineVersions, type NodeId } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { cluster, type Cluster, type ClusterOptions } from './world/cluster.ts'

const upTo = (newest: number, oldest = 1): MachineVersions => ({ oldest, newest })

function led(options: ClusterOptions = {}, size = 3): Cluster {
  const world = cluster(size, options)
  world.electLeader('n1')
  world.settle()
  return world
}

/** The same, once the versions that all can run are in force. */
function upgraded(options: ClusterOptions): Cluster {
  const world = led(options)
  world.run(1_000)
  world.settle()
  return world
}

/** The process of a node ends, and the next one has other code. */
function deploy(world: Cluster, id: NodeId, versions: MachineVersions): void {
  world.crash(id)
  world.node(id).versions = versions
  world.restart(id)
}

/** In force on each node. */
function versionsOf(world: Cluster): number[] {
  return world.ids.map((id) => world.status(id).machineVersion)
}

/** Where the log of a node names versions, and which. */
function upgradesOf(world: Cluster, id: NodeId): [Index, number][] {
  return world
    .node(id)
    .applied.flatMap((entry) => (entry.kind === 'upgrade' ? [[entry.index, entry.machineVersion]] : []))
}

describe('a group goes over to a newer version of its state machine when all members can run it', () => {
  it('without a word of versions all is the first, and nothing is appended', () => {
    const world = led()
    world.append('n1', 'a')
    world.run(2_000)
    expect(versionsOf(world)).toEqual([1, 1, 1])
    expect(upgradesOf(world, 'n1')).toEqual([])
    expect([...new Set(world.node('n2').appliedBy.values())]).toEqual([1])
  })

  it('one server after the other gets new code, under load: behind the last, all go over at the same entry', () => {
    const world = led()
    for (const [place, id] of (['n2', 'n3', 'n1'] as const).entries()) {
      world.run(5_000, () => world.leader !== undefined)
      world.append(world.leader!, `before ${place}`)
      deploy(world, id, upTo(2))
      if (world.leader === undefined || id === 'n1') world.electLeader('n2')
      world.append(world.leader!, `after ${place}`)
      world.settle()
      if (id !== 'n1') expect(versionsOf(world)).toEqual([1, 1, 1])
    }
    world.run(1_000)
    world.append(world.leader!, 'by the new one')
    world.settle()
    expect(versionsOf(world)).toEqual([2, 2, 2])
    const [[index]] = upgradesOf(world, 'n2') as [[Index, number]]
    for (const id of world.ids) {
      expect(upgradesOf(world, id)).toEqual([[index, 2]])
      const { lastApplied } = world.status(id)
      const expected = Array.from({ length: lastApplied }, (_, place) => (place + 1 < index ? 1 : 2))
      expect([...world.node(id).appliedBy.values()]).toEqual(expected)
    }
  })

  it('a member that is down is waited for, and a learner too', () => {
    const world = cluster(3, { versions: upTo(2), members: 2 })
    world.electLeader('n1')
    world.server('n1').changeMembership({ voters: ['n1', 'n2'], learners: ['n3'], timeoutMs: 1_000 }, () => {})
    world.run(1_000)
    expect(versionsOf(world)).toEqual([2, 2, 2])
    deploy(world, 'n1', upTo(3))
    deploy(world, 'n2', upTo(3))
    world.crash('n3')
    world.electLeader('n1')
    world.run(2_000)
    expect(world.status('n1').machineVersion).toBe(2)
    world.node('n3').versions = upTo(3)
    world.restart('n3')
    world.run(2_000)
    expect(versionsOf(world)).toEqual([3, 3, 3])
  })

  it('the last word of a member counts: one that was put back to older code holds the group', () => {
    const world = led()
    deploy(world, 'n1', upTo(2))
    world.electLeader('n1')
    for (const [id, newest] of [
      ['n2', 2],
      ['n2', 1],
      ['n3', 2],
    ] as const) {
      deploy(world, id, upTo(newest))
      world.settle()
      world.run(1_000)
    }
    expect(world.leader).toBe('n1')
    expect(versionsOf(world)).toEqual([1, 1, 1])
  })

  it('several versions at once are one step, to the newest that all have', () => {
    const world = led({ versions: upTo(3) })
    deploy(world, 'n3', upTo(5))
    world.settle()
    expect(versionsOf(world)).toEqual([3, 3, 3])
    expect(upgradesOf(world, 'n1').map(([, version]) => version)).toEqual([3])
  })

  it('a new leader knows the version in force before it names another, and names none twice', () => {
    const world = led({ versions: upTo(2) })
    world.run(1_000)
    for (const id of ['n2', 'n3', 'n1']) {
      world.partition(world.leader!)
      world.electLeader(id)
      world.heal()
      world.settle()
      world.run(1_000)
    }
    expect(upgradesOf(world, 'n1')).toHaveLength(1)
    expect(versionsOf(world)).toEqual([2, 2, 2])
  })

  it('an upgrade that was never committed is nothing: the next leader names the version anew', () => {
    const world = cluster(3, { versions: upTo(2) })
    world.network.loses = ({ packet }) =>
      packet.messages.some((message) => 'entries' in message && message.entries.some(({ kind }) => kind === 'upgrade'))
    world.electLeader('n1')
    world.run(100, () => world.status('n1').lastIndex === 3)
    expect(world.terms('n1')).toBe('1 2 2')
    world.network.loses = () => false
    world.partition('n1')
    world.electLeader('n2')
    world.heal()
    world.run(2_000)
    world.settle()
    expect(versionsOf(world)).toEqual([2, 2, 2])
    expect(upgradesOf(world, 'n1')).toEqual(upgradesOf(world, 'n2'))
    expect(upgradesOf(world, 'n1')).toHaveLength(1)
  })
})

describe('a server whose code cannot run what is in force stops, before it would apply as no other does', () => {
  it('put back to older code behind the upgrade: it applies what is before, and says which version it lacks', () => {
    const world = upgraded({ versions: upTo(2) })
    world.append('n1', 'a')
    world.settle()
    const [[index]] = upgradesOf(world, 'n1') as [[Index, number]]
    deploy(world, 'n3', upTo(1))
    world.run(2_000)
    const { failure, lastApplied } = world.status('n3')
    expect(failure).toBeInstanceOf(MachineVersionError)
    expect(failure).toMatchObject({ code: 'MACHINE_VERSION', version: 2, index, versions: { oldest: 1, newest: 1 } })
    expect(failure?.message).toMatch(/version 2 .* runs version 1 alone\. Start it with code that has version 2\./)
    expect(lastApplied).toBeLessThan(index)
    expect([...world.node('n3').appliedBy.keys()]).not.toContain(index)
    deploy(world, 'n3', upTo(2))
    world.settle()
    expect(world.texts('n3')).toEqual(['a'])
  })

  it('code that has forgotten how the log began', () => {
    const world = led()
    world.append('n1', 'a')
    world.settle()
    deploy(world, 'n3', upTo(3, 2))
    world.run(1_000)
    expect(world.status('n3').failure).toMatchObject({ code: 'MACHINE_VERSION', version: 1, index: 1 })
    expect(world.node('n3').applied).toEqual([])
  })

  it('versions that are none are refused', () => {
    for (const versions of [upTo(0), upTo(1.5), upTo(2, 3), upTo(2 ** 32), upTo(2, 0)]) {
      expect(() => cluster(1, { versions }), JSON.stringify(versions)).toThrow(RangeError)
    }
  })
})

describe('the version a group begins with stands in its first entry', () => {
  it('its servers need no older code', () => {
    const world = led({ versions: upTo(4, 4), machineVersion: 4 })
    world.append('n1', 'a')
    world.settle()
    expect(versionsOf(world)).toEqual([4, 4, 4])
    expect([...new Set(world.node('n2').appliedBy.values())]).toEqual([4])
    expect(upgradesOf(world, 'n1')).toEqual([])
  })

  it('it goes on from there, in the next process too', () => {
    const world = led({ versions: upTo(4, 4), machineVersion: 4 })
    for (const id of world.ids) deploy(world, id, upTo(5, 4))
    world.electLeader()
    world.run(1_000)
    world.crash('n2')
    world.restart('n2')
    world.settle()
    expect(versionsOf(world)).toEqual([5, 5, 5])
  })
})

describe('the version travels with snapshots (§7)', () => {
  it('a server that was sent one restores by the version in force, and goes on by it', () => {
    const world = upgraded({ versions: upTo(2), compaction: { afterEntries: 5, trailingEntries: 0 } })
    world.crash('n3')
    for (let n = 0; n < 20; n++) world.append('n1', `entry ${n}`)
    world.settle()
    world.restart('n3')
    world.settle()
    const { restoredBy, restores, appliedBy } = world.node('n3')
    expect({ restoredBy, restores }).toEqual({ restoredBy: 2, restores: 1 })
    expect([...new Set(appliedBy.values())]).not.toContain(1)
    expect(versionsOf(world)).toEqual([2, 2, 2])
  })

  it('a state of a version that the code cannot run is not restored', () => {
    const world = upgraded({ versions: upTo(2), compaction: { afterEntries: 5, trailingEntries: 0 } })
    for (let n = 0; n < 20; n++) world.append('n1', `entry ${n}`)
    world.settle()
    deploy(world, 'n3', upTo(1))
    world.run(1_000)
    expect(world.status('n3').failure).toMatchObject({ code: 'MACHINE_VERSION', version: 2 })
    expect(world.node('n3').restores).toBe(0)
    expect(world.node('n3').restoredBy).toBeUndefined()
  })
})
