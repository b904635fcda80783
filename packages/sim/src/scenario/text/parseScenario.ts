import { ScenarioSyntaxError } from '../errors.ts'
import { EXPECTATIONS } from './expectSteps.ts'
import type { Scenario } from './scenario.ts'
import { HEADINGS, ScenarioDraft } from './scenarioDraft.ts'
import type { StatementKind, StatementKinds } from './statement.ts'
import { STEPS } from './steps.ts'
import { Words, WordsRefused } from './words.ts'

/** A `#` that begins a line, or stands alone: the number of an issue is none. */
const COMMENT = /^\s*#.*$|\s#(?:\s.*)?$/

/**
 * Reads a scenario from a text of one statement a line. Errors call the text by `file`.
 * @throws ScenarioSyntaxError naming the line, what is wrong and what is allowed.
 */
export function parseScenario(text: string, file = 'scenario'): Scenario {
  const draft = new ScenarioDraft()
  for (const [place, whole] of text.split(/\r?\n/).entries()) {
    const said = whole.replace(COMMENT, '').trim()
    if (said !== '') at(file, place + 1, said, () => readLine(draft, place + 1, said))
  }
  return at(file, 0, '', () => draft.finish(file))
}

function readLine(draft: ScenarioDraft, line: number, said: string): void {
  const [name, behind] = splitFirst(said)
  if (Object.hasOwn(HEADINGS, name)) {
    withUsage(HEADINGS[name] as string, () => {
      const words = new Words(behind, draft.servers)
      draft.head(name, words)
      words.end()
    })
    return
  }
  const [kind, rest] = kindOf(name, behind)
  draft.assertReady()
  withUsage(kind.usage, () => {
    const words = new Words(rest, draft.servers)
    const run = kind.read(words)
    words.end()
    draft.statements.push({ line, text: said, run })
  })
}

function kindOf(name: string, behind: string): [kind: StatementKind, rest: string] {
  if (name !== 'expect') return [known('statement', STEPS, name, [...Object.keys(HEADINGS), 'expect']), behind]
  const [what, rest] = splitFirst(behind)
  return [known('expectation', EXPECTATIONS, what, []), rest]
}

function known(what: string, kinds: StatementKinds, name: string, others: readonly string[]): StatementKind {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind !== undefined) return kind
  const names = [...others, ...Object.keys(kinds)].join(', ')
  throw new WordsRefused(
    name === '' ? `an ${what} is missing; there are ${names}` : `there is no ${what} ${name}; there are ${names}`,
  )
}

function splitFirst(text: string): [first: string, behind: string] {
  const [first = ''] = text.split(/\s+/, 1)
  return [first, text.slice(first.length).trim()]
}

function withUsage(usage: string, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof WordsRefused)) throw error
    throw new WordsRefused(`${error.message}. It is written: ${usage}`)
  }
}

function at<Value>(file: string, line: number, said: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof WordsRefused)) throw error
    throw new ScenarioSyntaxError(file, line, said === '' ? error.message : `"${said}": ${error.message}`)
  }
}
