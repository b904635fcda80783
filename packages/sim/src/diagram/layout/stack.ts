import type { StepScene } from '../telling/scene.ts'
import { BELOW_LINE_PX, endWords, stubWords, type ArrowWords } from './arrowWords.ts'
import { arrivalRoom, shortRoom } from './arrows.ts'
import type { Lanes } from './lanes.ts'
import { nodeShapeHeight } from './nodeShape.ts'
import type { Passage } from './passage.ts'
import type { Row } from './row.ts'
import { wideShape, wideShapeHeight } from './wideShape.ts'

/** Space above a row of the same instant as the one before, and above the first of an instant. */
const SAME_INSTANT_PX = 3
const NEW_INSTANT_PX = 9
const AROUND_WIDE_PX = 5
const FIRST_PX = 10
/** What words on an arrow take above its line. */
const ABOVE_LINE_PX = 17
/** What a line takes, with or without words. */
const LINE_PX = 5

/** Rows with the heights of their middles, in pixels from the top. */
export interface Stack {
  readonly rows: readonly { readonly row: Row; readonly y: number }[]
  readonly heightPx: number
}

/** Puts the rows one below the other. */
export function stacked(rows: readonly Row[], lanes: Lanes, passages: ReadonlyMap<number, Passage>): Stack {
  let bottom = FIRST_PX
  let last: Row | undefined
  const placed = rows.map((row) => {
    const [above, below] = extentOf(row, lanes, passages)
    const y = bottom + (last === undefined ? 0 : spaceBetween(last, row)) + above
    bottom = y + below
    last = row
    return { row, y }
  })
  return { rows: placed, heightPx: bottom + FIRST_PX }
}

function spaceBetween(last: Row, row: Row): number {
  const space = last.atMs !== row.atMs ? NEW_INSTANT_PX : SAME_INSTANT_PX
  return last.kind === 'wide' || row.kind === 'wide' ? Math.max(space, AROUND_WIDE_PX) : space
}

/** What a row takes above and below its middle. */
function extentOf(row: Row, lanes: Lanes, passages: ReadonlyMap<number, Passage>): readonly [number, number] {
  if (row.kind === 'wide') return halves(wideShapeHeight(wideShape(row.scene, lanes, 0)))
  if (row.kind === 'notes') return halves(Math.max(...row.scenes.map((scene) => noteHeight(scene, lanes))))
  const words = row.scenes.flatMap((scene) => wordsIn(scene, lanes, passages))
  const below = Math.max(0, ...words.map((one) => one.below.length))
  return [words.length === 0 ? LINE_PX : ABOVE_LINE_PX, LINE_PX + below * BELOW_LINE_PX]
}

function halves(height: number): readonly [number, number] {
  return [height / 2, height / 2]
}

function noteHeight({ step }: StepScene, lanes: Lanes): number {
  return step.kind === 'role' || step.kind === 'happened' ? nodeShapeHeight(step, lanes) : 0
}

/** The words that stand on an arrow where the step is. */
function wordsIn({ place, step }: StepScene, lanes: Lanes, passages: ReadonlyMap<number, Passage>): ArrowWords[] {
  const passage = 'message' in step ? passages.get(step.message) : undefined
  if (passage === undefined) return []
  if (step.kind === 'sent') return passage.departure === 'stub' ? [stubWords(passage, shortRoom(lanes))] : []
  const end = passage.ends.find((one) => one.place === place)
  return end === undefined ? [] : [endWords(passage, end, step.kind === 'lost' ? shortRoom(lanes) : arrivalRoom(lanes))]
}
