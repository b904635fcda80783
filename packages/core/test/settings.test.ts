import { DEFAULT_SETTINGS, RELOADABLE_SETTINGS, RaftNode, resolveSettings, type RaftSettings } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { cluster } from './world/cluster.ts'

describe('settings', () => {
  it('an election timeout of 150 to 300 ms and a heartbeat each 50 ms, if nothing else is said', () => {
    expect(resolveSettings()).toEqual(DEFAULT_SETTINGS)
    expect(resolveSettings({ heartbeatIntervalMs: undefined } as unknown as RaftSettings)).toEqual(DEFAULT_SETTINGS)
    expect(DEFAULT_SETTINGS).toMatchObject({
      heartbeatIntervalMs: 50,
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs: 300,
    })
  })

  it.each([
    [{ electionTimeoutMinMs: 50 }, ['electionTimeoutMinMs is 50', 'heartbeatIntervalMs is 50']],
    [{ heartbeatIntervalMs: 400 }, ['electionTimeoutMinMs is 150', 'heartbeatIntervalMs is 400']],
    [{ electionTimeoutMaxMs: 150 }, ['electionTimeoutMaxMs is 150', 'electionTimeoutMinMs is 150']],
    [{ electionTimeoutMinMs: 500 }, ['electionTimeoutMaxMs is 300', 'electionTimeoutMinMs is 500']],
    [{ leaseReads: true, preVote: false, checkQuorum: false }, ['leaseReads is true', 'checkQuorum is false']],
  ])('%o do not fit together: a RangeError names both', (given, names) => {
    expect(() => resolveSettings(given)).toThrow(RangeError)
    for (const name of names) expect(() => resolveSettings(given)).toThrow(name)
  })

  it.each([
    { heartbeatIntervalMs: 0 },
    { electionTimeoutMinMs: Number.NaN },
    { electionTimeoutMaxMs: Number.POSITIVE_INFINITY },
    { maxBatchBytes: -1 },
    { maxInflightBytes: 0 },
    { maxInflightEntries: 0 },
    { cacheBytes: 0 },
    { clockDriftBound: -0.1 },
    { clockDriftBound: 1 },
    { clockDriftBound: Number.NaN },
    { leaseReads: 'yes' as unknown as boolean },
  ])('%o is no amount', (given) => {
    expect(() => resolveSettings(given)).toThrow(RangeError)
    expect(() => resolveSettings(given)).toThrow(Object.keys(given)[0]!)
  })

  it('what is no setting is refused by name, and so is a way of backtracking that is none', () => {
    const misspelt = { electionTimeoutMs: 100 } as Partial<RaftSettings>
    expect(() => resolveSettings(misspelt)).toThrow('electionTimeoutMs is not a setting')
    const backtracking = { backtracking: 'leap' } as unknown as Partial<RaftSettings>
    expect(() => resolveSettings(backtracking)).toThrow("'term' or 'entry'")
  })

  it('a node checks them before it joins', () => {
    const { clock, network, random, nodes } = cluster(1)
    const { store } = nodes.get('n1')!
    const settings = { heartbeatIntervalMs: 1000 }
    expect(() => new RaftNode({ id: 'n2', network, store, clock, random, settings })).toThrow(RangeError)
  })
})

describe('settings that change while a node runs', () => {
  it('hold from the next turn on, for the groups that are open and for those that are opened later', () => {
    const world = cluster(3)
    world.electLeader('n1')
    const messages = (ms: number): number => {
      world.clock.finishTurn()
      world.network.handOvers.length = 0
      world.run(ms)
      return world.network.handOvers.filter(({ from, to }) => from === 'n1' && to === 'n2').length
    }
    const before = messages(1000)
    for (const id of world.ids) {
      world.node(id).raft.reconfigure({ electionTimeoutMinMs: 1500, electionTimeoutMaxMs: 3000 })
      world.node(id).raft.reconfigure({ heartbeatIntervalMs: 500 })
    }
    const after = messages(1000)
    expect([before, after]).toEqual([20, 2])
    expect(world.node('n1').raft.settings).toMatchObject({ heartbeatIntervalMs: 500, preVote: true })
    world.crash('n1')
    world.run(1400)
    expect(world.leader).toBeUndefined()
    world.run(10_000, () => world.leader !== undefined)
    expect(world.leader).toBeDefined()
  })

  it('are all the amounts', () => {
    const world = cluster(1)
    for (const name of RELOADABLE_SETTINGS) {
      const value = DEFAULT_SETTINGS[name] - 1
      world.node('n1').raft.reconfigure({ [name]: value })
      expect(world.state('n1').settings[name]).toBe(value)
    }
  })

  it.each([
    [{ preVote: false }, 'preVote is true and cannot become false while the node runs'],
    [{ leaseReads: true }, 'leaseReads is false and cannot become true'],
    [{ heartbeatIntervalMs: 200 }, 'electionTimeoutMinMs is 150 and heartbeatIntervalMs is 200'],
    [{ cacheBytes: 0 }, 'cacheBytes is 0'],
    [{ electionTimeoutMs: 5 } as Partial<RaftSettings>, 'electionTimeoutMs is not a setting'],
  ])('%o is refused, and nothing has changed', (changes, message) => {
    const world = cluster(1)
    const { raft } = world.node('n1')
    expect(() => raft.reconfigure(changes)).toThrow(RangeError)
    expect(() => raft.reconfigure(changes)).toThrow(message)
    expect(raft.settings).toEqual(DEFAULT_SETTINGS)
  })

  it('do not shorten the promise on which leases count', () => {
    const world = cluster(1, { settings: { leaseReads: true } })
    const { raft } = world.node('n1')
    expect(() => raft.reconfigure({ electionTimeoutMinMs: 100 })).toThrow('while leaseReads is on')
    raft.reconfigure({ electionTimeoutMinMs: 150, leaseReads: true, electionTimeoutMaxMs: 400 })
    expect(raft.settings.electionTimeoutMaxMs).toBe(400)
  })
})
