// @ts-check
// The checks that have to find a fault, run against a copy of the packages.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WORKSPACE } from './workspaceCopy.mjs'

/** @typedef {import('./workspaceCopy.mjs').WorkspaceCopy} WorkspaceCopy */

/**
 * What may be spent on one mutant. `stallMs` is what a storm may take beyond all measure; whatever takes longer hangs.
 * @typedef {{ readonly seeds: number, readonly stallMs: number }} Budget
 */

/**
 * What the checks said of a copy. `seeds` is how many storms were run, the last of which found it; undefined where it
 * was tests that ran.
 * @typedef {object} Verdict
 * @property {boolean} isCaught
 * @property {string} check which invariant or test found it; `timed out` when nothing did before the time was over
 * @property {string} sentence what it said
 * @property {number | undefined} seeds
 * @property {number} seconds
 */

export const TIMED_OUT = 'timed out'

/** How the tests call it when one of them takes too long. */
const TEST_TIMED_OUT = /^Error: (STACK_TRACE_ERROR|Test timed out)/

/** Few storms at first: most faults need no more, and each program has to start. */
const FIRST_STORMS = 5
const MOST_STORMS = 40

/**
 * Runs the suite that a mutant is for.
 * @param {WorkspaceCopy} copy
 * @param {import('./mutant.mjs').Suite} suite
 * @param {Budget} budget
 * @param {number} [firstSeed]
 * @returns {Promise<Verdict>}
 */
export async function runSuite(copy, suite, budget, firstSeed = 1) {
  const startMs = performance.now()
  const verdict = suite === 'storms' ? await runStorms(copy, budget, firstSeed) : await runTests(copy, suite, budget)
  return { ...verdict, seconds: (performance.now() - startMs) / 1000 }
}

/**
 * @param {WorkspaceCopy} copy
 * @param {Budget} budget
 * @param {number} firstSeed
 */
async function runStorms(copy, { seeds, stallMs }, firstSeed) {
  let count = 0
  for (let storms = FIRST_STORMS; count < seeds; storms = Math.min(2 * storms, MOST_STORMS)) {
    const first = firstSeed + count
    const last = firstSeed + Math.min(count + storms, seeds) - 1
    const found = await runRange(copy, first, last, stallMs)
    count += found.seeds
    if (found.isCaught) return { ...found, seeds: count }
  }
  return { isCaught: false, check: '', sentence: '', seeds: count }
}

/**
 * The one place that knows how storms are run, and what they print.
 * @param {WorkspaceCopy} copy
 * @param {number} first
 * @param {number} last
 * @param {number} stallMs
 * @returns {Promise<{ isCaught: boolean, check: string, sentence: string, seeds: number }>}
 * @throws Error when the program does not say what it found.
 */
async function runRange(copy, first, last, stallMs) {
  const args = ['storms', '--seeds', `${first}..${last}`, '--jobs', '1', '--stop-at-first', '--json']
  const { code, output, isTimedOut } = await copy.run(join(copy.folder, 'packages/sim/dist/cli.js'), args, stallMs)
  const seeds = last - first + 1
  if (isTimedOut) return { isCaught: true, check: TIMED_OUT, sentence: `no verdict within ${stallMs / 1000} s`, seeds }
  const lines = output.trimEnd().split('\n')
  const line = lines.filter((text) => text.startsWith('{')).at(-1)
  if (line === undefined) {
    throw new Error(`storms ${first}..${last} end with ${code ?? 'a signal'} and no verdict:\n${output.slice(-2000)}`)
  }
  /** @type {{ seeds: number, caught: boolean, check?: string, sentence?: string }} */
  const { caught, check = '', sentence = '', seeds: run } = JSON.parse(line)
  return { isCaught: caught, check, sentence, seeds: run }
}

/**
 * The tests of one package, until the first that fails.
 * @param {WorkspaceCopy} copy
 * @param {'core' | 'disk'} name
 * @param {Budget} budget
 */
async function runTests(copy, name, { stallMs }) {
  const report = join(copy.folder, 'report.json')
  const args = ['run', `packages/${name}/test`, '--bail', '1', '--maxWorkers', '1']
  const vitest = join(WORKSPACE, 'node_modules/vitest/vitest.mjs')
  const { code, output, isTimedOut } = await copy.run(
    vitest,
    [...args, '--reporter', 'json', '--outputFile', report],
    stallMs,
  )
  if (isTimedOut) return { isCaught: true, check: TIMED_OUT, sentence: output.slice(-200), seeds: undefined }
  if (code === 0) return { isCaught: false, check: '', sentence: '', seeds: undefined }
  return { isCaught: true, seeds: undefined, ...(await firstFailure(report, output)) }
}

/**
 * @param {string} report
 * @param {string} output
 * @throws Error when no test failed: then something else did.
 */
async function firstFailure(report, output) {
  /** @type {{ testResults: { name: string, status: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[] }} */
  const { testResults } = JSON.parse(await readFile(report, 'utf8'))
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    const message = failed?.failureMessages[0] ?? ''
    // Not a fault that the test sees: it may be the machine.
    if (TEST_TIMED_OUT.test(message)) return { check: TIMED_OUT, sentence: failed?.fullName ?? '' }
    if (failed !== undefined) return { check: failed.fullName, sentence: message.split('\n')[0] ?? '' }
  }
  const broken = testResults.find(({ status }) => status === 'failed')
  if (broken !== undefined) return { check: broken.name, sentence: broken.message.split('\n')[0] ?? '' }
  throw new Error(`the tests end without a failure:\n${output.slice(-2000)}`)
}
