import type { CommandEntry } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { GROUP, cluster, type Cluster } from './world/cluster.ts'

/** A group of three with texts from entry 3 on, of which `n3` is down, and its disk can read these entries no more. */
function damagedGroup(...indexes: readonly number[]): Cluster {
  const world = cluster(3)
  world.electLeader('n1')
  for (let count = 0; count < 8; count++) world.append('n1', `text-${count}`)
  world.settle()
  world.crash('n3')
  for (const index of indexes) world.node('n3').disk.damaged.add(index)
  world.restart('n3')
  return world
}

/** How it ended to repair the log of a node: undefined when it is whole. */
function repair(world: Cluster, id: string, timeoutMs = 2_000): (Error | undefined)[] {
  const outcomes: (Error | undefined)[] = []
  world.node(id).raft.repair(GROUP, timeoutMs, (error) => outcomes.push(error))
  return outcomes
}

describe('§5.3: “if two entries in different logs have the same index and term, then they store the same command”', () => {
  it('so a log is made whole with the entries of any other server, before its own takes part', () => {
    const world = damagedGroup(3, 5, 9)
    const said: string[] = []
    world.network.onSend = ({ from, packet }) => {
      if (from === 'n3') said.push(...packet.messages.map(({ type }) => type))
    }
    expect(() => world.open('n3')).toThrow('have the node repair it first')
    const outcomes = repair(world, 'n3')
    world.run(2_000, () => outcomes.length > 0)
    expect(outcomes).toEqual([undefined])
    expect(new Set(said)).toEqual(new Set(['repair.inquiry']))
    world.open('n3')
    world.settle()
    expect(world.texts('n3')).toEqual(world.texts('n1'))
  })

  it('and with more of them than are asked for at once', () => {
    const world = cluster(3)
    world.electLeader('n1')
    for (let count = 0; count < 50; count++) world.append('n1', `text-${count}`)
    world.settle()
    world.crash('n3')
    for (let index = 3; index <= 52; index++) world.node('n3').disk.damaged.add(index)
    world.restart('n3')
    const outcomes = repair(world, 'n3')
    world.run(2_000, () => outcomes.length > 0)
    expect(outcomes).toEqual([undefined])
    world.open('n3')
    world.settle()
    expect(world.texts('n3')).toEqual(world.texts('n1'))
  })

  it('also when nobody leads, and two servers lack what the other has', () => {
    const world = damagedGroup(3, 7)
    for (const id of ['n1', 'n2']) world.crash(id)
    world.node('n2').disk.damaged.add(4)
    world.restart('n2')
    const outcomes = [repair(world, 'n2'), repair(world, 'n3')]
    world.run(2_000, () => outcomes.every(({ length }) => length > 0))
    expect(outcomes).toEqual([[undefined], [undefined]])
    for (const id of ['n2', 'n3']) world.open(id)
    world.electLeader()
    world.run(500)
    expect(world.texts('n3')).toEqual(Array.from({ length: 8 }, (_, count) => `text-${count}`))
  })

  it('what another server knows to be committed otherwise was never committed here, and goes with all behind it', () => {
    const world = cluster(3)
    world.electLeader('n1')
    world.settle()
    const { lastIndex, term } = world.status('n3')
    world.crash('n3')
    const lost = (index: number): CommandEntry => ({ kind: 'command', index, term, time: 1, data: new Uint8Array() })
    const write = { group: GROUP, hardState: undefined, truncateAfter: undefined, snapshot: undefined }
    world.node('n3').disk.flush({ ...write, entries: [lost(lastIndex + 1), lost(lastIndex + 2)] })
    world.node('n3').disk.damaged.add(lastIndex + 1)
    world.crash('n1')
    world.restart('n1')
    world.electLeader('n2')
    world.append('n2', 'a')
    world.run(500)
    world.restart('n3')
    const outcomes = repair(world, 'n3')
    world.run(2_000, () => outcomes.length > 0)
    expect(outcomes).toEqual([undefined])
    expect(world.node('n3').disk.entriesOf(GROUP)).toHaveLength(lastIndex)
    world.open('n3')
    world.settle()
    expect(world.texts('n3')).toEqual(['a'])
  })

  it('what only differs where nothing is committed is waited for', () => {
    const world = cluster(3)
    world.electLeader('n1')
    world.settle()
    const { lastIndex, term } = world.status('n3')
    world.crash('n3')
    const entry: CommandEntry = { kind: 'command', index: lastIndex + 1, term, time: 1, data: new Uint8Array() }
    const write = { group: GROUP, hardState: undefined, truncateAfter: undefined, snapshot: undefined }
    world.node('n3').disk.flush({ ...write, entries: [entry] })
    world.node('n3').disk.damaged.add(entry.index)
    world.restart('n3')
    const outcomes = repair(world, 'n3')
    world.run(3_000)
    expect(outcomes).toMatchObject([{ code: 'DAMAGED_LOG', indexes: [entry.index] }])
    expect(String(outcomes[0])).toContain(`n1 does not have entry ${entry.index} of term ${term}`)
  })

  it('an entry that is not the one that stood there is not taken', () => {
    const world = damagedGroup(3)
    const { disk } = world.node('n3')
    const held = disk.groups.get(GROUP)!
    held.entries = held.entries.map((entry) => (entry.index === 3 ? { ...entry, time: entry.time + 1 } : entry))
    const outcomes = repair(world, 'n3')
    world.run(3_000)
    expect(outcomes).toMatchObject([{ code: 'DAMAGED_LOG', indexes: [3] }])
  })

  it('nobody is asked where nobody else is known, and nobody is trusted whom the group knows by another store', () => {
    const alone = cluster(1)
    alone.electLeader('n1')
    alone.append('n1', 'a')
    alone.settle()
    alone.crash('n1')
    alone.node('n1').disk.damaged.add(3)
    alone.restart('n1')
    const outcome = repair(alone, 'n1', 60_000)
    alone.run(10)
    expect(outcome).toMatchObject([{ code: 'DAMAGED_LOG' }])
    expect(String(outcome[0])).toContain('no other server is known')

    const world = damagedGroup(3)
    world.network.loses = ({ from }) => from === 'n1'
    world.crash('n2')
    const { groups } = world.node('n2').disk
    world.wipe('n2')
    // It has all that is wanted, and is not the store that the group knows.
    for (const [group, held] of groups) world.node('n2').disk.groups.set(group, held)
    world.restart('n2')
    const outcomes = repair(world, 'n3')
    world.run(3_000)
    expect(String(outcomes[0])).toContain('no answer of use from n1, n2')
  })

  it('who asks a second time meanwhile, or closes the node, is told so', () => {
    const world = damagedGroup(3)
    world.network.loses = () => true
    const [first, second] = [repair(world, 'n3'), repair(world, 'n3')]
    world.run(10)
    expect([first.length, String(second[0])]).toEqual([0, expect.stringContaining('is being repaired already')])
    const third = repair(world, 'n3')
    world.node('n3').raft.closeNode(() => {})
    world.run(100)
    expect([first, third]).toMatchObject([[{ code: 'SERVER_STOPPED' }], [{ code: 'LOG_CLOSED' }]])
  })

  it('a compacted log has no such entry any more: that is said', () => {
    const world = damagedGroup(3)
    for (const id of ['n1', 'n2']) world.server(id).takeSnapshot(0, () => {})
    world.run(500)
    const outcomes = repair(world, 'n3')
    world.run(3_000)
    expect(String(outcomes[0])).toMatch(/n1 has compacted its log up to \d+; n2 has compacted/)
  })
})
