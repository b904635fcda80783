import type { MessageLost, MessageReceived } from '../story.ts'
import type { Flight, Flights } from '../telling/flight.ts'
import type { Scene } from '../telling/scene.ts'
import type { Departure } from './row.ts'

/** A message that ends more scenes behind its start than this is followed with the eye no longer. */
const LATE_SCENES = 24

/** One receipt or loss of a message, among what is shown. */
export interface PassageEnd {
  readonly place: number
  readonly step: MessageReceived | MessageLost
  readonly isCopy: boolean
  readonly isLate: boolean
}

/** What is shown of a message's way. */
export interface Passage {
  readonly flight: Flight
  readonly departure: Departure
  readonly ends: readonly PassageEnd[]
}

/** What is shown of the messages that were sent in these scenes, by their numbers. */
export function passagesOf(scenes: readonly Scene[], flights: Flights): ReadonlyMap<number, Passage> {
  const numbers = new Map<number, number>()
  const ends = new Map<number, PassageEnd[]>()
  const passages = new Map<number, Passage>()
  scenes.forEach((scene, number) => {
    if (scene.kind !== 'step') return
    const { place, step } = scene
    if (step.kind === 'sent') numbers.set(place, number)
    if (step.kind !== 'received' && step.kind !== 'lost') return
    const flight = flights.get(step.message)
    if (flight === undefined) return
    const isLate = number - (numbers.get(flight.sentAt) ?? 0) > LATE_SCENES
    const end = { place, step, isCopy: isCopy(step, place, flight), isLate }
    ends.set(step.message, [...(ends.get(step.message) ?? []), end])
  })
  for (const flight of flights.values()) {
    if (!numbers.has(flight.sentAt)) continue
    const shown = ends.get(flight.sent.message) ?? []
    const departure = shown.every(({ isLate }) => isLate) ? 'stub' : 'arrow'
    passages.set(flight.sent.message, { flight, departure, ends: shown })
  }
  return passages
}

function isCopy(step: PassageEnd['step'], place: number, flight: Flight): boolean {
  return step.kind === 'received' && (step.copy !== undefined || place !== flight.endsAt[0])
}
