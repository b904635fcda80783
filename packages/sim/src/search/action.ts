import type { Place } from './places.ts'

/** What can happen next in a world. `operand`: an envelope's number, a command's, or how many writes a crash left. */
export const ACTION_TYPES = ['deliver', 'duplicate', 'drop', 'timeout', 'tick', 'append', 'flush', 'crash'] as const

export type ActionType = (typeof ACTION_TYPES)[number]

/** An action as one number below 2^32: so a path is kept for every state. */
export type ActionCode = number

export interface Action {
  readonly type: ActionType
  readonly place: Place
  readonly operand: number
}

const PLACES = 4
const HEADS = PLACES * ACTION_TYPES.length

export function actionCode(type: ActionType, place: Place, operand: number = 0): ActionCode {
  return operand * HEADS + place * ACTION_TYPES.length + ACTION_TYPES.indexOf(type)
}

export function actionOf(code: ActionCode): Action {
  const head = code % HEADS
  return {
    type: ACTION_TYPES[head % ACTION_TYPES.length]!,
    place: Math.floor(head / ACTION_TYPES.length),
    operand: Math.floor(code / HEADS),
  }
}
