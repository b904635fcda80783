import type { StoryRole, StoryTone } from '../story.ts'

/** Shapes stand by their middle: `y` is that of what has a height. All in pixels. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** What a message is about, which decides its colour. */
export type Topic = 'vote' | 'append' | 'heartbeat' | 'birth'

/** A moment at the left margin. */
export interface TimeShape {
  readonly kind: 'time'
  readonly y: number
  readonly text: string
}

/** A part of a lifeline during which the server held one role; undefined before its first. */
export interface LifelineShape {
  readonly kind: 'lifeline'
  readonly x: number
  readonly fromY: number
  readonly toY: number
  readonly role: StoryRole | undefined
}

/** A role and its term, on the lifeline. */
export interface BadgeShape {
  readonly kind: 'badge'
  readonly x: number
  readonly y: number
  readonly width: number
  readonly role: StoryRole
  readonly text: string
  readonly hint: string
}

/** What happened on a node, on its lifeline. */
export interface NoteShape {
  readonly kind: 'note'
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly lines: readonly string[]
  readonly tone: StoryTone
  readonly hint: string
}

/** What happened to the world, across all lanes. */
export interface BandShape {
  readonly kind: 'band'
  readonly y: number
  readonly height: number
  readonly lines: readonly string[]
  readonly tone: StoryTone
  readonly hint: string
}

/** Something that is not drawn step by step: folded heartbeats, or steps that are left out. */
export interface FoldShape {
  readonly kind: 'fold'
  readonly y: number
  readonly text: string
  readonly isGap: boolean
}

/** The moment of the broken promise, across everything. */
export interface BrokenShape {
  readonly kind: 'broken'
  readonly y: number
  readonly height: number
  readonly promise: readonly string[]
  readonly detail: readonly string[]
}

/** Words beside an arrow: on the line, and in lines under it. */
export interface ArrowLabel {
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'end'
  readonly above: string
  readonly below: readonly string[]
}

/** A message on its way, or one end of it. */
export interface ArrowShape {
  readonly kind: 'arrow'
  readonly message: number
  readonly topic: Topic
  /** Up from the sender to where it ends. */
  readonly points: readonly Point[]
  /** Arrived, lost, or not yet (or not in what is shown) arrived. */
  readonly end: 'head' | 'cross' | 'open'
  readonly isCopy: boolean
  /** Arrived so long after it was sent that its line goes past much else. */
  readonly isLate: boolean
  readonly label: ArrowLabel
  readonly hint: string
}

export type Shape =
  | TimeShape
  | LifelineShape
  | BadgeShape
  | NoteShape
  | BandShape
  | FoldShape
  | BrokenShape
  | ArrowShape
