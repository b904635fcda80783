import type { MessageSent, StoryStep } from '../story.ts'

/** A message on its way, by the places of its steps in the story. */
export interface Flight {
  readonly sent: MessageSent
  readonly sentAt: number
  /** Its receipts and losses, in order; none while it is still under way. */
  readonly endsAt: readonly number[]
}

/** The flights of a story by the number of the message. */
export type Flights = ReadonlyMap<number, Flight>

/** Pairs each message with what became of it. Expects a story that `assertStory` let pass. */
export function flightsOf(steps: readonly StoryStep[]): Flights {
  const flights = new Map<number, { sent: MessageSent; sentAt: number; endsAt: number[] }>()
  steps.forEach((step, place) => {
    if (step.kind === 'sent') flights.set(step.message, { sent: step, sentAt: place, endsAt: [] })
    else if (step.kind === 'received' || step.kind === 'lost') flights.get(step.message)?.endsAt.push(place)
  })
  return flights
}
