import type { MessageName, StoryStep } from '../story.ts'
import { endWords, messageHint, stubWords, wordsWidth, type ArrowWords } from './arrowWords.ts'
import type { Lanes } from './lanes.ts'
import type { Passage, PassageEnd } from './passage.ts'
import type { ArrowLabel, ArrowShape, Point, Topic } from './shape.ts'

/** Half the width of a lifeline: arrows start and end at its edge. */
export const LIFELINE_EDGE_PX = 5
/** From the tip of an arrow to its words, and from a lifeline to the words beside it. */
const BEFORE_WORDS_PX = 13
const AROUND_WORDS_PX = 18
/** What words must leave free of the way from one lifeline to the next: for the slope, or to show that it ends short. */
const SLOPE_PX = 28

/** The room for the words of a message that arrives, in pixels. */
export function arrivalRoom(lanes: Lanes): number {
  return lanes.pitchPx - SLOPE_PX - BEFORE_WORDS_PX
}

/** The room for the words of an arrow that ends short of the next lifeline, in pixels. */
export function shortRoom(lanes: Lanes): number {
  return lanes.pitchPx - SLOPE_PX - 2 * AROUND_WORDS_PX
}

/** Where the rows of places stand. */
export interface ArrowSpace {
  readonly lanes: Lanes
  readonly steps: readonly StoryStep[]
  readonly yOf: (place: number) => number
}

/**
 * The arrows of one message. Each falls from the sender to the row in which it ends, and then runs level for as long
 * as its words are, so that words never tilt.
 */
export function arrowsOf(passage: Passage, space: ArrowSpace): ArrowShape[] {
  const { ends, departure } = passage
  const arrows: ArrowShape[] = []
  let leaves = leavingPoint(passage, space)
  if (departure === 'stub') {
    const stub = stubOf(passage, space)
    arrows.push(stub)
    leaves = stub.points[1] ?? leaves
  }
  for (const end of ends) {
    arrows.push(end.step.kind === 'lost' ? lostArrow(passage, end, space) : receivedArrow(passage, end, leaves, space))
  }
  return arrows
}

function receivedArrow(passage: Passage, end: PassageEnd, leaves: Point, space: ArrowSpace): ArrowShape {
  const { lanes, yOf } = space
  const { from, to } = passage.flight.sent
  const direction = lanes.direction(from, to)
  const words = endWords(passage, end, arrivalRoom(lanes))
  const tip = { x: lanes.xPx(to) - direction * (LIFELINE_EDGE_PX + 1), y: yOf(end.place) }
  const elbow = { x: tip.x - direction * (wordsWidth(words) + AROUND_WORDS_PX), y: tip.y }
  const label = labelAt(tip.x - direction * BEFORE_WORDS_PX, tip.y, direction === 1 ? 'end' : 'start', words)
  return { ...common(passage, space, end), points: [leaves, elbow, tip], end: 'head', label }
}

function lostArrow(passage: Passage, end: PassageEnd, space: ArrowSpace): ArrowShape {
  const { lanes, yOf } = space
  const { from, to } = passage.flight.sent
  const direction = lanes.direction(from, to)
  const words = endWords(passage, end, shortRoom(lanes))
  const leaves = leavingPoint(passage, space)
  const y = yOf(end.place)
  const level = { x: leaves.x + (y === leaves.y ? 0 : direction * AROUND_WORDS_PX), y }
  const cross = { x: level.x + direction * (wordsWidth(words) + AROUND_WORDS_PX), y }
  const label = labelAt(level.x + direction * 7, y, direction === 1 ? 'start' : 'end', words)
  return { ...common(passage, space, end), points: [leaves, level, cross], end: 'cross', label }
}

function stubOf(passage: Passage, space: ArrowSpace): ArrowShape {
  const { from, to } = passage.flight.sent
  const direction = space.lanes.direction(from, to)
  const words = stubWords(passage, shortRoom(space.lanes))
  const leaves = leavingPoint(passage, space)
  const open = { x: leaves.x + direction * (wordsWidth(words) + AROUND_WORDS_PX), y: leaves.y }
  const label = labelAt(leaves.x + direction * 7, leaves.y, direction === 1 ? 'start' : 'end', words)
  return { ...common(passage, space), points: [leaves, open], end: 'open', label }
}

function common({ flight }: Passage, { steps }: ArrowSpace, end?: PassageEnd) {
  return {
    kind: 'arrow',
    message: flight.sent.message,
    topic: topicOf(flight.sent.name),
    isCopy: end?.isCopy ?? false,
    isLate: end?.isLate ?? false,
    hint: messageHint(flight, steps),
  } as const
}

function leavingPoint({ flight: { sent, sentAt } }: Passage, { lanes, yOf }: ArrowSpace): Point {
  return { x: lanes.xPx(sent.from) + lanes.direction(sent.from, sent.to) * LIFELINE_EDGE_PX, y: yOf(sentAt) }
}

function labelAt(x: number, y: number, anchor: ArrowLabel['anchor'], words: ArrowWords): ArrowLabel {
  return { x, y, anchor, ...words }
}

function topicOf(name: MessageName): Topic {
  if (name === 'heartbeat') return 'heartbeat'
  if (name.startsWith('requestVote') || name.startsWith('preVote')) return 'vote'
  if (name === 'timeoutNow' || name === 'removed') return 'vote'
  return name.startsWith('appendEntries') ? 'append' : 'birth'
}
