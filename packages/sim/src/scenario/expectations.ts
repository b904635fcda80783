import type { Index, NodeId, RaftState, Term } from '@quorate/core'
import type { MessageName, StoryRole } from '../diagram/story.ts'
import type { SimNode } from '../world/simNode.ts'
import type { SimWorld } from '../world/simWorld.ts'
import type { Appends, OutcomeName } from './appends.ts'
import { ExpectationFailed, StepFailed } from './errors.ts'
import { isOfType, type Mail } from './mail.ts'
import { TextMachine } from './textMachine.ts'

/** What expectations look at. */
export interface Expected {
  readonly world: SimWorld
  readonly mail: Mail
  readonly appends: Appends
  /** Why servers could not open their stores. */
  readonly refusals: ReadonlyMap<NodeId, Error>
}

/**
 * What a scenario says must be so by now. Each throws ExpectationFailed with what was found and how all servers stand,
 * and RangeError for a server that there is not.
 */
export class Expectations {
  readonly #of: Expected

  constructor(of: Expected) {
    this.#of = of
  }

  /** It leads the latest term that anybody leads. */
  leader(id: NodeId, { term }: { term?: Term } = {}): void {
    const { role, id: own } = this.#node(id)
    const { leader } = this.#of.world
    const found = leader === undefined ? 'nobody leads' : `${leader.id} leads term ${this.#term(leader)}`
    this.#hold(role === 'leader' && leader?.id === own, `${id} to lead`, found)
    if (term !== undefined) this.#hold(this.#term(leader as SimNode) === term, `${id} to lead term ${term}`, found)
  }

  noLeader(): void {
    const leaders = this.#of.world.up.filter(({ role }) => role === 'leader').map(({ id }) => id)
    this.#hold(leaders.length === 0, 'nobody to lead', `${leaders.join(', ')} does`)
  }

  /** What it is: `down` when no process runs, `stopped` when its server has given up. */
  role(id: NodeId, role: StoryRole): void {
    const found = this.#node(id).role
    this.#hold(found === role, `${id} to be ${role}`, `it is ${found}`)
  }

  /** Its current term; of a server that is down, that on its disk. */
  term(id: NodeId, term: Term): void {
    const found = this.#term(this.#node(id))
    this.#hold(found === term, `${id} to be in term ${term}`, `it is in term ${found}`)
  }

  /** For whom it has voted in its current term; `none` when for nobody. */
  vote(id: NodeId, candidate: NodeId): void {
    const { server, ledger } = this.#node(id)
    const { votedFor = 'none' } = server?.server.state ?? ledger.durable.hardState
    this.#hold(votedFor === candidate, `the vote of ${id} to be ${candidate}`, `it is ${votedFor}`)
  }

