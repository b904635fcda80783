import type { CommandEntry } from '@quorate/core'

/** A state machine as the simulator runs it: one for each process, fed with the committed commands in order. */
export interface Machine {
  /** Takes the next command, by the version that is in force. What comes back must be the same on every server. */
  apply(entry: CommandEntry, machineVersion: number): unknown
  /** What stands for its whole state: servers that have applied the same must say the same. */
  digest(): string
  /** Its whole state. Without it and `restore` the log is kept whole. */
  snapshot?(): Uint8Array
  /** Puts what another's `snapshot` gave in the place of all state. */
  restore?(bytes: Uint8Array): void
}

export type MachineFactory = () => Machine
