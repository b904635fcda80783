import type { Entry } from '../entry.ts'
import type { ServerId, Term } from '../identifiers.ts'
import type {
  AppendEntries,
  AppendEntriesAccepted,
  AppendEntriesRejected,
  InstallSnapshot,
  InstallSnapshotAnswered,
  PreVote,
  PreVoteGranted,
  PreVoteRefused,
  RaftMessage,
  Removed,
  RequestVote,
  RequestVoteGranted,
  RequestVoteRefused,
  TimeoutNow,
} from '../messages.ts'
import type { MembershipOrder } from '../state/membershipChange.ts'
import type { AppendOrder } from '../state/pendingAppends.ts'
import type { SnapshotDescription } from '../snapshot.ts'
import type { ReadOrder } from '../state/readRounds.ts'

/** An RPC or its answer has come from another server. The term has been looked at: it is not above ours. */
export type MessageReceived =
  | { readonly type: 'preVote.received'; readonly from: ServerId; readonly message: PreVote }
  | { readonly type: 'preVote.granted'; readonly from: ServerId; readonly message: PreVoteGranted }
  | { readonly type: 'preVote.refused'; readonly from: ServerId; readonly message: PreVoteRefused }
  | { readonly type: 'requestVote.received'; readonly from: ServerId; readonly message: RequestVote }
  | { readonly type: 'requestVote.granted'; readonly from: ServerId; readonly message: RequestVoteGranted }
  | { readonly type: 'requestVote.refused'; readonly from: ServerId; readonly message: RequestVoteRefused }
  | { readonly type: 'appendEntries.received'; readonly from: ServerId; readonly message: AppendEntries }
  | { readonly type: 'installSnapshot.received'; readonly from: ServerId; readonly message: InstallSnapshot }
  | { readonly type: 'timeoutNow.received'; readonly from: ServerId; readonly message: TimeoutNow }
  | { readonly type: 'removed.received'; readonly from: ServerId; readonly message: Removed }
  | FollowerAnswered

export type FollowerAnswered = AppendEntriesAnswered | SnapshotAnswered

export interface SnapshotAnswered {
  readonly type: 'installSnapshot.answered'
  readonly from: ServerId
  readonly message: InstallSnapshotAnswered
}

export type AppendEntriesAnswered =
  | { readonly type: 'appendEntries.accepted'; readonly from: ServerId; readonly message: AppendEntriesAccepted }
  | { readonly type: 'appendEntries.rejected'; readonly from: ServerId; readonly message: AppendEntriesRejected }

/** Entries for a follower that is far behind have been read from the store. */
export interface EntriesRead {
  readonly type: 'entries.read'
  readonly for: ServerId
  readonly session: number
  readonly entries: readonly Entry[]
}

/** A piece of the snapshot has been read from the store for a follower. */
export interface SnapshotPieceRead {
  readonly type: 'snapshot.read'
  readonly for: ServerId
  readonly session: number
  readonly offset: number
  readonly data: Uint8Array
}

/** The snapshot that is being sent to a follower is not the store's any more. */
export interface SnapshotSuperseded {
  readonly type: 'snapshot.superseded'
  readonly for: ServerId
  readonly session: number
  readonly description: SnapshotDescription
}

/** What reaches the actor of the current role. */
export type RoleEvent =
  | MessageReceived
  | EntriesRead
  | SnapshotPieceRead
  | SnapshotSuperseded
  /** Of a snapshot that comes another piece is written, or all of it is flushed, or not what was promised: it is noted. */
  | { readonly type: 'snapshot.advanced' }
  /** A snapshot has taken the place of the log's beginning. */
  | { readonly type: 'log.compacted' }
  /** A write is flushed; what it made durable has been noted. */
  | { readonly type: 'write.completed' }
  /** Callers of this node want commands appended. */
  | { readonly type: 'appends.received'; readonly orders: readonly AppendOrder[] }
  /** An entry of the leader's own term is applied, and with it all that stood before: every key is known (thesis §6.3). */
  | { readonly type: 'keys.known' }
  /** Callers of this node, or clients, want to read what is committed. */
  | { readonly type: 'reads.requested'; readonly orders: readonly ReadOrder[] }
  /** Somebody wants another server to lead: `to`, or whoever is best. */
  | { readonly type: 'transfer.requested'; readonly to: ServerId | undefined; readonly token: unknown }
  /** Somebody wants the group to have other members. */
  | { readonly type: 'membership.requested'; readonly order: MembershipOrder }
  /** Half a heartbeat interval has passed on this node. */
  | { readonly type: 'heartbeatTick.elapsed' }
  /** More is committed than followers have been told. */
  | { readonly type: 'commitIndex.advanced' }
  /** The event loop has looked at its sockets since a timeout elapsed. */
  | { readonly type: 'poll.completed' }
  /** The transport is connected again: what was sent before may be lost. */
  | { readonly type: 'connection.restored' }

/** What reaches a leader's actor for one follower. */
export type PeerEvent =
  | FollowerAnswered
  | EntriesRead
  | SnapshotPieceRead
  | SnapshotSuperseded
  | { readonly type: 'log.compacted' }
  | { readonly type: 'entries.appended' }
  | { readonly type: 'heartbeatTick.elapsed' }
  | { readonly type: 'commitIndex.advanced' }
  | { readonly type: 'connection.restored' }

/** What reaches the root actor: what ends a role. */
export type ServerEvent =
  /** A message names a newer term (§5.1). */
  | { readonly type: 'term.discovered'; readonly term: Term }
  /** Another server leads the current term (§5.2). */
  | { readonly type: 'leader.discovered' }
  /** A candidate has learnt that it is no member any more. */
  | { readonly type: 'removal.discovered' }
  /** The disk failed, a promise is broken, or the store is not ours. */
  | { readonly type: 'server.failed'; readonly error: Error }
  | { readonly type: 'server.closed' }

/** The event that a message becomes. */
export function messageReceived(from: ServerId, message: RaftMessage): MessageReceived {
  switch (message.type) {
    case 'preVote':
      return { type: 'preVote.received', from, message }
    case 'preVote.granted':
      return { type: 'preVote.granted', from, message }
    case 'preVote.refused':
      return { type: 'preVote.refused', from, message }
    case 'requestVote':
      return { type: 'requestVote.received', from, message }
    case 'requestVote.granted':
      return { type: 'requestVote.granted', from, message }
    case 'requestVote.refused':
      return { type: 'requestVote.refused', from, message }
    case 'appendEntries':
      return { type: 'appendEntries.received', from, message }
    case 'appendEntries.accepted':
      return { type: 'appendEntries.accepted', from, message }
    case 'appendEntries.rejected':
      return { type: 'appendEntries.rejected', from, message }
    case 'installSnapshot':
      return { type: 'installSnapshot.received', from, message }
    case 'installSnapshot.answered':
      return { type: 'installSnapshot.answered', from, message }
    case 'timeoutNow':
      return { type: 'timeoutNow.received', from, message }
    case 'removed':
      return { type: 'removed.received', from, message }
  }
}
