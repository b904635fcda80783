import type { Lanes } from '../layout/lanes.ts'
import type { Layout } from '../layout/layout.ts'
import { NOTE_LINE_PX } from '../layout/nodeShape.ts'
import type { BadgeShape, BandShape, BrokenShape, FoldShape, LifelineShape, NoteShape, Shape } from '../layout/shape.ts'
import { fitted, textWidth } from '../layout/textMeasure.ts'
import { BAND_LINE_PX, BROKEN_HEAD_PX, DETAIL_LINE_PX, PROMISE_LINE_PX } from '../layout/wideShape.ts'
import { drawnArrow, drawnLabel } from './arrowDrawing.ts'
import { element, type Markup } from './markup.ts'

/** From the top of a line of text to its baseline, as a part of the line's height. */
const BASELINE = 0.76
const HEADER_PX = 46
const NODE_PX = 15
const LIFELINE_PX = 10

/** The diagram as one SVG, in pixels. */
export function drawnStory({ lanes, heightPx, shapes }: Layout): Markup {
  const paint = (draw: (shape: Shape) => readonly Markup[]): Markup[] => shapes.flatMap((shape) => [...draw(shape)])
  return svg(lanes.widthPx, heightPx, 'diagram', [
    // What is painted later covers what was before: words stay readable where a line crosses them.
    ...paint((shape) => (shape.kind === 'lifeline' ? [drawnLifeline(shape)] : [])),
    ...paint((shape) => (shape.kind === 'band' ? [drawnBand(shape, lanes)] : [])),
    ...paint((shape) => (shape.kind === 'arrow' ? [drawnArrow(shape)] : [])),
    ...paint((shape) => (shape.kind === 'arrow' ? [drawnLabel(shape)] : [])),
    ...paint((shape) => over(shape, lanes)),
  ])
}

/** The names of the nodes above their lifelines: an SVG of its own, for it stays in sight. */
export function drawnNodes(lanes: Lanes): Markup {
  const names = lanes.nodes.map((node) => {
    const x = lanes.xPx(node)
    const width = Math.min(lanes.pitchPx - 16, Math.max(88, textWidth(node, NODE_PX) + 32))
    return element('g', { 'data-hint': node }, [
      element('rect', { class: 'node', x: x - width / 2, y: 8, width, height: 30, rx: 8 }),
      element('text', { class: 'node-name', x, y: 28 }, fitted(node, width - 16, NODE_PX)),
    ])
  })
  const unit = element('text', { class: 'time', x: lanes.leftPx - 18, y: 28 }, 'ms')
  return svg(lanes.widthPx, HEADER_PX, 'nodes', [unit, ...names])
}

function svg(width: number, height: number, name: string, content: readonly Markup[]): Markup {
  return element(
    'svg',
    { class: name, width, height, viewBox: `0 0 ${Math.round(width)} ${Math.ceil(height)}` },
    content,
  )
}

function over(shape: Shape, lanes: Lanes): Markup[] {
  switch (shape.kind) {
    case 'time':
      return [element('text', { class: 'time', x: lanes.leftPx - 18, y: shape.y + 4 }, shape.text)]
    case 'badge':
      return [drawnBadge(shape)]
    case 'note':
      return [drawnNote(shape)]
    case 'band':
      return [drawnBandText(shape, lanes)]
    case 'broken':
      return [drawnBroken(shape, lanes)]
    case 'fold':
      return [drawnFold(shape, lanes)]
    case 'lifeline':
    case 'arrow':
      return []
  }
}

function drawnLifeline({ x, fromY, toY, role }: LifelineShape): Markup {
  const runs = role === 'follower' || role === 'candidate' || role === 'leader'
  if (!runs) return element('line', { class: `absent ${role ?? 'unborn'}`, x1: x, x2: x, y1: fromY, y2: toY })
  const box = { x: x - LIFELINE_PX / 2, y: fromY, width: LIFELINE_PX, height: toY - fromY }
  return element('rect', { class: `lifeline ${role}`, ...box })
}

function drawnBadge({ x, y, width, role, text, hint }: BadgeShape): Markup {
  return element('g', { class: `badge ${role}`, 'data-hint': hint }, [
    element('rect', { x: x - width / 2, y: y - 10.5, width, height: 21, rx: 10.5 }),
    element('text', { x, y: y + 4 }, text),
  ])
}

function drawnNote({ x, y, width, height, lines, tone, hint }: NoteShape): Markup {
  const top = y - height / 2
  const first = y - (lines.length * NOTE_LINE_PX) / 2
  return element('g', { class: `note ${tone}`, 'data-hint': hint }, [
    element('rect', { x: x - width / 2, y: top, width, height, rx: 5 }),
    ...linesAt(lines, x, first, NOTE_LINE_PX),
  ])
}

function drawnBand({ y, height, tone }: BandShape, lanes: Lanes): Markup {
  const box = { x: lanes.leftPx, y: y - height / 2, width: lanes.rightPx - lanes.leftPx, height, rx: 5 }
  return element('g', { class: `band ${tone}` }, element('rect', box))
}

/** Apart from its band, for arrows pass between the two. */
function drawnBandText({ y, lines, tone, hint }: BandShape, lanes: Lanes): Markup {
  const first = y - (lines.length * BAND_LINE_PX) / 2
  const middle = (lanes.leftPx + lanes.rightPx) / 2
  return element('g', { class: `band ${tone}`, 'data-hint': hint }, linesAt(lines, middle, first, BAND_LINE_PX))
}

function drawnFold({ y, text, isGap }: FoldShape, lanes: Lanes): Markup {
  const middle = (lanes.leftPx + lanes.rightPx) / 2
  const width = textWidth(text, 11.5) + 26
  return element('g', { class: isGap ? 'fold gap' : 'fold' }, [
    element('line', { x1: lanes.leftPx, x2: lanes.rightPx, y1: y, y2: y }),
    element('rect', { x: middle - width / 2, y: y - 10, width, height: 20, rx: 10 }),
    element('text', { x: middle, y: y + 4 }, text),
  ])
}

function drawnBroken({ y, height, promise, detail }: BrokenShape, lanes: Lanes): Markup {
  const top = y - height / 2
  const middle = (lanes.leftPx + lanes.rightPx) / 2
  const promiseTop = top + 8 + BROKEN_HEAD_PX
  const detailTop = promiseTop + promise.length * PROMISE_LINE_PX + 2
  return element('g', { class: 'break' }, [
    element('rect', { x: 8, y: top, width: lanes.widthPx - 16, height, rx: 8 }),
    element('text', { class: 'what', x: middle, y: top + 24 }, 'BROKEN HERE'),
    element('g', { class: 'promise' }, linesAt(promise, middle, promiseTop, PROMISE_LINE_PX)),
    element('g', { class: 'detail' }, linesAt(detail, middle, detailTop, DETAIL_LINE_PX)),
  ])
}

function linesAt(lines: readonly string[], x: number, top: number, linePx: number): Markup[] {
  return lines.map((line, number) => element('text', { x, y: top + (number + BASELINE) * linePx }, line))
}
