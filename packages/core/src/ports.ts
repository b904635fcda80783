import type { ClientOutcome, ClientReply, ClientRequest } from './clientProtocol.ts'
import type { ConfigurationEntry, Entry } from './entry.ts'
import type { GroupId, Index, LogPosition, NodeId, ServerId, StoreIdentity, Term } from './identifiers.ts'
import type { MachineVersions } from './machineVersions.ts'
import type { Packet } from './messages.ts'
import type { SnapshotDescription, SnapshotHead, StoredSnapshot } from './snapshot.ts'

/** What a transport tells its node. The methods never throw. */
export interface TransportReceiver {
  /** `from` is vouched for by the transport; the packet's content is decoded and of the right types, and no more. */
  received(from: NodeId, packet: Packet): void
  /** What was sent before may be lost: the node sends again. Also called once when first connected. */
  connected(): void
  disconnected(): void
}

/**
 * Node to node. Messages may be lost, doubled, reordered or late by minutes; they are never trusted to arrive.
 * One transport belongs to one node and serves all its groups.
 */
export interface Transport {
  /** The largest entry, in bytes of its encoded form, that a packet can carry. */
  readonly maxEntryBytes: number
  /** Starts delivery. Called once, before any `send`. */
  open(receiver: TransportReceiver): void
  /** Takes the packets for `to` of one turn. Never blocks, never throws; what cannot be sent is dropped. */
  send(to: NodeId, packets: readonly Packet[]): void
  /** Ends delivery. The transport leaves alone what it was given (a connection of the user's). */
  close(done: () => void): void
}

/** Answers one client request, exactly once. */
export type ClientRequestHandler = (request: ClientRequest, reply: (reply: ClientReply) => void) => void

/** From any process to the leader of a group. */
export interface ClientTransport {
  /** The largest entry, in bytes of its encoded form, that a request can carry. */
  readonly maxEntryBytes: number
  /** Sends `request` once to whoever leads `group`; `settled` is called exactly once, never from within this call. */
  request(group: GroupId, request: ClientRequest, timeoutMs: number, settled: (outcome: ClientOutcome) => void): void
  /**
   * The leader of `term` begins to listen: to appends that name this term, and to all other requests. The function that
   * comes back ends it; requests under way are still answered.
   */
  serve(group: GroupId, term: Term, handler: ClientRequestHandler): () => void
  /** Settles what is open with `noAnswer`, and ends. */
  close(done: () => void): void
}

/** What nodes and clients meet over. */
export interface Network {
  /** The transport of one node. A node joins once. */
  join(node: NodeId): Transport
  /** The way in for a process, member or not. */
  client(): ClientTransport
}

/** Term and vote, one record: written together or not at all (§5.1, §5.2). */
export interface HardState {
  readonly currentTerm: Term
  readonly votedFor: ServerId | undefined
}

/** A snapshot takes the place of the log's beginning (§7). */
export interface SnapshotWrite {
  /** Given by the store itself, of a higher `lastIncluded.index` than the one before. */
  readonly snapshot: StoredSnapshot
  /**
   * Entries up to here are gone; a log that does not reach so far begins behind it. At most `lastIncluded` of the snapshot,
   * up to which the log reaches, or it begins right behind it; never before where it begins already.
   */
  readonly logStartsAfter: LogPosition
}

/** What one turn of a group changed. Its parts take effect together and in this order. */
export interface GroupWrite {
  readonly group: GroupId
  readonly hardState: HardState | undefined
  /** Entries behind this index, which is never before where the log begins, are gone, before `entries` are added. */
  readonly truncateAfter: Index | undefined
  /** From now on this is the group's snapshot; the one before may go. */
  readonly snapshot: SnapshotWrite | undefined
  /** Follow, without a hole, the last entry that stands. */
  readonly entries: readonly Entry[]
  /** Take the places of damaged entries that were recovered as such, and are still in the log. */
  readonly repaired?: readonly Entry[]
}

/** An entry that the store cannot read any more: where it stands is known, and what it said is not. */
export interface DamagedEntry {
  readonly position: LogPosition
  /** Whether this is the entry that stood there, as far as the store can tell. */
  readonly matches: (entry: Entry) => boolean
}

/** What a store holds of a group. */
export interface RecoveredGroup {
  readonly hardState: HardState
  /** The latest that a write named; undefined while none did. */
  readonly snapshot: SnapshotDescription | undefined
  /** The entry before the first that is there: `LOG_START`, until a snapshot has taken the place of the log's beginning. */
  readonly logStartsAfter: LogPosition
  /** That of `logStartsAfter` for an empty log. */
  readonly lastIndex: Index
  /** The first position of each run of entries of one term, in order. Empty for an empty log. */
  readonly termStarts: readonly LogPosition[]
  /**
   * No entry of the log has a higher time. That of the last entry, or, right behind a truncation, of one that was removed.
   * For an empty log that of the snapshot, or 0.
   */
  readonly lastTime: number
  /** Every configuration entry that is in the log still, in order, but for damaged ones. */
  readonly configurations: readonly ConfigurationEntry[]
  /** What of the log cannot be read, in order; absent when there is nothing. All else is proven to be what was written. */
  readonly damaged?: readonly DamagedEntry[]
}

