import type { Done } from './filePort.ts'

/** Takes the steps one after the other, until one fails or all are done. */
export function inOrder(steps: readonly ((done: Done) => void)[], done: Done, next = 0): void {
  const step = steps[next]
  if (step === undefined) return done(undefined)
  step((error) => {
    if (error === undefined) inOrder(steps, done, next + 1)
    else done(error)
  })
}
