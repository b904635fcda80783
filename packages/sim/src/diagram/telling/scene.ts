import type { BrokenPromise, Story, StoryStep } from '../story.ts'
import { flightsOf, type Flights } from './flight.ts'
import { repetitiveStretches, type Stretch } from './repetition.ts'

/** One thing that is told of a story. Places are those of the steps that it stands for. */
export type Scene = StepScene | HeartbeatsScene | LeftOutScene | BrokenScene

/** A step as it is. */
export interface StepScene {
  readonly kind: 'step'
  readonly place: number
  readonly step: StoryStep
}

/** A stretch of heartbeats and their acceptances that brought nothing new. */
export interface HeartbeatsScene {
  readonly kind: 'heartbeats'
  readonly firstPlace: number
  readonly lastPlace: number
  readonly atMs: number
  readonly lastedMs: number
  readonly heartbeats: number
  readonly lost: number
  /** Who sent them. */
  readonly from: readonly string[]
}

/** Steps that are not told. */
export interface LeftOutScene {
  readonly kind: 'leftOut'
  readonly firstPlace: number
  readonly lastPlace: number
  readonly steps: number
}

/** The moment at which the promise was broken. It stands for no step. */
export interface BrokenScene extends BrokenPromise {
  readonly kind: 'broken'
}

/** Everything of a story in order, with the long stretches of heartbeats folded. */
export function scenesOf(story: Story, flights: Flights = flightsOf(story.steps)): Scene[] {
  const { steps, broken } = story
  const brokenAt = broken === undefined ? steps.length : placeBehind(steps, broken.atMs)
  const stretches = new Map(repetitiveStretches(steps, flights, brokenAt).map((one) => [one.firstPlace, one]))
  const scenes: Scene[] = []
  for (let place = 0; place <= steps.length; place += 1) {
    if (place === brokenAt && broken !== undefined) scenes.push({ kind: 'broken', ...broken })
    const stretch = stretches.get(place)
    const step = steps[place]
    if (stretch !== undefined) {
      scenes.push(folded(steps, stretch, flights))
      place = stretch.lastPlace
    } else if (step !== undefined && !saysTheSame(step, broken)) scenes.push({ kind: 'step', place, step })
  }
  return scenes
}

/** The place behind everything that had happened by then. */
function placeBehind(steps: readonly StoryStep[], atMs: number): number {
  const place = steps.findIndex((step) => step.atMs > atMs)
  return place < 0 ? steps.length : place
}

function folded(steps: readonly StoryStep[], { firstPlace, lastPlace }: Stretch, flights: Flights): HeartbeatsScene {
  const from = new Set<string>()
  let heartbeats = 0
  let lost = 0
  const within = steps.slice(firstPlace, lastPlace + 1)
  for (const step of within) {
    const sent = 'message' in step ? flights.get(step.message)?.sent : undefined
    if (sent?.name !== 'heartbeat') continue
    if (step.kind === 'lost') lost += 1
    if (step.kind !== 'sent') continue
    heartbeats += 1
    from.add(sent.from)
  }
  const atMs = within[0]?.atMs ?? 0
  const lastedMs = (within.at(-1)?.atMs ?? 0) - atMs
  return { kind: 'heartbeats', firstPlace, lastPlace, atMs, lastedMs, heartbeats, lost, from: [...from] }
}

/** Whether a happening of the world only announces the broken promise, which has a scene of its own. */
function saysTheSame(step: StoryStep, broken: BrokenPromise | undefined): boolean {
  if (broken === undefined || step.kind !== 'happened' || step.node !== undefined || step.tone !== 'broken')
    return false
  return step.text === broken.promise || step.text === broken.detail
}
