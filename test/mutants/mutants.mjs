// @ts-check
// `npm run mutants`: plants the faults of the catalogue in a copy of the packages, one at a time, and says which of them
// the checks find, and after how many storms.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { MUTANTS } from './catalogue.mjs'
import { asJson, progressLine, summary, table } from './report.mjs'
import { runSuite } from './suites.mjs'
import { WorkspaceCopy } from './workspaceCopy.mjs'

/** Storms that must find nothing before a fault is planted. */
const SOUND_SEEDS = 5

const USAGE =
  'mutants takes --only name,name --suite storms --budget-seeds 1000 --stall-seconds 300 --first-seed 1 --jobs 2 --json file'

// The copies go with the process.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

const options = optionsOf(process.argv.slice(2))
const budget = { seeds: options.budgetSeeds, stallMs: options.stallSeconds * 1000 }
const waiting = [...options.mutants]
/** @type {import('./report.mjs').Result[]} */
const results = []

console.log(
  `${waiting.length} mutants; a fault that storms must find has ${budget.seeds} of them, from seed ${options.firstSeed} on; ` +
    `what gives no verdict within ${options.stallSeconds} s counts as hung`,
)
await Promise.all(Array.from({ length: Math.min(options.jobs, waiting.length) }, (_, job) => work(job)))
results.sort((a, b) => options.mutants.indexOf(a.mutant) - options.mutants.indexOf(b.mutant))
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(asJson(results), null, 2)}\n`)
console.log(`\n${table(results)}\n\n${summary(results)}`)
if (results.some(({ verdict }) => !verdict.isCaught)) process.exitCode = 1

/**
 * One mutant after the other, in a copy of its own.
 * @param {number} job
 */
async function work(job) {
  const copy = await WorkspaceCopy.make()
  try {
    if (job === 0) await assertSound(copy)
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      await copy.plant(mutant)
      const verdict = await judge(copy, mutant)
      results.push({ mutant, verdict })
      console.log(progressLine({ mutant, verdict }, results.length, options.mutants.length))
    }
  } finally {
    await copy.remove()
  }
}

/**
 * A program that ends without a verdict has found nothing, and the other mutants go on.
 * @param {WorkspaceCopy} copy
 * @param {import('./mutant.mjs').Mutant} mutant
 * @returns {Promise<import('./suites.mjs').Verdict>}
 */
async function judge(copy, mutant) {
  try {
    return await runSuite(copy, suiteOf(mutant), budget, options.firstSeed)
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error)
    console.error(`${mutant.name}: ${sentence}`)
    return { isCaught: false, check: '', sentence, seeds: undefined, seconds: 0 }
  }
}

/**
 * Checks that find something where no fault is planted would find it in every mutant.
 * @param {WorkspaceCopy} copy
 */
async function assertSound(copy) {
  for (const suite of new Set(options.mutants.map(suiteOf))) {
    const seeds = Math.min(budget.seeds, SOUND_SEEDS)
    const { isCaught, check, sentence } = await runSuite(copy, suite, { ...budget, seeds }, options.firstSeed)
    if (isCaught) throw new Error(`without any fault planted, ${suite} finds ${check}: ${sentence}`)
  }
}

/**
 * @param {import('./mutant.mjs').Mutant} mutant
 * @returns {import('./mutant.mjs').Suite}
 */
function suiteOf(mutant) {
  return options.suite ?? mutant.suite ?? 'storms'
}

/** @param {string[]} args */
function optionsOf(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: 'string' },
        suite: { type: 'string' },
        'budget-seeds': { type: 'string', default: '1000' },
        'stall-seconds': { type: 'string', default: '300' },
        'first-seed': { type: 'string', default: '1' },
        jobs: { type: 'string', default: '2' },
        json: { type: 'string' },
      },
    })
    return {
      mutants: named(values.only),
      suite: suiteNamed(values.suite),
      budgetSeeds: wholeNumber('budget-seeds', values['budget-seeds']),
      stallSeconds: wholeNumber('stall-seconds', values['stall-seconds']),
      firstSeed: wholeNumber('first-seed', values['first-seed']),
      jobs: wholeNumber('jobs', values.jobs),
      json: values.json,
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    process.exit(2)
  }
}

/** @param {string | undefined} names */
function named(names) {
  if (names === undefined) return MUTANTS
  return names.split(',').map((name) => {
    const mutant = MUTANTS.find((one) => one.name === name)
    if (mutant === undefined)
      throw new Error(`--only ${name}: there is no mutant of that name in test/mutants/catalogue`)
    return mutant
  })
}

/**
 * @param {string | undefined} name
 * @returns {import('./mutant.mjs').Suite | undefined}
 */
function suiteNamed(name) {
  if (name === undefined || name === 'storms' || name === 'core' || name === 'disk') return name
  throw new Error(`--suite ${name}: there are storms, core and disk`)
}

/**
 * @param {string} option
 * @param {string} text
 */
function wholeNumber(option, text) {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${option} ${text}: give a whole number above 0`)
  return value
}
