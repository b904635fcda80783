import type { NodeId, Term } from '@quorate/core'
import { DEFAULT_SETTINGS, PAPER_SETTINGS, resolveSettings } from '@quorate/core'
import { MOST_SERVERS, type ClusterOptions } from '../stage.ts'
import { StartingLogs } from '../startingLogs.ts'
import type { Scenario, Statement } from './scenario.ts'
import { choiceOf, WordsRefused, type Words } from './words.ts'

/** How a text says what a scenario is and what it begins with: above all statements by which something happens. */
export const HEADINGS: Readonly<Record<string, string>> = {
  scenario: 'scenario <title>',
  source: 'source <paper section, or system and issue>',
  cluster: 'cluster <number of servers>',
  setting: 'setting <name> <value>',
  flowing: 'flowing',
  log: 'log <server> <term>…',
  term: 'term <server> <term>',
}

/** What has been read of a scenario so far. Whatever cannot stand where it stands is refused as WordsRefused. */
export class ScenarioDraft {
  servers: readonly NodeId[] = []
  readonly statements: Statement[] = []
  #title: string | undefined
  #source: string | undefined
  #isFlowing = false
  readonly #settings: Record<string, string | number | boolean> = {}
  readonly #logs: Record<NodeId, readonly Term[]> = {}
  readonly #terms: Record<NodeId, Term> = {}

  /** What the line says of the scenario as a whole. */
  head(name: string, words: Words): void {
    if (this.statements.length > 0) throw new WordsRefused(`${name} stands above everything that happens`)
    if (name !== 'scenario' && this.#title === undefined) throw new WordsRefused('the first line is: scenario <title>')
    switch (name) {
      case 'scenario':
        this.#title = once(name, this.#title, words.rest('the title').join(' '))
        return
      case 'source':
        this.#source = once(name, this.#source, words.rest('the source').join(' '))
        return
      case 'cluster':
        this.#takeServers(words)
        return
      case 'setting':
        this.#takeSetting(words)
        return
      case 'flowing':
        this.#isFlowing = true
        return
      case 'log':
        this.#take(this.#logs, words, () => words.numbers('the term of an entry'))
        return
      default:
        this.#take(this.#terms, words, () => words.number('the term'))
    }
  }

  /** A statement is about to be added. */
  assertReady(): void {
    if (this.#title === undefined) throw new WordsRefused('the first line is: scenario <title>')
    if (this.servers.length === 0)
      throw new WordsRefused('first say how many servers there are: cluster <number of servers>')
  }

  finish(file: string): Scenario {
    this.assertReady()
    if (this.#source === undefined) throw new WordsRefused(`there is no source: write ${HEADINGS['source']}`)
    if (this.statements.length === 0) throw new WordsRefused('nothing happens in it: write at least one statement')
    const options: ClusterOptions = {
      settings: this.#checkedSettings(),
      isFlowing: this.#isFlowing,
      logs: this.#logs,
      terms: this.#terms,
    }
    refusing(() => new StartingLogs(this.servers, options))
    return {
      file,
      title: this.#title as string,
      source: this.#source,
      servers: this.servers.length,
      options,
      statements: this.statements,
    }
  }

  #takeServers(words: Words): void {
    if (this.servers.length > 0) throw new WordsRefused('cluster stands there twice')
    const count = words.number('the number of servers')
    if (count < 1 || count > MOST_SERVERS) throw new WordsRefused(`a cluster has 1 to ${MOST_SERVERS} servers`)
    this.servers = Array.from({ length: count }, (_, place) => `s${place + 1}`)
  }

  #takeSetting(words: Words): void {
    const names = Object.keys(DEFAULT_SETTINGS) as (keyof typeof DEFAULT_SETTINGS)[]
    const name = choiceOf(words.word('the name of a setting'), 'a setting', names)
    if (name in this.#settings) throw new WordsRefused(`${name} stands there twice`)
    const word = words.word('the value')
    this.#settings[name] = settingOf(typeof DEFAULT_SETTINGS[name], word)
  }

  #take<Value>(of: Record<NodeId, Value>, words: Words, read: () => Value): void {
    this.assertReady()
    const id = words.server()
    if (id in of) throw new WordsRefused(`${id} stands there twice`)
    of[id] = read()
  }

  #checkedSettings(): NonNullable<ClusterOptions['settings']> {
    refusing(() => resolveSettings({ ...PAPER_SETTINGS, ...this.#settings }))
    return this.#settings
  }
}

function once(name: string, former: string | undefined, found: string): string {
  if (former !== undefined) throw new WordsRefused(`${name} stands there twice`)
  return found
}

function settingOf(type: string, word: string): string | number | boolean {
  if (type === 'number') return Number(word)
  return type === 'boolean' ? choiceOf(word, 'the value', ['true', 'false']) === 'true' : word
}

/** What a cluster would refuse is refused as words. */
function refusing(check: () => void): void {
  try {
    check()
  } catch (error) {
    throw new WordsRefused((error as Error).message)
  }
}
