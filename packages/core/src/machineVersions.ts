/**
 * Which versions of a group's state machine the code of a server can run. A log goes over from one to the next at one of its
 * entries, so that every server applies the same entries by the same code.
 */
export interface MachineVersions {
  /** The oldest: a whole number of at least 1. */
  readonly oldest: number
  /** The newest, which is what the code was written for. */
  readonly newest: number
}

/** The version of a log whose first entry names none, and of a state machine that does not speak of versions. */
export const FIRST_MACHINE_VERSION = 1

export const FIRST_VERSION_ALONE: MachineVersions = { oldest: FIRST_MACHINE_VERSION, newest: FIRST_MACHINE_VERSION }

export function canRun({ oldest, newest }: MachineVersions, version: number): boolean {
  return oldest <= version && version <= newest
}

/** @throws RangeError for what are no versions. */
export function assertMachineVersions({ oldest, newest }: MachineVersions): void {
  assertMachineVersion('the newest version of the state machine', newest)
  assertMachineVersion('the oldest version of the state machine', oldest)
  if (oldest > newest) {
    throw new RangeError(
      `the state machine runs versions from ${oldest} to ${newest}: the oldest must not be above the newest`,
    )
  }
}

/** Versions have so much room in what is written. */
export const HIGHEST_MACHINE_VERSION = 0xffff_ffff

/** @throws RangeError naming `what`. */
export function assertMachineVersion(what: string, version: number): void {
  if (Number.isInteger(version) && version >= FIRST_MACHINE_VERSION && version <= HIGHEST_MACHINE_VERSION) return
  throw new RangeError(
    `${what} is ${String(version)}; it must be a whole number from ${FIRST_MACHINE_VERSION} to ${HIGHEST_MACHINE_VERSION}`,
  )
}
