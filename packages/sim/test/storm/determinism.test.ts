import { afterEach, describe, expect, it, vi } from 'vitest'
import { Storm } from '@quorate/sim'

/** Short storms: what differs, differs soon. */
const limits = { stormMs: 3_000 }

describe('one seed', () => {
  it('gives the same run each time: 20 seeds, the same trace, events and outcomes', async () => {
    const hashes = new Set<string>()
    let snapshots = 0
    for (let seed = 1001; seed <= 1020; seed++) {
      const [first, second] = [await new Storm({ seed, limits }).run(), await new Storm({ seed, limits }).run()]
      expect(first.broken).toBeUndefined()
      expect(second).toEqual(first)
      hashes.add(first.traceHash)
      snapshots += first.coverage.snapshotInstalled
    }
    expect(hashes.size).toBe(20)
    expect(snapshots).toBeGreaterThan(0)
  }, 120_000)

  it('gives the same run with somebody who looks on', async () => {
    const seen: string[] = []
    const plain = await new Storm({ seed: 1001, limits }).run()
    const watched = await new Storm({ seed: 1001, limits, watcher: { happened: (what) => seen.push(what) } }).run()
    expect(watched).toEqual(plain)
    expect(seen).toEqual(plain.faults)
  })

  it('gives the other faults at the same moments when one is left out', async () => {
    const timesOf = async (without: readonly string[]): Promise<Map<string, number>> => {
      const times = new Map<string, number>()
      const storm: Storm = new Storm({
        seed: 1003,
        limits: { ...limits, without },
        watcher: { happened: (what) => times.set(what, storm.world.now) },
      })
      await storm.run()
      return times
    }
    const all = await timesOf([])
    const [left = ''] = all.keys()
    const others = await timesOf([left])
    all.delete(left)
    expect(others).toEqual(all)
    expect(others.size).toBeGreaterThan(2)
  })
})

describe('time, chance and scheduling', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('come to core, driver and store through their ports alone: with the globals out of order a storm is the same', async () => {
    const plain = await new Storm({ seed: 1002, limits }).run()
    const refuse = (name: string) => () => {
      throw new Error(`${name} was used`)
    }
    for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])
      vi.stubGlobal(name, refuse(name))
    vi.stubGlobal('performance', { now: refuse('performance.now') })
    vi.stubGlobal('crypto', {
      randomUUID: refuse('crypto.randomUUID'),
      getRandomValues: refuse('crypto.getRandomValues'),
    })
    const spies = [
      vi.spyOn(Math, 'random').mockImplementation(refuse('Math.random')),
      vi.spyOn(process, 'hrtime').mockImplementation(refuse('hrtime') as never),
    ]
    // XState notes the time of each delayed event, and uses it for nothing: a clock that stands still shows that.
    const now = vi.spyOn(Date, 'now').mockReturnValue(0)
    try {
      const frozen = await new Storm({ seed: 1002, limits }).run()
      expect(frozen.broken).toBeUndefined()
      expect(frozen).toEqual(plain)
    } finally {
      for (const spy of [...spies, now]) spy.mockRestore()
    }
  })
})
