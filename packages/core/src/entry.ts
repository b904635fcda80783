import type { Configuration } from './configuration.ts'
import type { Index, Term } from './identifiers.ts'

interface EntryBase {
  readonly index: Index
  /** The term of the leader who appended it. */
  readonly term: Term
  /** Milliseconds since the epoch, assigned by the leader; never falls along the log. */
  readonly time: number
  /**
   * The entry as it stands on the wire and on disk. `@quorate/wire` fills it in when it first encodes or decodes the
   * entry; followers and disk get these same bytes from then on.
   */
  encoded?: Uint8Array
}

/** Makes an append happen once, however often it is tried (thesis §6.3). */
export interface Idempotency {
  /** What tells one append from all others: 1 to 128 UTF-16 units. */
  readonly key: string
  /** How long the group remembers it at least, in the time of the log: milliseconds. */
  readonly retainMs: number
}

export const MAX_IDEMPOTENCY_KEY_LENGTH = 128

/** What an application appended. */
export interface CommandEntry extends EntryBase {
  readonly kind: 'command'
  /** Absent where the same command may stand in the log more than once. */
  readonly idempotency?: Idempotency
  /** A NATS-style subject that consumers may filter by. */
  readonly subject?: string
  /** Opaque to Raft. Never changed once it stands here. */
  readonly data: Uint8Array
}

/** What a new leader appends first, so that it can commit what former leaders left (§5.4.2, §8). */
export interface NoOpEntry extends EntryBase {
  readonly kind: 'no-op'
}

/** The members from here on (§6). The first entry of every log is one, written by the bootstrap. */
export interface ConfigurationEntry extends EntryBase {
  readonly kind: 'configuration'
  readonly configuration: Configuration
  /** In the first entry alone: the version of the state machine that the group begins with; absent for 1. */
  readonly machineVersion?: number
}

/** From here on, this entry included, another version of the state machine is in force: all members could run it. */
export interface UpgradeEntry extends EntryBase {
  readonly kind: 'upgrade'
  /** Higher than the one before. */
  readonly machineVersion: number
}

/** One place of the log, immutable. */
export type Entry = CommandEntry | NoOpEntry | ConfigurationEntry | UpgradeEntry

export type EntryKind = Entry['kind']

/** What an application hands in to be appended; the leader makes a `CommandEntry` of it. */
export interface Command {
  readonly subject?: string
  readonly idempotency?: Idempotency
  /**
   * With an idempotency key: what was known to be committed before the first attempt. Who has forgotten keys behind it refuses.
   */
  readonly after?: Index
  readonly data: Uint8Array
}

/** An upper estimate of what an entry adds to a frame beyond its data and subject, in bytes. */
export const ENTRY_OVERHEAD_BYTES = 48

/** What an idempotency key adds beyond its text: its head, how long it is kept, and in a request what it stands behind. */
const IDEMPOTENCY_OVERHEAD_BYTES = 24

/** The size that counts against windows and batches, in bytes: an upper estimate of the encoded size, never changing. */
export function entryBytes(entry: Entry): number {
  switch (entry.kind) {
    case 'command':
      return commandBytes(entry)
    case 'configuration':
      return ENTRY_OVERHEAD_BYTES + 256 * (1 + countOf(entry.configuration))
    case 'no-op':
    case 'upgrade':
      return ENTRY_OVERHEAD_BYTES
  }
}

function countOf({ members, next }: Configuration): number {
  return members.length + (next?.members.length ?? 0)
}

/** As `entryBytes`, for a command that is not appended yet. */
export function commandBytes(command: Command): number {
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const textBytes = 3 * (command.subject?.length ?? 0)
  const { idempotency } = command
  const onceBytes = idempotency === undefined ? 0 : IDEMPOTENCY_OVERHEAD_BYTES + 3 * idempotency.key.length
  return ENTRY_OVERHEAD_BYTES + command.data.length + textBytes + onceBytes
}
