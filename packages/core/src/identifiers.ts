/** A period of at most one leader, counted from 1; 0 is before the first (§5.1). */
export type Term = number

/** A place in the log, counted from 1; 0 is before the first entry (§5.3). */
export type Index = number

/** A process that takes part: letters, digits, `-` and `_`, 1 to 64 characters. */
export type NodeId = string

/** A node's member of one group. It carries the id of its node. */
export type ServerId = NodeId

/** The name of a group, the same on all its nodes: letters, digits, `-` and `_`, 1 to 64 characters. */
export type GroupId = string

/** The UUID that a group received at its bootstrap: two groups of one name are still two groups. */
export type GroupUuid = string

/** The UUID that a store received when it was made: a wiped disk comes back as another store. */
export type StoreIdentity = string

/** Where an entry stands: `term` is that of the leader who appended it. Never two loose numbers. */
export interface LogPosition {
  readonly index: Index
  readonly term: Term
}

/** The position before the first entry of every log. */
export const LOG_START: LogPosition = { index: 0, term: 0 }

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** Names become tokens of subjects and names of folders, so they are kept plain. `_` alone is reserved. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && name !== '_'
}

/** @throws TypeError naming `what` when `name` is not a plain name. */
export function assertName(what: string, name: unknown): asserts name is string {
  if (!isName(name)) {
    throw new TypeError(
      `${what} ${JSON.stringify(name)} is not a name: use 1 to 64 letters, digits, "-" or "_" (and not "_" alone)`,
    )
  }
}