  /** The terms of all entries that are in its log, from the first that is there; of a server that is down, of the log on its disk. */
  log(id: NodeId, terms: readonly Term[]): void {
    const found = termsOf(this.#node(id))
    this.#hold(isSame(found, terms), `the log of ${id} to be ${shown(terms)}`, `it is ${shown(found)}`)
  }

  /** As `log`, of the entries that its disk has reported as flushed. */
  durable(id: NodeId, terms: readonly Term[]): void {
    const found = this.#node(id).ledger.durable.log.terms
    this.#hold(isSame(found, terms), `the log on the disk of ${id} to be ${shown(terms)}`, `it is ${shown(found)}`)
  }

  /** Its commitIndex: up to there it knows entries to be committed. */
  committed(id: NodeId, index: Index): void {
    const found = this.#state(id).commitIndex
    this.#hold(found === index, `${id} to know ${index} as committed`, `its commitIndex is ${found}`)
  }

  /** All commands that its state machine has taken, by their texts; `index/term` for those that the cluster began with. */
  applied(id: NodeId, texts: readonly string[]): void {
    const { machine } = this.#node(id)
    const found = machine instanceof TextMachine ? machine.texts : []
    this.#hold(isSame(found, texts), `${id} to have applied ${shown(texts)}`, `it has applied ${shown(found)}`)
  }

  /** How the append of this text ended for its caller; `open` while there is no answer. */
  outcome(text: string, outcome: OutcomeName): void {
    const found = this.#of.appends.outcomeOf(text)
    this.#hold(found === outcome, `the append of ${text} to be ${outcome}`, `it is ${found}`)
  }

  /** It has given up, or could not open its store; `why` must match the name or the message of the error. */
  stopped(id: NodeId, why: RegExp = /(?:)/): void {
    const node = this.#node(id)
    const error = node.isDown ? this.#of.refusals.get(id) : node.server?.server.failure
    const found = error === undefined ? `it is ${node.role}` : `it stopped for ${error.name}: ${error.message}`
    const matches = error !== undefined && (why.test(error.name) || why.test(error.message))
    this.#hold(matches, `${id} to have stopped for ${why.source}`, found)
  }

  /** What is under way on a link, late or not, is of these types, in the order in which it was sent. */
  held(from: NodeId, to: NodeId, types: readonly MessageName[]): void {
    for (const id of [from, to]) this.#node(id)
    const { mail } = this.#of
    const letters = mail.between(from, to)
    const isSo = letters.length === types.length && letters.every((letter, place) => isOfType(letter, types[place]))
    this.#hold(isSo, `under way from ${from} to ${to}: ${shown(types)}`, `there is ${mail.describe(letters)}`)
  }

  /** Up to here a leader knows a follower to hold its log (Figure 2, matchIndex[]). */
  matchIndex(leader: NodeId, follower: NodeId, index: Index): void {
    const found = this.#progress(leader, follower).matchIndex
    this.#hold(found === index, `${leader} to have matchIndex ${index} for ${follower}`, `it has ${found}`)
  }

  /** The next entry that a leader sends to a follower (Figure 2, nextIndex[]). */
  nextIndex(leader: NodeId, follower: NodeId, index: Index): void {
    const found = this.#progress(leader, follower).nextIndex
    this.#hold(found === index, `${leader} to have nextIndex ${index} for ${follower}`, `it has ${found}`)
  }

  /** How all servers stand, a line each, to go behind a message. */
  describe(): string {
    const lines = [...this.#of.world.nodes.values()].map((node) => {
      const committed = node.server === undefined ? '' : `, committed ${node.server.server.state.commitIndex}`
      return `\n  ${node.id}: ${node.role}, term ${this.#term(node)}, log ${shown(termsOf(node))}${committed}`
    })
    return lines.join('')
  }

  #hold(holds: boolean, expected: string, found: string): void {
    if (!holds) throw new ExpectationFailed(`expected ${expected}; ${found}.${this.describe()}`)
  }

  #node(id: NodeId): SimNode {
    return this.#of.world.node(id)
  }

  #state(id: NodeId): RaftState {
    const { server } = this.#node(id)
    if (server === undefined) throw new StepFailed(`${id} is down: what it knew is gone`)
    return server.server.state
  }

  #term({ server, ledger }: SimNode): Term {
    return server?.server.state.currentTerm ?? ledger.durable.hardState.currentTerm
  }

  #progress(leader: NodeId, follower: NodeId): { readonly matchIndex: Index; readonly nextIndex: Index } {
    this.#node(follower)
    const progress = this.#state(leader).peers.get(follower)
    if (progress !== undefined) return progress
    throw new ExpectationFailed(
      `expected ${leader} to replicate to ${follower}; it is ${this.#node(leader).role}.${this.describe()}`,
    )
  }
}

function termsOf({ server, ledger }: SimNode): readonly Term[] {
  if (server === undefined) return ledger.durable.log.terms
  const { log } = server.server.state
  const startsAfter = log.startsAfter.index
  return Array.from({ length: log.lastIndex - startsAfter }, (_, place) => log.termAt(startsAfter + place + 1) ?? 0)
}

function isSame<T>(found: readonly T[], expected: readonly T[]): boolean {
  return found.length === expected.length && found.every((each, place) => each === expected[place])
}

function shown(list: readonly (string | number)[]): string {
  return list.length === 0 ? 'nothing' : list.join(' ')
}
