import type { SimRandom } from '../random.ts'
import type { Machine, MachineFactory } from '../world/machine.ts'
import type { PlannedRead } from './readWithin.ts'

/** How an operation ended for the client that began it. Times are in milliseconds of the world. */
export type OperationEnd =
  | { readonly type: 'done'; readonly result: unknown; readonly returnMs: number }
  /** Certainly not done. */
  | { readonly type: 'notDone'; readonly returnMs: number }
  /** Perhaps done, perhaps later, perhaps never. */
  | { readonly type: 'unknown' }

/** One operation that a client is about to begin. */
export interface PlannedOperation {
  /** The command that does it. */
  readonly data: Uint8Array
  /** It reads, and needs no command for that. */
  readonly read?: PlannedRead | undefined
  began(callMs: number): void
  ended(end: OperationEnd): void
}

/** What the clients of a world do, and the state machine that they do it to. */
export interface Workload {
  readonly machine: MachineFactory
  /** The next operation of a client. Clients are numbered from 0, each has one operation under way. */
  next(client: number, random: SimRandom): PlannedOperation
  /** A look at the state of a server, which may lag behind. */
  peek?(machine: Machine, atMs: number): void
  /** Commands that come in masses, and whose results nobody awaits; where there are none, clients alone send commands. */
  filler?(random: SimRandom): Uint8Array
  /** All is over, and this is the state in the end. @throws when what clients saw cannot be. */
  check(end: Machine): void
}
