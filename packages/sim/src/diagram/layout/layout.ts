import { readableNumber } from '../readableNumber.ts'
import type { Story } from '../story.ts'
import { excerptOf, type ExcerptOptions } from '../telling/excerpt.ts'
import type { Scene } from '../telling/scene.ts'
import { arrowsOf } from './arrows.ts'
import { Lanes } from './lanes.ts'
import { lifelinesOf } from './lifelines.ts'
import { nodeShape } from './nodeShape.ts'
import { passagesOf } from './passage.ts'
import { rowsOf, type Row } from './row.ts'
import type { Shape } from './shape.ts'
import { stacked, type Stack } from './stack.ts'
import { wideShape } from './wideShape.ts'

/** A story as shapes: everything that is drawn, and where. */
export interface Layout {
  readonly lanes: Lanes
  readonly heightPx: number
  readonly shapes: readonly Shape[]
  /** How many steps are not shown. */
  readonly leftOut: number
}

/** Lays a story out. The same story always gives the same layout. Expects one that `assertStory` let pass. */
export function layoutOf(story: Story, options: ExcerptOptions = {}): Layout {
  const { scenes, flights, leftOut } = excerptOf(story, options)
  const lanes = new Lanes(story.nodes)
  const passages = passagesOf(scenes, flights)
  const departureOf = (message: number) => passages.get(message)?.departure ?? 'arrow'
  const stack = stacked(rowsOf(scenes, { lanes, flights, departureOf }), lanes, passages)
  const yOf = heights(stack, story.steps.length)
  const arrows = [...passages.values()].flatMap((passage) => arrowsOf(passage, { lanes, yOf, steps: story.steps }))
  const lifelines = lifelinesOf(story, lanes, yOf, stack.heightPx)
  const rest = stack.rows.flatMap(({ row, y }) => rowShapes(row, y, lanes))
  return { lanes, heightPx: stack.heightPx, leftOut, shapes: [...lifelines, ...timesOf(stack), ...rest, ...arrows] }
}

function rowShapes(row: Row, y: number, lanes: Lanes): Shape[] {
  if (row.kind === 'wide') return [wideShape(row.scene, lanes, y)]
  return row.scenes.flatMap(({ step }) => {
    const isOfNode = (step.kind === 'role' || step.kind === 'happened') && step.node !== undefined
    return isOfNode ? [nodeShape(step, step.node, lanes, y)] : []
  })
}

/** A time stands where a new instant begins. */
function timesOf({ rows }: Stack): Shape[] {
  let lastMs: number | undefined
  return rows.flatMap(({ row: { atMs }, y }): Shape[] => {
    if (atMs === undefined || atMs === lastMs) return []
    lastMs = atMs
    return [{ kind: 'time', y, text: readableNumber(atMs) }]
  })
}

/** The height at which each step stands, be it within something folded or left out. */
function heights({ rows }: Stack, steps: number): (place: number) => number {
  const ys = new Float64Array(steps)
  for (const { row, y } of rows) {
    for (const scene of row.kind === 'wide' ? [row.scene] : row.scenes) {
      const [first, last] = placesOf(scene)
      ys.fill(y, first, last + 1)
    }
  }
  return (place) => ys[place] ?? 0
}

function placesOf(scene: Scene): readonly [first: number, last: number] {
  if (scene.kind === 'step') return [scene.place, scene.place]
  return scene.kind === 'broken' ? [0, -1] : [scene.firstPlace, scene.lastPlace]
}
