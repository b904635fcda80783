import { readFileSync } from 'node:fs'
import type { Story } from '../../diagram/story.ts'
import { InvariantBroken, INVARIANTS } from '../../invariants/invariant.ts'
import { cluster, type Cluster } from '../cluster.ts'
import { parseScenario } from './parseScenario.ts'
import type { Scenario, Statement } from './scenario.ts'

/** How a scenario went. */
export interface ScenarioRun {
  readonly scenario: Scenario
  /** Undefined when all was as expected. */
  readonly failure: ScenarioFailure | undefined
  /** What happened, to be drawn. */
  readonly story: Story
}

/** A statement that did not hold, or could not be carried out. */
export interface ScenarioFailure {
  /** Names the file, the line and the statement, and says what was found. */
  readonly message: string
  readonly statement: Statement
  readonly error: Error
}

/** Runs a scenario to its end, or to the first statement that fails. */
export async function runScenario(scenario: Scenario): Promise<ScenarioRun> {
  const { title, servers, options, statements, file } = scenario
  const made = await cluster(servers, options)
  let failure: ScenarioFailure | undefined
  for (const statement of statements) {
    failure = await failureOf(made, statement, file)
    if (failure !== undefined) break
  }
  const broken = failure && { ...brokenPromiseOf(failure), atMs: made.world.now }
  return { scenario, failure, story: made.story(title, `npm run sim -- scenario ${file}`, broken) }
}

/**
 * Runs the scenario that stands in a file.
 * @throws ScenarioSyntaxError when it is none, and what Node throws when the file cannot be read.
 */
export function runScenarioFile(path: string): Promise<ScenarioRun> {
  return runScenario(readScenarioFile(path))
}

/** @throws as `runScenarioFile`. */
export function readScenarioFile(path: string): Scenario {
  return parseScenario(readFileSync(path, 'utf8'), path)
}

async function failureOf(made: Cluster, statement: Statement, file: string): Promise<ScenarioFailure | undefined> {
  try {
    await statement.run(made)
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { message: `${file}:${statement.line}: ${statement.text}\n${error.message}`, statement, error }
  }
}

function brokenPromiseOf({ error, statement }: ScenarioFailure): { promise: string; detail: string } {
  if (error instanceof InvariantBroken) return { promise: INVARIANTS[error.invariant], detail: error.detail }
  return { promise: statement.text, detail: error.message }
}
