import type { ConfigurationEntry, Entry } from './entry.ts'
import type { GroupId, GroupUuid, Index, LogPosition, StoreIdentity, Term } from './identifiers.ts'
import type { SnapshotDescription } from './snapshot.ts'

/**
 * Would you vote for me in the next term (thesis §9.6)? Asked in the present term: nothing changes by it, neither the
 * term nor anybody's vote.
 */
export interface PreVote {
  readonly type: 'preVote'
  /** The term that the candidate is in, the last before the one that it would begin. */
  readonly term: Term
  /** Which of the candidate's questions this is; the answer repeats it. */
  readonly round: number
  /** The last entry of the candidate's log (§5.4.1). */
  readonly lastLog: LogPosition
}

export interface PreVoteGranted {
  readonly type: 'preVote.granted'
  readonly term: Term
  readonly round: number
}

export interface PreVoteRefused {
  readonly type: 'preVote.refused'
  /** The voter's own term, for the candidate to update itself. */
  readonly term: Term
  readonly round: number
}

/** Candidate to voter (§5.2). The candidate is the sender. */
export interface RequestVote {
  readonly type: 'requestVote'
  readonly term: Term
  /** The last entry of the candidate's log (§5.4.1). */
  readonly lastLog: LogPosition
  /** The leader itself has asked for this election (thesis §3.10): nobody needs to protect it. */
  readonly isTransfer: boolean
}

export interface RequestVoteGranted {
  readonly type: 'requestVote.granted'
  readonly term: Term
}

export interface RequestVoteRefused {
  readonly type: 'requestVote.refused'
  /** The voter's own term, for the candidate to update itself. */
  readonly term: Term
}

/** Leader to the follower that is to lead in its place: stand for election at once (thesis §3.10). */
export interface TimeoutNow {
  readonly type: 'timeoutNow'
  readonly term: Term
  /** The end of the leader's log. A follower whose log goes on behind it has got an order of long ago. */
  readonly lastLog: LogPosition
}

/**
 * To a candidate that is no member by a committed configuration: it is not needed any more. One that knows of a later
 * configuration knows better.
 */
export interface Removed {
  readonly type: 'removed'
  readonly term: Term
  /** Where the committed configuration stands. */
  readonly configurationIndex: Index
}

/** Leader to follower: replicates entries, and is the heartbeat (§5.3). The leader is the sender. */
export interface AppendEntries {
  readonly type: 'appendEntries'
  readonly term: Term
  /** Which of the leader's replication sessions with this follower speaks; the answer repeats it. */
  readonly session: number
  /** The last round in which the leader asked whether it still leads (thesis §6.4), counted by itself; the answer repeats it. */
  readonly round: number
  /** The entry before the new ones. */
  readonly prevLog: LogPosition
  /** Without a hole, from `prevLog.index + 1`. None for a heartbeat. */
  readonly entries: readonly Entry[]
  readonly leaderCommit: Index
}

export interface AppendEntriesAccepted {
  readonly type: 'appendEntries.accepted'
  readonly term: Term
  readonly session: number
  /** The highest round that the follower has heard of. */
  readonly round: number
  /** Up to here the follower's log is the leader's, and durable. */
  readonly matchIndex: Index
  /** The newest version of the state machine that the follower's code can run: from 1 on. */
  readonly machineVersion: number
}

export interface AppendEntriesRejected {
  readonly type: 'appendEntries.rejected'
  readonly term: Term
  readonly session: number
  readonly round: number
  /** `prevLog.index` of the request that did not match. */
  readonly prevLogIndex: Index
  /**
   * The follower's last entry that could match: the last at or below `prevLogIndex` whose term is not above that of
   * the request's `prevLog`. It lets the leader skip whole terms (§5.3).
   */
  readonly hint: LogPosition
}

/**
 * Leader to a follower that needs entries which the leader has no more: a piece of its snapshot, and its heartbeat
 * (Figure 13). The leader is the sender. One without data asks how far the follower is.
 */
export interface InstallSnapshot {
  readonly type: 'installSnapshot'
  readonly term: Term
  /** As in AppendEntries. */
  readonly session: number
  readonly round: number
  /** Which snapshot: lastIncludedIndex and lastIncludedTerm, the configuration, how much there is of it. */
  readonly description: SnapshotDescription
  /** Where in the snapshot the piece belongs, in bytes. */
  readonly offset: number
  readonly data: Uint8Array
}

