import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { drawStory } from '../diagram/drawStory.ts'
import { ScenarioSyntaxError } from '../scenario/errors.ts'
import { runScenarioFile, type ScenarioRun } from '../scenario/text/runScenario.ts'
import { UsageError } from './arguments.ts'

/**
 * Runs scenarios from files, `scenario <file…> [--html out.html]`, and prints for each whether it went as expected. With
 * `--html` it draws what happened, in the only file that was given. Resolves to the exit code.
 */
export async function scenarioCommand(args: readonly string[]): Promise<number> {
  const { files, html } = optionsOf(args)
  let failed = 0
  for (const file of files) {
    const run = await runFile(file)
    if (run.failure !== undefined) failed++
    console.log(lineOf(run))
    if (html !== undefined) writeFileSync(html, drawStory(run.story))
  }
  if (files.length > 1) console.log(`\n${files.length - failed} ok, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function optionsOf(args: readonly string[]): { files: readonly string[]; html: string | undefined } {
  let found: { values: { html?: string | undefined }; positionals: string[] }
  try {
    found = parseArgs({ args: [...args], options: { html: { type: 'string' } }, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. The option is --html.`)
  }
  const { values, positionals } = found
  if (positionals.length === 0) throw new UsageError('scenario: give one file or more, such as figure-8.scenario')
  if (values.html !== undefined && positionals.length > 1) {
    throw new UsageError(`--html draws one scenario, and there are ${positionals.length} files: give one`)
  }
  return { files: positionals, html: values.html }
}

async function runFile(file: string): Promise<ScenarioRun> {
  try {
    return await runScenarioFile(file)
  } catch (error) {
    const isOfTheFile = error instanceof ScenarioSyntaxError || (error instanceof Error && 'code' in error)
    throw isOfTheFile ? new UsageError(error.message) : error
  }
}

function lineOf({ scenario, failure }: ScenarioRun): string {
  const line = `${failure === undefined ? 'ok    ' : 'failed'}  ${scenario.title} (${scenario.file})`
  return failure === undefined ? line : `${line}\n${failure.message.replace(/^/gm, '        ')}`
}
