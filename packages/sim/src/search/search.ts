import type { ActionCode } from './action.ts'
import { GrowingNumbers } from './growingNumbers.ts'
import { Model } from './model.ts'
import { PromiseBroken } from './promise.ts'
import { checkBounds, type SearchBounds } from './searchBounds.ts'
import { traceOf, type Trace } from './trace.ts'
import { VisitedWorlds } from './visitedWorlds.ts'
import { WorldGraph } from './worldGraph.ts'
import type { World } from './worldLayout.ts'

export interface SearchProgress {
  readonly distinctStates: number
  /** The number of actions behind the states that were found last. */
  readonly depth: number
  /** States found and not yet looked into. */
  readonly waiting: number
  /** Actions followed, those that led to known states included. */
  readonly transitions: number
  /** Turns taken by a real server; all others were repetitions. */
  readonly turns: number
}

export interface SearchResult extends SearchProgress {
  /** All states within the bounds were met, and every promise holds in each. */
  readonly isComplete: boolean
  /** The first broken promise, and the way there. */
  readonly violation?: Trace
}

export interface SearchOptions {
  /** Called at the end of every depth, and in between after every so many states. */
  readonly onProgress?: (progress: SearchProgress) => void
}

const STATES_BETWEEN_REPORTS = 100_000

/**
 * Meets every state of a group of real servers within the bounds, those nearest to the start first; so the trace to the
 * first promise that is broken is as short as can be.
 * @throws RangeError for bounds that make no sense.
 */
export function search(bounds: SearchBounds, { onProgress }: SearchOptions = {}): SearchResult {
  checkBounds(bounds)
  return new Search(bounds, onProgress ?? (() => {})).run()
}

class Search {
  readonly #bounds: SearchBounds
  readonly #onProgress: (progress: SearchProgress) => void
  readonly #model: Model
  readonly #graph: WorldGraph
  readonly #visited = new VisitedWorlds()
  /** By state: the state it was reached from, and how. */
  readonly #parents = new GrowingNumbers()
  readonly #actions = new GrowingNumbers()
  /** Length and numbers of each world that waits, in the order of their states. */
  #level = new GrowingNumbers()
  #nextLevel = new GrowingNumbers()
  #depth = 0
  #waiting = 0
  #transitions = 0
  readonly #world: World
  readonly #next: World

  constructor(bounds: SearchBounds, onProgress: (progress: SearchProgress) => void) {
    this.#bounds = bounds
    this.#onProgress = onProgress
    this.#model = new Model(bounds)
    this.#graph = new WorldGraph(this.#model, bounds)
    this.#world = new Uint32Array(this.#graph.layout.capacity)
    this.#next = new Uint32Array(this.#graph.layout.capacity)
  }

  run(): SearchResult {
    const { states, depth } = this.#bounds
    this.#meet(this.#next, this.#graph.begin(this.#next), 0, 0)
    let firstState = 0
    while (this.#nextLevel.length > 0 && this.#depth < depth && this.#visited.size < states) {
      const level = this.#nextLevel
      this.#nextLevel = this.#level
      this.#nextLevel.clear()
      this.#level = level
      const reached = this.#visited.size
      this.#depth++
      const violation = this.#lookInto(level, firstState)
      if (violation !== undefined) return { ...this.#progress(), isComplete: false, violation }
      firstState = reached
      this.#onProgress(this.#progress())
    }
    return { ...this.#progress(), isComplete: this.#nextLevel.length === 0 }
  }

  #lookInto(level: GrowingNumbers, firstState: number): Trace | undefined {
    const world = this.#world
    const actions: ActionCode[] = []
    let state = firstState
    for (let start = 0; start < level.length; state++) {
      const length = level.at(start)
      level.copyTo(world, start + 1, length)
      start += 1 + length
      this.#waiting--
      this.#graph.actions(world, length, actions)
      for (const action of actions) {
        const violation = this.#follow(state, length, action)
        if (violation !== undefined) return violation
      }
      if (this.#visited.size >= this.#bounds.states) return undefined
    }
    return undefined
  }

  #follow(state: number, length: number, action: ActionCode): Trace | undefined {
    const next = this.#next
    this.#transitions++
    try {
      const nextLength = this.#graph.follow(this.#world, length, action, next)
      if (nextLength === 0) return undefined
      this.#graph.chooseNames(next, nextLength)
      this.#meet(next, nextLength, state, action)
      return undefined
    } catch (error) {
      if (!(error instanceof PromiseBroken)) throw error
      return traceOf(this.#graph, [...this.#pathTo(state), action])
    }
  }

  #meet(world: World, length: number, parent: number, action: ActionCode): void {
    if (!this.#visited.add(world, length)) return
    this.#parents.push(parent)
    this.#actions.push(action)
    this.#nextLevel.push(length)
    this.#nextLevel.pushAll(world, length)
    this.#waiting++
    if (this.#visited.size % STATES_BETWEEN_REPORTS === 0) this.#onProgress(this.#progress())
  }

  #pathTo(state: number): ActionCode[] {
    const path: ActionCode[] = []
    for (let at = state; at !== 0; at = this.#parents.at(at)) path.push(this.#actions.at(at))
    return path.reverse()
  }

  #progress(): SearchProgress {
    return {
      distinctStates: this.#visited.size,
      depth: this.#depth,
      waiting: this.#waiting,
      transitions: this.#transitions,
      turns: this.#model.turns,
    }
  }
}