/** How much of the snapshot the follower has. Once it is installed, and durable, `appendEntries.accepted` says so. */
export interface InstallSnapshotAnswered {
  readonly type: 'installSnapshot.answered'
  readonly term: Term
  readonly session: number
  readonly round: number
  readonly lastIncludedIndex: Index
  /** From here on it wants more, in bytes. */
  readonly receivedBytes: number
}

/**
 * Which group, if any, does a node's store hold under a name? Asked before a bootstrap, and by a server that is blank.
 * Who answers a birth that it holds none has promised to take part in no other for a while.
 */
export interface BootstrapInquiry {
  readonly type: 'bootstrap.inquiry'
  /** Names the birth that asks; undefined when a blank server does. */
  readonly birth: string | undefined
}

export interface BootstrapStanding {
  readonly type: 'bootstrap.standing'
  /** As in the inquiry: answers to births of another time count for nothing. */
  readonly birth: string | undefined
  /** Undefined when the store holds no group of that name. */
  readonly groupUuid: GroupUuid | undefined
  /** The store by which that group knows the node that asked; undefined when it does not know the node. */
  readonly knownStore: StoreIdentity | undefined
}

/** The first entry of a new group's log, for a blank store to write. */
export interface BootstrapOffer {
  readonly type: 'bootstrap.offer'
  readonly entry: ConfigurationEntry
}

/** The store holds the first entry of the group `groupUuid`, durably. */
export interface BootstrapAccepted {
  readonly type: 'bootstrap.accepted'
  readonly groupUuid: GroupUuid
}

/** A store cannot read this entry any more: who has one of the same index and term has the same (§5.3, Log Matching). */
export interface RepairInquiry {
  readonly type: 'repair.inquiry'
  readonly wanted: LogPosition
}

export interface RepairEntry {
  readonly type: 'repair.entry'
  readonly entry: Entry
}

/** The log of the server that was asked holds no such entry. */
export interface RepairAbsent {
  readonly type: 'repair.absent'
  readonly wanted: LogPosition
  /** The term of the entry of that index, if the server has one and knows it to be committed. */
  readonly committedTerm: Term | undefined
  /** Entries up to there are gone from its log: a snapshot stands for them. */
  readonly startsAfter: Index
}

export type AppendEntriesReply = AppendEntriesAccepted | AppendEntriesRejected
export type PreVoteReply = PreVoteGranted | PreVoteRefused
export type RequestVoteReply = RequestVoteGranted | RequestVoteRefused

/** The RPCs of the paper and the thesis, and their answers: what servers of a group say to one another. */
export type RaftMessage =
  | PreVote
  | PreVoteReply
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendEntriesReply
  | InstallSnapshot
  | InstallSnapshotAnswered
  | TimeoutNow
  | Removed

/** What nodes say to one another while a group is being born. */
export type BootstrapMessage = BootstrapInquiry | BootstrapStanding | BootstrapOffer | BootstrapAccepted

/** What nodes say to one another while a log is being made whole. */
export type RepairMessage = RepairInquiry | RepairEntry | RepairAbsent

export type Message = RaftMessage | BootstrapMessage | RepairMessage

/** Answers are of use only in the term of their question. */
export function isAnswer(
  message: RaftMessage,
): message is PreVoteReply | RequestVoteReply | AppendEntriesReply | InstallSnapshotAnswered {
  switch (message.type) {
    case 'preVote':
    case 'requestVote':
    case 'appendEntries':
    case 'installSnapshot':
    case 'timeoutNow':
    case 'removed':
      return false
    default:
      return true
  }
}

/** Whoever sends one leads the term that it names. */
export function isOfLeader({ type }: Message): boolean {
  return type === 'appendEntries' || type === 'installSnapshot'
}

export function isBootstrapMessage(message: Message): message is BootstrapMessage {
  return message.type.startsWith('bootstrap.')
}

export function isRepairMessage(message: Message): message is RepairMessage {
  return message.type.startsWith('repair.')
}

/** Messages of one group from one node to another, with what proves who speaks. */
export interface Packet {
  readonly group: GroupId
  /** Undefined from a server that has no configuration yet. */
  readonly groupUuid: GroupUuid | undefined
  /** The store of the sender. */
  readonly store: StoreIdentity
  readonly messages: readonly Message[]
}
