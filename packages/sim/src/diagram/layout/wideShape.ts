import { readableNumber } from '../readableNumber.ts'
import type { HeartbeatsScene, LeftOutScene, Scene } from '../telling/scene.ts'
import type { Lanes } from './lanes.ts'
import type { BandShape, BrokenShape, FoldShape } from './shape.ts'
import { wrapped } from './textMeasure.ts'

/** Font sizes across all lanes, and the heights of their lines. */
export const BAND_PX = 12
export const BAND_LINE_PX = 16
export const PROMISE_PX = 16
export const PROMISE_LINE_PX = 22
export const DETAIL_PX = 13
export const DETAIL_LINE_PX = 18
/** Above the promise, where the band says what it is. */
export const BROKEN_HEAD_PX = 22
const FRAME_Y_PX = 10
const BROKEN_FRAME_Y_PX = 24
const FRAME_X_PX = 48
const MOST_LINES = 12
const FOLD_HEIGHT_PX = 22

/** What is drawn across all lanes. */
export type WideShape = BandShape | BrokenShape | FoldShape

/** The shape of a scene that goes across all lanes, with its middle at `y`. */
export function wideShape(scene: Scene, lanes: Lanes, y: number): WideShape {
  const room = lanes.rightPx - lanes.leftPx - FRAME_X_PX
  switch (scene.kind) {
    case 'heartbeats':
      return { kind: 'fold', y, text: heartbeatWords(scene), isGap: false }
    case 'leftOut':
      return { kind: 'fold', y, text: leftOutWords(scene), isGap: true }
    case 'broken': {
      const promise = wrapped(scene.promise, room, PROMISE_PX, MOST_LINES)
      const detail = wrapped(scene.detail, room, DETAIL_PX, MOST_LINES)
      const linesPx = promise.length * PROMISE_LINE_PX + detail.length * DETAIL_LINE_PX
      return { kind: 'broken', y, height: BROKEN_HEAD_PX + linesPx + BROKEN_FRAME_Y_PX, promise, detail }
    }
    case 'step': {
      const text = 'text' in scene.step ? scene.step.text : ''
      const tone = scene.step.kind === 'happened' ? scene.step.tone : 'role'
      const lines = wrapped(text, room, BAND_PX, MOST_LINES)
      return { kind: 'band', y, height: lines.length * BAND_LINE_PX + FRAME_Y_PX, lines, tone, hint: text }
    }
  }
}

/** The height of a wide shape, in pixels. */
export function wideShapeHeight(shape: WideShape): number {
  return shape.kind === 'fold' ? FOLD_HEIGHT_PX : shape.height
}

/** A gap in words: `12 steps left out`. */
export function leftOutWords({ steps }: LeftOutScene): string {
  return `${readableNumber(steps)} ${steps === 1 ? 'step' : 'steps'} left out`
}

/** A folded stretch in words: `12 heartbeats from n1, 340 ms, 3 of them lost`. */
export function heartbeatWords({ heartbeats, from, lastedMs, lost }: HeartbeatsScene): string {
  const lasted = `${readableNumber(lastedMs)} ms`
  if (heartbeats === 0) return `answers to heartbeats, ${lasted}`
  const what = `${heartbeats} ${heartbeats === 1 ? 'heartbeat' : 'heartbeats'} from ${from.join(' and ')}, ${lasted}`
  return lost === 0 ? what : `${what}, ${lost} of them lost`
}
