import { actionOf, type ActionCode } from './action.ts'
import { describeEnvelope } from './envelope.ts'
import { idAt, placeOf, type Place } from './places.ts'
import { PromiseBroken, type Promised } from './promise.ts'
import type { WorldGraph } from './worldGraph.ts'
import type { World } from './worldLayout.ts'

/** A path to a broken promise. */
export interface Trace {
  readonly promise: Promised
  readonly detail: string
  /** A line an action. */
  readonly trace: readonly string[]
}

/**
 * Walks a path of the search once more, and tells of it under one name for each server from beginning to end, whatever
 * names the search has chosen on the way.
 */
export function traceOf(graph: WorldGraph, path: readonly ActionCode[]): Trace {
  const worlds: [World, World] = [new Uint32Array(graph.layout.capacity), new Uint32Array(graph.layout.capacity)]
  let [world, next] = worlds
  let length = graph.begin(world)
  /** What the server at a place was called at the start. */
  let names: readonly Place[] = Array.from({ length: graph.layout.servers }, (_, place) => place)
  const lines: string[] = []
  for (const action of path) {
    try {
      const said = describe(graph, action, names)
      lines.push(said)
      length = graph.follow(world, length, action, next)
    } catch (error) {
      if (error instanceof PromiseBroken)
        return { promise: error.promise, detail: renamed(error.message, names), trace: lines }
      throw error
    }
    const { type, place } = actionOf(action)
    if (type !== 'drop')
      lines.push(`${lines.pop()}; ${idAt(names[place]!)} is ${graph.machineAt(next, place).describe()}`)
    const gone = graph.chooseNames(next, length)
    const former = names
    names = gone.map((_, at) => former[gone.indexOf(at)]!)
    ;[world, next] = [next, world]
  }
  throw new Error('a path of the search ended without a broken promise')
}

function renamed(text: string, names: readonly Place[]): string {
  return text.replace(/\bS\d\b/g, (id) => idAt(names[placeOf(id)]!))
}

function describe(graph: WorldGraph, code: ActionCode, names: readonly Place[]): string {
  const { type, place, operand } = actionOf(code)
  const nameOf = (at: Place): string => idAt(names[at]!)
  const id = nameOf(place)
  switch (type) {
    case 'deliver':
    case 'duplicate':
    case 'drop':
      return `${VERBS[type]} ${describeEnvelope(graph.model.envelopes.at(operand), nameOf)}`
    case 'timeout':
      return `the election timeout of ${id} elapses`
    case 'tick':
      return `a heartbeat is due at ${id}`
    case 'append':
      return `a client hands command ${operand} to ${id}`
    case 'flush':
      return `the oldest write of ${id} is on disk`
    case 'crash':
      return `${id} crashes and starts anew; ${operand} of its writes under way had reached the disk`
  }
}

const VERBS = { deliver: 'arrived:', duplicate: 'arrived, and will again:', drop: 'lost:' } as const