/** The write, read or flush that failed. Final: what the store may hold now is unknown, so it does nothing more. */
export interface StoreFailure {
  readonly error: Error
}

/** A snapshot that is being written: pieces, in order. One call is under way at a time. */
export interface SnapshotDraft {
  /** Adds the next piece, which is the caller's again when `done` comes. */
  write(bytes: Uint8Array, done: (failure: StoreFailure | undefined) => void): void
  /** Flushes all of it. The group's snapshot it becomes when a write names it. */
  finish(done: (failure: StoreFailure | undefined, snapshot: StoredSnapshot | undefined) => void): void
  /**
   * It is not wanted, finished or not, even while a call is under way: what of it was written may go, and nothing more is
   * called. Without effect once a write has named it.
   */
  discard(): void
}

/** The data of a snapshot as it is read: it stays readable until `close`, whatever snapshot follows. */
export interface SnapshotReader {
  readonly description: SnapshotDescription
  /** Up to `maxBytes` from `offset` on; at least one byte unless `offset` is the end. One call is under way at a time. */
  read(offset: number, maxBytes: number, done: (failure: StoreFailure | undefined, bytes: Uint8Array) => void): void
  close(): void
}

/**
 * A node's durable memory, one for all its groups. It is opened (and its damage found) before it is handed over.
 * Callbacks of writes come in the order of the writes, those of reads in the order of the reads, and none from within its
 * call.
 */
export interface Store {
  /** Given when the store was made; never changes. */
  readonly identity: StoreIdentity
  /** The groups that stand in the store. */
  readonly groups: readonly GroupId[]
  /**
   * What the store holds of a group now; undefined when that is nothing. Asked while no write of the group is under way.
   */
  recover(group: GroupId): RecoveredGroup | undefined
  /**
   * Writes one turn's changes of any number of groups; `done` says that all of it is flushed, or has failed for good.
   * Writes take effect in the order of the calls.
   */
  write(batch: readonly GroupWrite[], done: (failure: StoreFailure | undefined) => void): void
  /**
   * Reads flushed entries, `after < index <= upTo`, in order from the first, as many as fit `maxBytes` and at least one.
   * None where the first of them is gone: a snapshot has taken its place, or takes it before the read comes to it.
   */
  read(
    group: GroupId,
    range: { readonly after: Index; readonly upTo: Index; readonly maxBytes: number },
    done: (failure: StoreFailure | undefined, entries: readonly Entry[]) => void,
  ): void
  /** Begins a snapshot. What is finished and named by no write when the store closes is gone when it opens again. */
  beginSnapshot(group: GroupId, head: SnapshotHead): SnapshotDraft
  /** Opens the snapshot that the last write named, of those of this group. There must be one; the write need not be flushed. */
  openSnapshot(group: GroupId): SnapshotReader
  /** Flushes what was handed in, and lets go of the files. */
  close(done: (failure: StoreFailure | undefined) => void): void
}

/** Names a timer to its clock. */
export type TimerHandle = unknown

/** Time, and the turns of the event loop. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; fractions allowed. */
  now(): number
  /** Milliseconds since the epoch; may jump. Only ever copied into entries. */
  wallTime(): number
  setTimeout(callback: () => void, delayMs: number): TimerHandle
  clearTimeout(handle: TimerHandle): void
  /** Calls back once what has already arrived in this turn of the event loop was delivered. */
  soon(callback: () => void): void
  /**
   * Calls back after the event loop has looked at its sockets once more. After a pause Node runs timers first: a
   * deadline that is late looks again behind this before it acts.
   */
  afterPoll(callback: () => void): void
}

/** Chance. */
export interface Random {
  /** At least 0, below 1. */
  next(): number
  /** A fresh UUID, version 4. */
  uuid(): string
}

/** Bytes that are asked for one piece after the other. */
export interface SnapshotSource {
  /**
   * The next piece, at least one byte; undefined behind the last. The piece is the caller's until it asks again. One
   * call is under way at a time.
   */
  read(done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void
  /** No more is wanted. Called once, at the end too. */
  close(): void
}

/** What committed entries are for. */
export interface StateMachine {
  /** Which versions its code can run; the first alone without it. The server stops before an entry of another one. */
  readonly versions?: MachineVersions
  /**
   * Takes the next committed entries, in order, without a hole; `done` asks for more. One call is under way at a time.
   * With an error the server stops: what was not applied here is applied when it is started again.
   *
   * All entries of a call are to be applied by the same version, on every server. Where another one begins, the entry that names
   * it is the first of its call.
   */
  apply(entries: readonly Entry[], done: (error?: Error) => void, machineVersion: number): void
  /**
   * The state as it stands behind the last entry that was applied, whatever is applied later, while it is being read.
   * Called between two calls of `apply`. Without it there are no snapshots, and the log is kept whole.
   */
  snapshot?(): SnapshotSource
  /**
   * Puts what another's `snapshot` gave in the place of all state; entries behind it follow. `machineVersion` was in force when it
   * was taken. `done` with an error stops the server.
   */
  restore?(source: SnapshotSource, done: (error?: Error) => void, machineVersion: number): void
}
