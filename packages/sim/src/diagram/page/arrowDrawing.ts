import { BELOW_LINE_PX } from '../layout/arrowWords.ts'
import type { ArrowShape, Point } from '../layout/shape.ts'
import { element, type Markup } from './markup.ts'

const HEAD_LENGTH_PX = 9
const HEAD_WIDTH_PX = 4.2
const CROSS_PX = 5
const BEND_PX = 10
const DOT_PX = 2.8

/** The line of an arrow, with what is at its ends. */
export function drawnArrow(arrow: ArrowShape): Markup {
  const path = pathOf(arrow.points)
  const tip = arrow.points.at(-1)
  const start = arrow.points[0]
  return element(
    'g',
    { class: `arrow ${classOf(arrow)}`, 'data-message': String(arrow.message), 'data-hint': arrow.hint },
    [
      element('path', { class: 'reach', d: path }),
      element('path', { class: 'line', d: path }),
      ...(start === undefined || arrow.isLate ? [] : [element('circle', { cx: start.x, cy: start.y, r: DOT_PX })]),
      ...(tip === undefined ? [] : [drawnEnd(arrow, tip)]),
    ],
  )
}

/** The words of an arrow, which are painted over all lines. */
export function drawnLabel(arrow: ArrowShape): Markup {
  const { x, y, anchor, above, below } = arrow.label
  return element(
    'g',
    { class: `label ${classOf(arrow)}`, 'data-message': String(arrow.message), 'data-hint': arrow.hint },
    [
      element('text', { class: 'above', x, y: y - 6, 'text-anchor': anchor }, above),
      ...below.map((line, number) =>
        element('text', { class: 'below', x, y: y + 12 + number * BELOW_LINE_PX, 'text-anchor': anchor }, line),
      ),
    ],
  )
}

function classOf({ topic, isCopy, isLate, end }: ArrowShape): string {
  return [topic, ...(isCopy ? ['copy'] : []), ...(isLate ? ['late'] : []), ...(end === 'cross' ? ['lost'] : [])].join(
    ' ',
  )
}

function drawnEnd({ end, points }: ArrowShape, { x, y }: Point): Markup {
  const before = points.at(-2)
  const back = (before?.x ?? x) < x ? -1 : 1
  if (end === 'cross') {
    const [left, right, top, bottom] = [x - CROSS_PX, x + CROSS_PX, y - CROSS_PX, y + CROSS_PX].map(tenth)
    return element('path', {
      class: 'cross',
      d: `M${left} ${top}L${right} ${bottom}M${left} ${bottom}L${right} ${top}`,
    })
  }
  if (end === 'open') return element('circle', { class: 'open', cx: x, cy: y, r: DOT_PX })
  const base = tenth(x + back * HEAD_LENGTH_PX)
  return element('path', {
    class: 'head',
    d: `M${tenth(x)} ${tenth(y)}L${base} ${tenth(y - HEAD_WIDTH_PX)}L${base} ${tenth(y + HEAD_WIDTH_PX)}Z`,
  })
}

/** Through the points, with the corner between two stretches rounded. */
function pathOf(points: readonly Point[]): string {
  return points
    .map((point, number) => {
      const before = points[number - 1]
      const after = points[number + 1]
      if (before === undefined) return `M${pair(point)}`
      if (after === undefined) return `L${pair(point)}`
      return `L${pair(towards(point, before))}Q${pair(point)} ${pair(towards(point, after))}`
    })
    .join('')
}

/** The point a little on the way from one to the other, at most half of it. */
function towards(from: Point, to: Point): Point {
  const distance = Math.hypot(to.x - from.x, to.y - from.y)
  const part = distance === 0 ? 0 : Math.min(BEND_PX / distance, 0.5)
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
}

function pair({ x, y }: Point): string {
  return `${tenth(x)} ${tenth(y)}`
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
