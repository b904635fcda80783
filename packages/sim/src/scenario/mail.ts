import type { Message, NodeId } from '@quorate/core'
import { messageWords } from '../diagram/messageWords.ts'
import type { MessageName } from '../diagram/story.ts'
import type { Letter } from '../world/simNetwork.ts'
import type { SimWorld } from '../world/simWorld.ts'
import { StepFailed } from './errors.ts'

/** Which of the messages that are under way from one server to another; all that are not late unless it says more. */
export interface Which {
  /** The one that was sent first. */
  readonly oldest?: boolean
  /** Those that were delayed or copied, rather than the others. */
  readonly late?: boolean
  /** Those of a type; `appendEntries` includes heartbeats. */
  readonly type?: MessageName
}

/**
 * What is under way in a network that is held: a message each, since nothing travels together there. What is late stays
 * under way until it is asked for as such.
 */
export class Mail {
  readonly #world: SimWorld
  readonly #late = new Set<Letter>()

  constructor(world: SimWorld) {
    this.#world = world
  }

  /** Everything that is not late, in the order in which it was sent. */
  get punctual(): readonly Letter[] {
    return this.#world.network.held.filter((letter) => !this.#late.has(letter))
  }

  between(from: NodeId, to: NodeId): readonly Letter[] {
    return this.#world.network.held.filter((letter) => letter.from === from && letter.to === to)
  }

  /** @throws StepFailed when there is nothing of the kind, RangeError for a server that there is not. */
  find(from: NodeId, to: NodeId, which: Which): readonly Letter[] {
    this.#assertHeld()
    for (const id of [from, to]) this.#world.node(id)
    const { oldest = false, late = false, type } = which
    const all = this.between(from, to)
    const found = all.filter((letter) => this.#late.has(letter) === late && isOfType(letter, type))
    if (found.length === 0) {
      throw new StepFailed(
        `nothing${describe(which)} is under way from ${from} to ${to}; there is ${this.describe(all)}`,
      )
    }
    return oldest ? found.slice(0, 1) : found
  }

  take(letters: readonly Letter[]): void {
    const { network } = this.#world
    network.held = network.held.filter((letter) => !letters.includes(letter))
    for (const letter of letters) this.#late.delete(letter)
  }

  delay(letters: readonly Letter[]): void {
    for (const letter of letters) this.#late.add(letter)
  }

  /** A second one of each, which is late. */
  copy(letters: readonly Letter[]): void {
    const copies = letters.map((letter) => ({ ...letter }))
    this.#world.network.held.push(...copies)
    this.delay(copies)
  }

  describe(letters: readonly Letter[]): string {
    const words = letters.map((letter) => {
      const { text } = messageWords(messageOf(letter))
      return this.#late.has(letter) ? `${text} (late)` : text
    })
    return words.length === 0 ? 'nothing' : words.join('; ')
  }

  #assertHeld(): void {
    if (!this.#world.network.isHeld) throw new StepFailed('the network flows: hold it, to deliver messages by hand')
  }
}

/** What a letter says: one message, for a network that is held splits what is sent together. */
export function messageOf({ packets }: Letter): Message {
  return packets[0]?.messages[0] as Message
}

export function isOfType(letter: Letter, type: MessageName | undefined): boolean {
  const message = messageOf(letter)
  return type === undefined || message.type === type || messageWords(message).name === type
}

function describe({ oldest = false, late = false, type }: Which): string {
  const words = [oldest ? 'oldest' : '', late ? 'late' : '', type === undefined ? '' : `of type ${type}`]
  const said = words.filter((word) => word !== '').join(', ')
  return said === '' ? '' : ` (${said})`
}
