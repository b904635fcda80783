import { describe, expect, it } from 'vitest'
import { SimRandom } from '../../src/random.ts'
import { search } from '../../src/search/search.ts'
import { runSearchCommand } from '../../src/search/searchCommand.ts'
import { PRESETS, type SearchBounds } from '../../src/search/searchBounds.ts'
import { VisitedWorlds } from '../../src/search/visitedWorlds.ts'
import { PlainSearch } from './plainSearch.ts'

const SMALL: SearchBounds = { ...PRESETS.two, timeouts: 1, ticks: 0, appends: 0, crashes: 0, duplicates: 0 }

/** The states that the search meets at each depth. */
function countsOf(bounds: SearchBounds): number[] {
  const counts: number[] = []
  let met = 0
  const { isComplete } = search(bounds, {
    onProgress: ({ distinctStates }) => {
      counts.push(distinctStates - met)
      met = distinctStates
    },
  })
  expect(isComplete).toBe(true)
  return counts
}

describe('the search', () => {
  it.each<[string, SearchBounds]>([
    ['two servers, late writes, a crash', { ...SMALL, timeouts: 2, crashes: 1 }],
    ['two servers, and what a network does', { ...SMALL, ticks: 1, appends: 1, drops: 1, inFlight: 3 }],
    [
      'three servers, a command, a duplicate',
      { ...PRESETS.three, timeouts: 1, crashes: 0, duplicates: 1, inFlight: 3 },
    ],
    ['three servers, few messages at once', { ...PRESETS.three, timeouts: 2, crashes: 0, appends: 0, inFlight: 3 }],
  ])(
    'meets as many states at each depth as a plain one: %s',
    (_, bounds) => {
      const [born, ...others] = new PlainSearch(bounds).run()
      const [first, ...deeper] = countsOf(bounds)
      expect(born! + others[0]!).toBe(first)
      expect(others.slice(1)).toEqual(deeper.slice(0, others.length - 1))
      expect(deeper.at(-1)).toBe(0)
    },
    60_000,
  )

  it('meets all states of two servers within small bounds, and every promise holds', () => {
    const result = search({ ...PRESETS.two, crashes: 0 })
    expect(result).toMatchObject({ isComplete: true })
    expect(result.violation).toBeUndefined()
    expect(result.distinctStates).toBeGreaterThan(30_000)
  }, 60_000)

  it('meets the first 60,000 states of three servers on which everything may happen', () => {
    const result = search({ ...PRESETS.wide, states: 60_000 })
    expect(result).toMatchObject({ isComplete: false })
    expect(result.violation).toBeUndefined()
    expect(result.distinctStates).toBeGreaterThanOrEqual(60_000)
  }, 60_000)

  it('goes no further than its depth', () => {
    expect(search({ ...SMALL, depth: 3 })).toMatchObject({ depth: 3, isComplete: false })
  })

  it.each<[Partial<SearchBounds>, string]>([
    [{ timeouts: -1 }, 'timeouts is -1; it must be a whole number from 0 up to 31'],
    [{ crashes: 32 }, 'crashes is 32'],
    [{ inFlight: Infinity }, 'inFlight is Infinity; it must be a whole number from 1 up to 100'],
    [{ term: NaN }, 'term is NaN; it must be at least 1'],
    [{ servers: 4 as 3 }, 'servers is 4; a search takes 2 or 3'],
    [{ writes: 'never' as 'late' }, "writes is never; it must be 'atOnce' or 'late'"],
    [{ batches: 'two' as 'one' }, "batches is two; it must be 'all' or 'one'"],
  ])('refuses bounds that make no sense: %j', (bounds, message) => {
    expect(() => search({ ...SMALL, ...bounds })).toThrow(message)
  })
})

describe('worlds that were met', () => {
  it('are told apart, as many as there are', () => {
    const random = new SimRandom(1)
    const visited = new VisitedWorlds()
    const known = new Set<string>()
    for (let round = 0; round < 100_000; round++) {
      const world = Uint32Array.from({ length: 5 + random.below(4) }, () => random.below(8))
      const isNew = !known.has(world.join())
      known.add(world.join())
      if (visited.add(world, world.length) !== isNew) expect.fail(`${world.join()} is ${isNew ? '' : 'not '}new`)
    }
    expect(visited.size).toBe(known.size)
  }, 30_000)
})

describe('the command', () => {
  async function run(...args: string[]): Promise<{ code: number; text: string }> {
    const lines: string[] = []
    const code = await runSearchCommand(args, (line) => lines.push(line))
    return { code, text: lines.join('\n') }
  }

  it('says what it searches, how far it came, and that every promise holds', async () => {
    const { code, text } = await run('two', '--timeouts', '1', '--crashes', '0', '--duplicates', '0')
    expect(code).toBe(0)
    expect(text).toMatch(/^two: servers 2, timeouts 1, /)
    expect(text).toMatch(/depth \d+, [\d,]+ states \(.*\/s\), 0 waiting, [\d,]+ transitions, [\d,]+ turns of a server/)
    expect(text).toMatch(/every promise holds in all states within the bounds, up to depth \d+$/)
  })

  it('says when it stopped before the end', async () => {
    const { code, text } = await run('wide', '--states', '1000')
    expect(code).toBe(0)
    expect(text).toMatch(/every promise holds in the first 1,\d\d\d states/)
  })

  it.each([
    [['four'], 'four is no preset'],
    [['--timeouts', 'many'], 'timeouts is NaN'],
    [['--votes', '3'], '--votes'],
  ])('explains itself when asked for nonsense: %j', async (args, message) => {
    const { code, text } = await run(...args)
    expect(code).toBe(2)
    expect(text).toContain(message)
    expect(text).toContain('search [preset ...]')
  })
})
