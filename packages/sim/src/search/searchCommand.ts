import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { search, type SearchProgress, type SearchResult } from './search.ts'
import { PRESETS, checkBounds, type Preset, type SearchBounds } from './searchBounds.ts'

const NUMBERS = [
  'servers',
  'timeouts',
  'ticks',
  'appends',
  'crashes',
  'drops',
  'duplicates',
  'term',
  'inFlight',
  'depth',
  'states',
] as const

const WORDS = ['writes', 'batches'] as const

const USAGE = `search [preset ...] [--bound value ...]
  presets  ${Object.keys(PRESETS).join(', ')}; two and three when none is named
  bounds   ${NUMBERS.map((name) => `--${name} n`).join(' ')}
           --writes atOnce|late --batches all|one`

const MS_BETWEEN_LINES = 2_000

/**
 * Searches the presets that `args` name, with the bounds that `args` change, and prints how it goes. The number is the
 * exit code: 0 when all promises hold, 1 when one is broken, 2 when the arguments make no sense.
 */
export function runSearchCommand(
  args: readonly string[],
  print: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Promise<number> {
  let searches: [Preset, SearchBounds][]
  try {
    searches = searchesOf(args)
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    return Promise.resolve(2)
  }
  for (const [preset, bounds] of searches) {
    print(`${preset}: ${boundsLine(bounds)}`)
    const result = timedSearch(bounds, print)
    if (result.violation !== undefined) return Promise.resolve(1)
  }
  return Promise.resolve(0)
}

function searchesOf(args: readonly string[]): [Preset, SearchBounds][] {
  const names = [...NUMBERS, ...WORDS]
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  })
  const changed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    changed[name] = (WORDS as readonly string[]).includes(name) ? value : Number(value)
  }
  const presets = positionals.length === 0 ? ['two', 'three'] : positionals
  return presets.map((preset) => {
    if (!isPreset(preset)) throw new RangeError(`${preset} is no preset`)
    const bounds = { ...PRESETS[preset], ...changed } as SearchBounds
    checkBounds(bounds)
    return [preset, bounds]
  })
}

function isPreset(name: string): name is Preset {
  return name in PRESETS
}

function timedSearch(bounds: SearchBounds, print: (line: string) => void): SearchResult {
  const start = performance.now()
  let printed = start
  const result = search(bounds, {
    onProgress: (progress) => {
      const now = performance.now()
      if (now - printed < MS_BETWEEN_LINES) return
      printed = now
      print(`  ${progressLine(progress, now - start)}`)
    },
  })
  print(`  ${progressLine(result, performance.now() - start)}`)
  print(`  ${verdict(result)}`)
  result.violation?.trace.forEach((line, order) => print(`  ${String(order + 1).padStart(4)}. ${line}`))
  return result
}

function boundsLine(bounds: SearchBounds): string {
  const counted = NUMBERS.map((name) => `${name} ${count(bounds[name])}`)
  return [...counted, ...WORDS.map((name) => `${name} ${bounds[name]}`)].join(', ')
}

function progressLine({ distinctStates, depth, waiting, transitions, turns }: SearchProgress, ms: number): string {
  const seconds = ms / 1_000
  return [
    `depth ${depth}`,
    `${count(distinctStates)} states (${count(Math.round(distinctStates / seconds))}/s)`,
    `${count(waiting)} waiting`,
    `${count(transitions)} transitions`,
    `${count(turns)} turns of a server`,
    `${seconds.toFixed(1)} s`,
    `${count(Math.round(process.memoryUsage().rss / 2 ** 20))} MiB`,
  ].join(', ')
}

function verdict({ violation, isComplete, distinctStates, depth }: SearchResult): string {
  if (violation !== undefined) return `broken after ${violation.trace.length} actions: ${violation.detail}`
  const extent = isComplete ? 'all states within the bounds' : `the first ${count(distinctStates)} states`
  return `every promise holds in ${extent}, up to depth ${depth}`
}

function count(number: number): string {
  return number.toLocaleString('en')
}
