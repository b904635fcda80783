import { DEFAULT_SETTINGS, RaftNode, resolveSettings, type RaftSettings } from '@quorate/core'
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
