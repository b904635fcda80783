import type { MessageSent, StoryStep } from '../story.ts'
import type { Flight, Flights } from './flight.ts'

/** A shorter stretch is told message by message: it takes little room, and may be what matters. */
const SHORTEST_STRETCH_STEPS = 8

/** Steps of a story, from one place up to another, that tell of nothing but repetitions. */
export interface Stretch {
  readonly firstPlace: number
  readonly lastPlace: number
}

/**
 * The long stretches in which the cluster only says again what it said last: heartbeats, and their acceptances. None
 * reaches over `cutAt`, the place of a step that begins something new.
 */
export function repetitiveStretches(steps: readonly StoryStep[], flights: Flights, cutAt: number): Stretch[] {
  const quiet = repetitions(steps, flights)
  for (;;) {
    const stretches = stretchesOf(steps, quiet, cutAt)
    const short = stretches.filter(({ firstPlace, lastPlace }) => lastPlace - firstPlace + 1 < SHORTEST_STRETCH_STEPS)
    if (short.length === 0) return stretches
    // A message is told whole or not at all, so telling these may shorten other stretches.
    for (const { firstPlace, lastPlace } of short) {
      for (const step of steps.slice(firstPlace, lastPlace + 1)) if ('message' in step) quiet.delete(step.message)
    }
  }
}

function stretchesOf(steps: readonly StoryStep[], quiet: ReadonlySet<number>, cutAt: number): Stretch[] {
  const stretches: { firstPlace: number; lastPlace: number }[] = []
  steps.forEach((step, place) => {
    if (!('message' in step) || !quiet.has(step.message)) return
    const last = stretches.at(-1)
    if (last?.lastPlace === place - 1 && place !== cutAt) last.lastPlace = place
    else stretches.push({ firstPlace: place, lastPlace: place })
  })
  return stretches
}

/** The messages that tell nobody anything new, and after which nobody does anything new. */
function repetitions(steps: readonly StoryStep[], flights: Flights): Set<number> {
  const quiet = wordForWord(steps, flights)
  const next = new Map<string, { readonly atMs: number; readonly isReaction: boolean }>()
  for (const step of [...steps].reverse()) {
    const flight = 'message' in step ? flights.get(step.message) : undefined
    const node = actorOf(step, flight)
    if (node === undefined) continue
    const then = next.get(node)
    if (step.kind === 'received' && then?.isReaction && then.atMs === step.atMs) quiet.delete(step.message)
    const isQuiet = 'message' in step && quiet.has(step.message)
    next.set(node, { atMs: step.atMs, isReaction: !isQuiet && step.kind !== 'received' })
  }
  return quiet
}

/** The heartbeats and acceptances that say what the last of their kind on that link said, and the last that arrived. */
function wordForWord(steps: readonly StoryStep[], flights: Flights): Set<number> {
  const quiet = new Set<number>()
  const lastSent = new Map<string, string>()
  const lastReceived = new Map<string, string>()
  for (const step of steps) {
    if (step.kind === 'sent' && mayRepeat(step)) {
      const key = linkOf(step)
      if (lastSent.get(key) === step.text) quiet.add(step.message)
      lastSent.set(key, step.text)
    } else if (step.kind === 'received') {
      const sent = flights.get(step.message)?.sent
      if (sent === undefined || !mayRepeat(sent)) continue
      const key = linkOf(sent)
      if (lastReceived.get(key) !== sent.text) quiet.delete(step.message)
      lastReceived.set(key, sent.text)
    }
  }
  return quiet
}

function mayRepeat({ name }: MessageSent): boolean {
  return name === 'heartbeat' || name === 'appendEntries.accepted'
}

function linkOf({ from, to, name }: MessageSent): string {
  return JSON.stringify([from, to, name])
}

/** The node on which the step takes place; a loss takes place on none. */
function actorOf(step: StoryStep, flight: Flight | undefined): string | undefined {
  switch (step.kind) {
    case 'sent':
      return step.from
    case 'received':
      return flight?.sent.to
    case 'lost':
      return undefined
    case 'happened':
    case 'role':
      return step.node
  }
}
