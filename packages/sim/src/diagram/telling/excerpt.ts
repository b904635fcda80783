import type { Story, StoryStep } from '../story.ts'
import { flightsOf, type Flights } from './flight.ts'
import { scenesOf, type LeftOutScene, type Scene } from './scene.ts'

/** How much of a long story is told. */
export interface ExcerptOptions {
  /** So many scenes up to the end, or to a little behind the broken promise; 400 unless told. At least 10. */
  readonly lastScenes?: number
}

const LAST_SCENES = 400
const FEWEST_LAST_SCENES = 10

/**
 * What is told of a story: its last scenes, and of those before them what decides what the last ones mean. Everything
 * else is counted.
 */
export interface Excerpt {
  readonly scenes: readonly Scene[]
  readonly flights: Flights
  /** How many steps are not told. */
  readonly leftOut: number
}

/** @throws RangeError when `lastScenes` is too small to tell anything. */
export function excerptOf(story: Story, { lastScenes = LAST_SCENES }: ExcerptOptions = {}): Excerpt {
  if (!(lastScenes >= FEWEST_LAST_SCENES)) {
    throw new RangeError(`lastScenes is ${lastScenes}: give ${FEWEST_LAST_SCENES} or more`)
  }
  const flights = flightsOf(story.steps)
  const all = scenesOf(story, flights)
  if (all.length <= lastScenes) return { scenes: all, flights, leftOut: 0 }

  const end = endOf(all, lastScenes)
  const begin = Math.max(0, end - lastScenes)
  const kept = new Set(all.slice(begin, end))
  for (const scene of decisive(all.slice(0, begin), lastScenes)) kept.add(scene)
  for (const scene of departures(all, kept, flights)) kept.add(scene)
  const scenes = withGaps(all, kept)
  return {
    scenes,
    flights,
    leftOut: scenes.reduce((sum, scene) => sum + (scene.kind === 'leftOut' ? scene.steps : 0), 0),
  }
}

/** Behind the broken promise only its nearest consequences matter. */
function endOf(all: readonly Scene[], lastScenes: number): number {
  const brokenAt = all.findIndex((scene) => scene.kind === 'broken')
  return brokenAt < 0 ? all.length : Math.min(all.length, brokenAt + 1 + Math.floor(lastScenes / 10))
}

/**
 * Elections, faults and what befell the world, the latest of them; and the roles in which each server began and in
 * which it enters the rest.
 */
function decisive(earlier: readonly Scene[], lastScenes: number): Scene[] {
  const firstRoles = new Map<string, Scene>()
  const lastRoles = new Map<string, Scene>()
  const matters: Scene[] = []
  for (const scene of earlier) {
    if (scene.kind !== 'step') continue
    if (scene.step.kind === 'role') {
      if (!firstRoles.has(scene.step.node)) firstRoles.set(scene.step.node, scene)
      lastRoles.set(scene.step.node, scene)
    }
    if (isDecisive(scene.step)) matters.push(scene)
  }
  return [...matters.slice(-Math.floor(lastScenes / 4)), ...firstRoles.values(), ...lastRoles.values()]
}

function isDecisive(step: StoryStep): boolean {
  if (step.kind === 'role') return step.role !== 'follower' && step.role !== 'candidate'
  if (step.kind !== 'happened') return false
  return step.node === undefined || step.tone === 'fault' || step.tone === 'broken'
}

/** Where the messages left that arrive in what is kept: an arrow has two ends. */
function departures(all: readonly Scene[], kept: ReadonlySet<Scene>, flights: Flights): Scene[] {
  const wanted = new Set<number>()
  for (const scene of kept) {
    if (scene.kind !== 'step' || (scene.step.kind !== 'received' && scene.step.kind !== 'lost')) continue
    const flight = flights.get(scene.step.message)
    if (flight !== undefined) wanted.add(flight.sentAt)
  }
  return all.filter((scene) => scene.kind === 'step' && wanted.has(scene.place))
}

function withGaps(all: readonly Scene[], kept: ReadonlySet<Scene>): Scene[] {
  const scenes: Scene[] = []
  for (const scene of all) {
    const last = scenes.at(-1)
    if (kept.has(scene) || scene.kind === 'broken') scenes.push(scene)
    else if (last?.kind === 'leftOut') scenes[scenes.length - 1] = joined(last, leftOut(scene))
    else scenes.push(leftOut(scene))
  }
  return scenes
}

function leftOut(scene: Exclude<Scene, { kind: 'broken' }>): LeftOutScene {
  const [firstPlace, lastPlace] =
    scene.kind === 'step' ? [scene.place, scene.place] : [scene.firstPlace, scene.lastPlace]
  return { kind: 'leftOut', firstPlace, lastPlace, steps: lastPlace - firstPlace + 1 }
}

function joined(one: LeftOutScene, next: LeftOutScene): LeftOutScene {
  return { ...one, lastPlace: next.lastPlace, steps: one.steps + next.steps }
}
