import { describe, expect, it } from 'vitest'
import { Coverage, shrink, type SeedReport, type StormLimits } from '@quorate/sim'

const FAULTS = [
  'freeze#1',
  'kill#1',
  'partition#1',
  'freeze#2',
  'burst#1',
  'kill#2',
  'stallDisk#1',
  'partition#2',
  'kill#3',
]

const BROKEN = { check: 'logMatching', sentence: '', promise: '', detail: '', atMs: 1 } as const

const REPORT = {
  events: 0,
  simulatedMs: 0,
  operations: 0,
  traceHash: '',
  recoveryMs: 0,
  recoveryLimitMs: 0,
  coverage: new Coverage().counts,
}

/** A storm whose faults are as given, and which fails as `fails` has it. */
function stormOf(fails: (faults: readonly string[], servers: number) => boolean) {
  const runs: StormLimits[] = []
  const run = async (seed: number, limits: StormLimits): Promise<SeedReport> => {
    runs.push(limits)
    const faults = FAULTS.filter((fault) => {
      const isOfKind = limits.withoutKinds?.some((kind) => fault.startsWith(`${kind}#`)) ?? false
      return !isOfKind && !(limits.without?.includes(fault) ?? false)
    })
    const servers = limits.servers ?? 5
    const isBroken = fails(faults, servers)
    const broken = isBroken ? BROKEN : undefined
    return { ...REPORT, seed, servers, faults, broken }
  }
  return { run, runs }
}

async function shrunk(fails: Parameters<typeof stormOf>[0], tries = 100) {
  const { run, runs } = stormOf(fails)
  const report = await run(7, {})
  const found = await shrink({ seed: 7, limits: {}, report }, { tries, run })
  return { ...found, runs: runs.length - 1 }
}

describe('shrinking', () => {
  it('leaves the faults that the failure needs, and no others', async () => {
    const { report } = await shrunk((faults) => faults.includes('kill#2') && faults.includes('partition#1'))
    expect(report.faults).toEqual(['partition#1', 'kill#2'])
  })

  it('leaves as few servers as will do', async () => {
    expect((await shrunk((_, servers) => servers >= 4)).report.servers).toBe(4)
    expect((await shrunk(() => true)).report.servers).toBe(3)
  })

  it('leaves nothing of what has no part in it', async () => {
    const { report, limits } = await shrunk(() => true)
    expect(report.faults).toEqual([])
    expect(limits).toMatchObject({ servers: 3, clients: 0, isNetworkCalm: true, keepsLogs: true })
  })

  it('keeps the storm when nothing can be left out', async () => {
    const { report, limits } = await shrunk((faults, servers) => faults.length === FAULTS.length && servers === 5)
    expect(report.faults).toEqual(FAULTS)
    expect(limits.without).toBeUndefined()
  })

  it('ends after so many tries', async () => {
    expect((await shrunk((faults) => faults.length % 2 === 1, 6)).runs).toBe(6)
  })

  it('looks for the same failure, not for any', async () => {
    const { run } = stormOf(() => true)
    const report = await run(7, {})
    const other = { ...report, broken: { ...report.broken!, check: 'electionSafety' as const } }
    const found = await shrink({ seed: 7, limits: {}, report: other }, { tries: 50, run })
    expect(found.limits).toEqual({})
  })
})
