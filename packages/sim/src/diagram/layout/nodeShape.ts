import type { Happening, RoleTaken } from '../story.ts'
import type { Lanes } from './lanes.ts'
import type { BadgeShape, NoteShape } from './shape.ts'
import { textWidth, wrapped } from './textMeasure.ts'

/** The font size of notes and badges, and the height of one of their lines. */
export const NOTE_PX = 11.5
export const NOTE_LINE_PX = 15
const NOTE_LINES = 4
/** What frames the words at left and right together, and at top and bottom together. */
const FRAME_X_PX = 20
const FRAME_Y_PX = 9
/** Between the notes of neighbours. */
const BETWEEN_NOTES_PX = 12
const BADGE_HEIGHT_PX = 21

/** What stands on the lifeline of a node at `y`: a badge for a role, a note for anything else. */
export function nodeShape(step: Happening | RoleTaken, node: string, lanes: Lanes, y: number): BadgeShape | NoteShape {
  const x = lanes.xPx(node)
  if (step.kind === 'role') {
    const text = step.role === 'down' ? 'down' : `${step.role} · term ${step.term}`
    const hint = `${node} is ${step.role}, term ${step.term}`
    return { kind: 'badge', x, y, width: textWidth(text, NOTE_PX) + FRAME_X_PX, role: step.role, text, hint }
  }
  const lines = noteLines(step, lanes)
  const width = Math.max(...lines.map((line) => textWidth(line, NOTE_PX))) + FRAME_X_PX
  const hint = `${node}: ${step.text}`
  return { kind: 'note', x, y, width, height: noteHeight(lines), lines, tone: step.tone, hint }
}

/** The height of `nodeShape`, in pixels. */
export function nodeShapeHeight(step: Happening | RoleTaken, lanes: Lanes): number {
  return step.kind === 'role' ? BADGE_HEIGHT_PX : noteHeight(noteLines(step, lanes))
}

function noteLines({ text }: Happening, lanes: Lanes): string[] {
  const lines = wrapped(text, lanes.pitchPx - BETWEEN_NOTES_PX - FRAME_X_PX, NOTE_PX, NOTE_LINES)
  return lines.length === 0 ? [''] : lines
}

function noteHeight(lines: readonly string[]): number {
  return lines.length * NOTE_LINE_PX + FRAME_Y_PX
}
