import { readableNumber } from '../readableNumber.ts'
import type { MessageLost, MessageSent, StoryStep } from '../story.ts'
import type { Flight } from '../telling/flight.ts'
import type { Passage, PassageEnd } from './passage.ts'
import type { ArrowLabel } from './shape.ts'
import { fitted, textWidth, wrapped } from './textMeasure.ts'

/** Font sizes of the words on an arrow and of those under it. */
export const ABOVE_PX = 12
export const BELOW_PX = 11
/** From one line under an arrow to the next. */
export const BELOW_LINE_PX = 13

const LINES_BELOW = 2

/** What stands at one end of an arrow. */
export type ArrowWords = Pick<ArrowLabel, 'above' | 'below'>

/** How wide the words are, in pixels. */
export function wordsWidth({ above, below }: ArrowWords): number {
  return Math.max(textWidth(above, ABOVE_PX), ...below.map((line) => textWidth(line, BELOW_PX)))
}

/** What stands where a message arrives or is lost. */
export function endWords({ flight: { sent } }: Passage, end: PassageEnd, widthPx: number): ArrowWords {
  const { step, isCopy, isLate } = end
  if (step.kind === 'lost') return addressed(sent, lossWords(step), widthPx)
  const sentAt = `sent at ${readableNumber(sent.atMs)} ms`
  if (isCopy) return inWords(sent, '', `a copy, ${sentAt}`, widthPx)
  return inWords(sent, '', isLate ? sentAt : undefined, widthPx)
}

/** Why a message never arrived: `lost: the link is cut`, or the reason alone when it says as much. */
export function lossWords({ why }: MessageLost): string {
  return why.startsWith('lost') ? why : `lost: ${why}`
}

/** What stands where a message leaves whose arrival is far off. */
export function stubWords({ flight: { sent, endsAt }, ends: [next] }: Passage, widthPx: number): ArrowWords {
  if (next === undefined) {
    return addressed(sent, endsAt.length === 0 ? 'still under way' : 'arrives later, not shown', widthPx)
  }
  const verb = next.step.kind === 'lost' ? 'lost' : next.isCopy ? 'a copy arrives' : 'arrives'
  return addressed(sent, `${verb} at ${readableNumber(next.step.atMs)} ms`, widthPx)
}

/** Everything about a message, for whoever points at it. */
export function messageHint({ sent, endsAt }: Flight, steps: readonly StoryStep[]): string {
  const fates = endsAt.map((place, number) => {
    const step = steps[place]
    const at = `at ${readableNumber(step?.atMs ?? 0)} ms`
    if (step?.kind === 'lost') return `lost ${at}: ${step.why}`
    const copy = step?.kind === 'received' ? step.copy : undefined
    if (copy === undefined && number === 0) return `received ${at}`
    return `${copy === undefined ? 'a copy' : `copy ${copy}`} received ${at}`
  })
  const fate = fates.length === 0 ? ['neither received nor lost'] : fates
  return [`${sent.from} → ${sent.to}  ${sent.text}`, `sent at ${readableNumber(sent.atMs)} ms`, ...fate].join('\n')
}

/** The message with whom it is for, which the end of a broken arrow does not show. */
function addressed(sent: MessageSent, remark: string, widthPx: number): ArrowWords {
  return inWords(sent, ` → ${sent.to}`, remark, widthPx)
}

/** The whole message above the line if it fits; else its name, and below what it says. A remark has the last line. */
function inWords({ name, text }: MessageSent, suffix: string, remark: string | undefined, widthPx: number): ArrowWords {
  const remarks = remark === undefined ? [] : [fitted(remark, widthPx, BELOW_PX)]
  if (textWidth(text + suffix, ABOVE_PX) <= widthPx) return { above: text + suffix, below: remarks }
  const rest = text.startsWith(name) ? text.slice(name.length).trim() : text
  const below = [...wrapped(rest, widthPx, BELOW_PX, LINES_BELOW - remarks.length), ...remarks]
  return { above: fitted(name, widthPx - textWidth(suffix, ABOVE_PX), ABOVE_PX) + suffix, below }
}
