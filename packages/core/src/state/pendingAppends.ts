import { commandBytes, type Command } from '../entry.ts'
import type { Index, LogPosition, ServerId, Term } from '../identifiers.ts'

/** Commands that one caller wants appended, and the name it is answered by. */
export interface AppendOrder {
  readonly token: unknown
  /** Only while leading in this term. */
  readonly term: Term
  readonly commands: readonly Command[]
}

/** How an append ended on the server that took it. */
export type AppendOutcome =
  | {
      readonly type: 'appended'
      readonly firstIndex: Index
      readonly term: Term
      /** Where each command stands, if they have idempotency keys. */
      readonly places?: readonly LogPosition[]
    }
  /** Proven not to be in the log: the idempotency key stands for another command. */
  | { readonly type: 'keyReused'; readonly key: string }
  /** Not appended now; whether an earlier attempt was can no longer be told: keys behind `after` are forgotten. */
  | { readonly type: 'keyForgotten'; readonly key: string; readonly after: Index }
  /** Proven not to be in the log. */
  | { readonly type: 'notLeader'; readonly leaderId: ServerId | undefined; readonly term: Term }
  /** Proven not to be in the log: the leader has as much in hand as `maxPendingBytes` allows. */
  | { readonly type: 'busy'; readonly pendingBytes: number; readonly maxPendingBytes: number }
  /** It was in the log of this server, which can no longer say whether all of it was or will be committed. */
  | { readonly type: 'unknown'; readonly term: Term }

/** An append whose entries stand in the log and are not settled. */
export interface PendingAppend {
  readonly token: unknown
  readonly firstIndex: Index
  readonly lastIndex: Index
  readonly term: Term
  /** What its commands count for. */
  readonly bytes: number
  /** Of commands with idempotency keys: where each of them stands. */
  readonly places?: readonly LogPosition[]
}

/** What an append counts for, against what a leader takes in. */
export function orderBytes({ commands }: AppendOrder): number {
  let bytes = 0
  for (const command of commands) bytes += commandBytes(command)
  return bytes
}
