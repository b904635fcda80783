import type { NodeId } from '@quorate/core'

/** A statement says something that its kind does not take. */
export class WordsRefused extends Error {}

/** The words of one statement, taken one after the other. Whatever does not fit is refused with what would. */
export class Words {
  readonly servers: readonly NodeId[]
  readonly #words: readonly string[]
  #place = 0

  /** @param text what stands behind the statement's name. */
  constructor(text: string, servers: readonly NodeId[]) {
    this.servers = servers
    this.#words = text.split(/\s+/).filter((word) => word !== '')
  }

  get isOver(): boolean {
    return this.#place === this.#words.length
  }

  /** All that is left, as it stands; at least one word. */
  rest(what: string): string[] {
    const rest = this.#words.slice(this.#place)
    if (rest.length === 0) throw new WordsRefused(`${what} is missing`)
    this.#place = this.#words.length
    return rest
  }

  word(what: string): string {
    const word = this.#words[this.#place]
    if (word === undefined) throw new WordsRefused(`${what} is missing`)
    this.#place++
    return word
  }

  /** Takes the word if it is the next one. */
  skips(word: string): boolean {
    if (this.#words[this.#place] !== word) return false
    this.#place++
    return true
  }

  server(what = 'a server'): NodeId {
    return this.#known(this.word(what))
  }

  /** At least one, up to the end. */
  serversToEnd(): NodeId[] {
    return this.rest('a server').map((word) => this.#known(word))
  }

  /** At least one: as many as stand here. */
  serversHere(): NodeId[] {
    const servers = [this.server()]
    while (!this.isOver && this.servers.includes(this.#words[this.#place] as string)) servers.push(this.server())
    return servers
  }

  /** A whole number, at least 0. */
  number(what: string): number {
    return asNumber(this.word(what), what)
  }

  /** Whole numbers to the end; or the word `nothing`, which is none. */
  numbers(what: string): number[] {
    return this.list(what).map((word) => asNumber(word, what))
  }

  /** Words to the end; or the word `nothing`, which is none. */
  list(what: string): string[] {
    const words = this.rest(what)
    return words.length === 1 && words[0] === 'nothing' ? [] : words
  }

  oneOf<Choice extends string>(what: string, choices: readonly Choice[]): Choice {
    return choiceOf(this.word(what), what, choices)
  }

  /** @throws WordsRefused when there is more. */
  end(): void {
    if (!this.isOver) throw new WordsRefused(`${this.#words.slice(this.#place).join(' ')} is too much`)
  }

  #known(word: string): NodeId {
    if (this.servers.includes(word)) return word
    throw new WordsRefused(`there is no server ${word}; there are ${this.servers.join(', ')}`)
  }
}

/** @throws WordsRefused for a word that is none of the choices, and names them. */
export function choiceOf<Choice extends string>(word: string, what: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === word)
  if (choice === undefined) throw new WordsRefused(`${what} cannot be ${word}; it is one of ${choices.join(', ')}`)
  return choice
}

function asNumber(word: string, what: string): number {
  if (/^\d{1,9}$/.test(word)) return Number(word)
  throw new WordsRefused(`${what} cannot be ${word}: it is a whole number`)
}
