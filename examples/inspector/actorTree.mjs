// What a receiver can make of the inspector's messages: who is whose child, in which state, and each change of it.

/**
 * @typedef {object} InspectedActor
 * @property {string} sessionId
 * @property {string | undefined} parentId
 * @property {string} name
 * @property {string} machine The id of its statechart.
 * @property {string | undefined} state
 * @property {string} status `active`, `done` or `stopped`.
 */

export class ActorTree {
  /** @type {Map<string, InspectedActor>} */
  #actors = new Map()
  /** @type {Set<() => void>} */
  #waiting = new Set()
  #report

  /** @param {(line: string) => void} report Told of every transition, in a line. */
  constructor(report) {
    this.#report = report
  }

  /** @param {import('@statelyai/inspect').StatelyInspectionEvent} message */
  note(message) {
    const { sessionId } = message
    if (message.type === '@xstate.actor') {
      const { parentId, name, definition = '{}' } = message
      const machine = JSON.parse(definition).id
      this.#actors.set(sessionId, { sessionId, parentId, name, machine, state: undefined, status: 'active' })
    } else if (message.type === '@xstate.snapshot') {
      const actor = this.#actors.get(sessionId)
      if (actor !== undefined) this.#move(actor, /** @type {any} */ (message.snapshot), message.event.type)
    }
    for (const look of this.#waiting) look()
  }

  /** The actors at the top: one for each server. */
  get roots() {
    return this.#living().filter(({ parentId }) => parentId === undefined)
  }

  /** The tree of the actors that live, a line for each. */
  get drawn() {
    return this.roots.map((root) => this.#branch(root, '')).join('')
  }

  /**
   * Resolves once the tree is as wanted.
   *
   * @param {(tree: ActorTree) => boolean} isWanted
   * @returns {Promise<void>}
   */
  until(isWanted) {
    return new Promise((resolve) => {
      const look = () => {
        if (!isWanted(this)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  /**
   * @param {InspectedActor} actor
   * @param {{ value: unknown, status: string, context: { currentTerm?: number } }} snapshot
   * @param {string} cause
   */
  #move(actor, { value, status, context }, cause) {
    const state = pathOf(value)
    const former = actor.state
    actor.state = state
    actor.status = status
    const change = former === undefined ? `starts as ${state}` : former === state ? '' : `${former} -> ${state}`
    const term = context.currentTerm === undefined ? '' : ` in term ${context.currentTerm}`
    const end = status === 'active' ? '' : `, ${status}`
    this.#report(`${this.#placeOf(actor)}: ${`${change}${end}`.replace(/^, /, '')}${term} (${cause})`)
  }

  #living() {
    return [...this.#actors.values()].filter(({ status }) => status === 'active')
  }

  /**
   * @param {InspectedActor} actor
   * @returns {string}
   */
  #placeOf({ parentId, name, machine }) {
    const parent = parentId === undefined ? undefined : this.#actors.get(parentId)
    return parent === undefined ? name : `${this.#placeOf(parent)} > ${name === 'role' ? machine : name}`
  }

  /**
   * @param {InspectedActor} actor
   * @param {string} indent
   * @returns {string}
   */
  #branch({ sessionId, name, machine, state }, indent) {
    const children = this.#living().filter(({ parentId }) => parentId === sessionId)
    const branches = children.map((child) => this.#branch(child, `${indent}  `)).join('')
    return `${indent}${name} [${machine}] ${state ?? ''}\n${branches}`
  }
}

/**
 * `{ voting: 'waiting' }` as `voting.waiting`.
 *
 * @param {unknown} value
 * @returns {string}
 */
function pathOf(value) {
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([state, inner]) => `${state}.${pathOf(inner)}`)
    .join(' & ')
}
