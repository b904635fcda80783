// @ts-check
// What is printed of a run of mutants.
import { TIMED_OUT } from './suites.mjs'

/**
 * One mutant and what became of it.
 * @typedef {{ readonly mutant: import('./mutant.mjs').Mutant, readonly verdict: import('./suites.mjs').Verdict }} Result
 */

const WIDEST_CELL = 64

/**
 * A line for each mutant as it is settled.
 * @param {Result} result
 * @param {number} settled how many are, with this one
 * @param {number} all
 */
export function progressLine({ mutant, verdict }, settled, all) {
  const { isCaught, check, seconds } = verdict
  return `${settled}/${all} ${mutant.name}: ${isCaught ? check : 'SURVIVED'}, ${afterOf(verdict)}, ${seconds.toFixed(0)} s`
}

/** @param {readonly Result[]} results */
export function table(results) {
  const head = ['fault', 'source', 'caught', 'by which check', 'after', 'seconds']
  const rows = results.map(({ mutant, verdict }) => [
    mutant.name,
    mutant.source,
    caughtOf(verdict),
    verdict.isCaught ? verdict.check : '-',
    afterOf(verdict),
    verdict.seconds.toFixed(0),
  ])
  const cells = [head, ...rows].map((row) => row.map(shortened))
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/**
 * The figures behind the table; the last line says how many of how many were caught.
 * @param {readonly Result[]} results
 */
export function summary(results) {
  const lines = []
  const survivors = results.filter(({ verdict }) => !verdict.isCaught)
  for (const { mutant } of survivors) lines.push(`survived: ${mutant.name}: ${mutant.title}`)
  const hangs = results.filter(({ verdict }) => verdict.check === TIMED_OUT)
  if (hangs.length > 0)
    lines.push(`caught by nothing but the time: ${hangs.map(({ mutant }) => mutant.name).join(', ')}`)
  const seeds = seedsOf(results)
  if (seeds.length > 0) {
    lines.push(
      `seeds until caught, over ${seeds.length} mutants: median ${seeds[seeds.length >> 1]}, worst ${seeds.at(-1)}`,
    )
  }
  lines.push(`caught ${results.length - survivors.length} of ${results.length}`)
  return lines.join('\n')
}

/**
 * All of it, for programs.
 * @param {readonly Result[]} results
 */
export function asJson(results) {
  const seeds = seedsOf(results)
  const mutants = results.map(({ mutant: { name, title, source, breaks, suite = 'storms' }, verdict }) => {
    return { name, title, source, breaks, suite, ...verdict }
  })
  const caught = results.filter(({ verdict }) => verdict.isCaught).length
  return {
    caught,
    of: results.length,
    medianSeeds: seeds[seeds.length >> 1],
    worstSeeds: seeds.at(-1),
    mutants,
  }
}

/** How many storms each mutant took that storms have caught, the fewest first. @param {readonly Result[]} results */
function seedsOf(results) {
  return results
    .flatMap(({ verdict: { isCaught, check, seeds } }) =>
      isCaught && check !== TIMED_OUT && seeds !== undefined ? [seeds] : [],
    )
    .sort((a, b) => a - b)
}

/** @param {import('./suites.mjs').Verdict} verdict */
function caughtOf({ isCaught, check }) {
  if (check === TIMED_OUT) return 'by time'
  return isCaught ? 'yes' : 'NO'
}

/** @param {import('./suites.mjs').Verdict} verdict */
function afterOf({ seeds }) {
  if (seeds === undefined) return 'tests'
  return seeds === 1 ? '1 seed' : `${seeds} seeds`
}

/** @param {string} text */
function shortened(text) {
  return text.length <= WIDEST_CELL ? text : `${text.slice(0, WIDEST_CELL - 1)}…`
}
