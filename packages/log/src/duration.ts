/** What Node's timers take, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1

/** @throws RangeError naming the option and its value, unless it is a number of milliseconds that a timer can wait. */
export function assertDuration(option: string, value: number): void {
  if (value > 0 && value <= LONGEST_MS) return
  throw new RangeError(`${option} is ${String(value)}; it must be above 0 and at most ${LONGEST_MS}, in milliseconds`)
}
