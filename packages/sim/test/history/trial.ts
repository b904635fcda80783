import type { Operation } from '../../src/history/operation.ts'

/** What an operation makes of a state; undefined where it cannot have had its result. */
export type Deed<State> = (state: State, operation: Operation) => State | undefined

/** Whether a history is linearizable, by trying every order of every selection: for a handful of operations. */
export function isLinearizableByTrial<State>(
  history: readonly Operation[],
  initial: State,
  deed: Deed<State>,
): boolean {
  const certain = history.filter(({ status }) => status === 'ok')
  const doubtful = history.filter(({ status, op }) => status === 'info' && op !== 'read')
  return selectionsOf(doubtful).some((selection) =>
    ordersOf([...certain, ...selection]).some((order) => agreesWithTimes(order) && isPossible(order, initial, deed)),
  )
}

function selectionsOf<T>(list: readonly T[]): T[][] {
  return list.reduce<T[][]>((all, item) => [...all, ...all.map((some) => [...some, item])], [[]])
}

function ordersOf<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]]
  return list.flatMap((item, place) =>
    ordersOf(list.filter((_, other) => other !== place)).map((others) => [item, ...others]),
  )
}

function agreesWithTimes(order: readonly Operation[]): boolean {
  return order.every((later, place) =>
    order.slice(0, place).every((earlier) => {
      const isStale = earlier.op === 'read' && earlier.isStaleAllowed === true
      return isStale || later.status !== 'ok' || later.return >= earlier.call
    }),
  )
}

function isPossible<State>(order: readonly Operation[], initial: State, deed: Deed<State>): boolean {
  let state: State | undefined = initial
  for (const operation of order) {
    state = deed(state, operation)
    if (state === undefined) return false
  }
  return true
}
