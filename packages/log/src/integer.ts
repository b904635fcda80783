/** @throws RangeError naming the option and its value, unless it is an integer of at least `least`. */
export function assertInteger(option: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return
  throw new RangeError(`${option} is ${String(value)}; it must be an integer of at least ${least}`)
}
