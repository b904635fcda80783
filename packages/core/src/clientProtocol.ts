import type { Command, Entry } from './entry.ts'
import type { Index, LogPosition, ServerId, Term } from './identifiers.ts'

/** Append these commands, one behind the other. */
export interface AppendRequest {
  readonly type: 'append'
  /**
   * Append only while leading in this term. A request that is overtaken by an election is thus refused rather than
   * appended late, and an entry whose answer was lost can only stand in this term.
   */
  readonly term: Term
  readonly commands: readonly Command[]
}

/** Send committed entries behind `after`. */
export interface ReadRequest {
  readonly type: 'read'
  readonly after: Index
  readonly maxBytes: number
}

/** How far must be applied to see all that is committed now (thesis §6.4)? */
export interface ReadIndexRequest {
  readonly type: 'readIndex'
  /** A lease of the leader's may answer, where its settings allow that. */
  readonly mayLease: boolean
}

/** Who leads, in which term? */
export interface StatusRequest {
  readonly type: 'status'
}

/** What any process may ask of a group's leader. */
export type ClientRequest = AppendRequest | ReadRequest | ReadIndexRequest | StatusRequest

/** Committed and applied. */
export interface AppendedReply {
  readonly type: 'appended'
  readonly firstIndex: Index
  readonly term: Term
  /**
   * Where each command stands, if they have idempotency keys: what was appended before stands where it did then. Absent: one
   * behind the other from `firstIndex` on.
   */
  readonly places?: readonly LogPosition[]
}

/** Proven not to have been appended: the idempotency key stands for another command. */
export interface KeyReusedReply {
  readonly type: 'keyReused'
  readonly key: string
}

/**
 * Not appended by this request, and what became of earlier attempts can no longer be told: keys of entries behind `after` are
 * forgotten.
 */
export interface KeyForgottenReply {
  readonly type: 'keyForgotten'
  readonly key: string
  readonly after: Index
}

/** Proven not to have been appended: whoever was asked does not lead, or not in the term that was named. */
export interface NotLeaderReply {
  readonly type: 'notLeader'
  /** The answering server's own term. */
  readonly term: Term
  readonly leaderId: ServerId | undefined
}

/** Proven not to have been appended, for a reason of its own. */
export interface RefusedReply {
  readonly type: 'refused'
  readonly reason: 'tooLarge' | 'closed' | 'malformed'
  readonly message: string
}

/** Proven not to have been appended: the leader has as much in hand as it takes. Try again later. */
export interface BusyReply {
  readonly type: 'busy'
  /** Of appends that are not committed and applied yet. */
  readonly pendingBytes: number
  readonly maxPendingBytes: number
}

/** Appended, but the server can no longer say whether all of the commands were committed. */
export interface UnknownReply {
  readonly type: 'unknown'
  readonly term: Term
}

/** Committed entries behind `after`, without a hole; none when there are no more. */
export interface EntriesReply {
  readonly type: 'entries'
  readonly entries: readonly Entry[]
  readonly commitIndex: Index
  readonly term: Term
}

/** The entries behind `after` are no longer in the log: a snapshot stands in their place. */
export interface CompactedReply {
  readonly type: 'compacted'
  /** The first that is there. */
  readonly firstAvailable: Index
}

/** Who has applied the entries up to `index` sees all that was committed when the leader was asked. */
export interface ReadIndexReply {
  readonly type: 'readIndex'
  readonly index: Index
  readonly term: Term
}

export interface StatusReply {
  readonly type: 'status'
  readonly leaderId: ServerId
  readonly term: Term
  readonly commitIndex: Index
}

export type ClientReply =
  | AppendedReply
  | KeyReusedReply
  | KeyForgottenReply
  | NotLeaderReply
  | RefusedReply
  | BusyReply
  | UnknownReply
  | EntriesReply
  | CompactedReply
  | ReadIndexReply
  | StatusReply

/** Nobody listens: the group has no leader now. Proven not to have been appended. */
export interface NoResponder {
  readonly type: 'noResponder'
}

/** The request may or may not have arrived. */
export interface NoAnswer {
  readonly type: 'noAnswer'
  readonly reason: 'timeout' | 'disconnected' | 'closed'
}

/** The request never left this process. Proven not to have been appended. */
export interface NotSent {
  readonly type: 'notSent'
  readonly reason: 'disconnected' | 'tooLarge' | 'closed'
}

/** How a request ended, seen from the process that made it. */
export type ClientOutcome = ClientReply | NoResponder | NoAnswer | NotSent
