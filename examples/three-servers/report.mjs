// @ts-check
// The end of the demo: what the three logs say, and whether that is what they must say.
import { count, countLines, hang } from './screen.mjs'

/** @typedef {import('./server.mjs').Check} Check */
/** @typedef {import('./input.mjs').Input} Input */

/**
 * @typedef {object} Outcome
 * @property {ReadonlyMap<string, Check>} checks By server.
 * @property {Input} input
 * @property {import('./client.mjs').Progress} progress
 * @property {number} failoverMs
 * @property {number} appendMs From the first append to the last acknowledgement.
 */

const NAMED_LINES = 3

/**
 * What is not as it must be; nothing, if all is well.
 *
 * @param {ReadonlyMap<string, Check>} checks
 * @param {Input} input
 * @returns {string[]}
 */
export function faultsOf(checks, input) {
  const faults = []
  const hashes = new Set([...checks.values()].map(({ entriesSha256 }) => entriesSha256))
  if (hashes.size !== 1) faults.push(`the logs differ: ${hashes.size} hashes on ${checks.size} servers`)
  for (const [id, { missing, repeated, linesSha256 }] of checks) {
    if (missing.length > 0) faults.push(`${id}: not in the log: ${nameLines(missing, input)}`)
    if (repeated.length > 0) faults.push(`${id}: more than once in the log: ${nameLines(repeated, input)}`)
    if (missing.length === 0 && linesSha256 !== input.sha256) faults.push(`${id}: the lines are not those of the input`)
  }
  return faults
}

/**
 * @param {readonly number[]} numbers
 * @param {Input} input
 */
function nameLines(numbers, { placeOf }) {
  const named = numbers.slice(0, NAMED_LINES).map(placeOf).join(', ')
  return numbers.length > NAMED_LINES ? `${named} and ${count(numbers.length - NAMED_LINES)} more` : named
}

/**
 * @param {Outcome} outcome
 * @param {readonly string[]} faults
 * @param {{ columns: number, paint: import('./paint.mjs').Paint }} screen
 * @returns {string}
 */
export function reportOf({ checks, input, progress, failoverMs, appendMs }, faults, { columns, paint }) {
  const title = 'SHA-256 over all committed entries'
  const rows = [...checks].flatMap(([id, { commitIndex, entriesSha256 }]) => {
    // Where 64 digits do not fit, they stand in two lines.
    const [first = '', ...rest] =
      columns >= 90 ? [entriesSha256] : [entriesSha256.slice(0, 32), entriesSha256.slice(32)]
    return [
      `  ${id.padEnd(8)}${count(commitIndex).padStart(12)}  ${first}`,
      ...rest.map((half) => `${' '.repeat(24)}${half}`),
    ]
  })
  const { acknowledged, found, appendedAgain } = progress
  const doubtful = found + appendedAgain
  const times = [...checks.values()].every(({ missing, repeated }) => missing.length + repeated.length === 0)
  const facts = [
    ['acknowledged appends', `${count(acknowledged)} of ${countLines(input.lines.length)}`],
    [
      'of unknown outcome',
      `${count(doubtful)}${doubtful > 0 ? `: ${found} found in the log, ${appendedAgain} appended again` : ''}`,
    ],
    ['in the log exactly once', times ? `${countLines(input.lines.length)}, byte for byte` : 'not every line'],
    ['failover', `${count(Math.round(failoverMs))} ms from SIGKILL to the next acknowledged append`],
    ['appends/s', `${count(Math.round((acknowledged / appendMs) * 1_000))} on average, the failover included`],
  ]
  const verdict =
    faults.length === 0
      ? paint.green(hang('The three logs are equal, and every line stands in them exactly once.', 2, columns))
      : faults.map((fault) => paint.red(hang(fault, 2, columns))).join('\n  ')
  return [
    '',
    paint.dim(`  ${'server'.padEnd(8)}${'commit index'.padStart(12)}  ${title}`),
    ...rows,
    '',
    ...facts.map(([name = '', value = '']) => `  ${paint.dim(name.padEnd(25))}${hang(value, 27, columns)}`),
    '',
    `  ${verdict}`,
    '',
  ].join('\n')
}
