import type { ClientOutcome, ClientReply, ClientRequest } from './clientProtocol.ts'
import type { ConfigurationEntry, Entry } from './entry.ts'
import type { GroupId, Index, LogPosition, NodeId, ServerId, StoreIdentity, Term } from './identifiers.ts'
import type { Packet } from './messages.ts'

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

/** What one turn of a group changed. Its parts take effect together and in this order. */
export interface GroupWrite {
  readonly group: GroupId
  readonly hardState: HardState | undefined
  /** Entries behind this index are gone, before `entries` are added. */
  readonly truncateAfter: Index | undefined
  /** Follow, without a hole, the last entry that stands. */
  readonly entries: readonly Entry[]
}

/** What a store holds of a group. */
export interface RecoveredGroup {
  readonly hardState: HardState
  readonly lastIndex: Index
  /** The first position of each run of entries of one term, in order. Empty for an empty log. */
  readonly termStarts: readonly LogPosition[]
  /**
   * No entry of the log has a higher time. That of the last entry, or, right behind a truncation, of one that was removed;
   * 0 for an empty log.
   */
  readonly lastTime: number
  /** Every configuration entry of the log, in order. */
  readonly configurations: readonly ConfigurationEntry[]
}

/** The write, read or flush that failed. Final: what the store may hold now is unknown, so it does nothing more. */
export interface StoreFailure {
  readonly error: Error
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
   */
  read(
    group: GroupId,
    range: { readonly after: Index; readonly upTo: Index; readonly maxBytes: number },
    done: (failure: StoreFailure | undefined, entries: readonly Entry[]) => void,
  ): void
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

/** What committed entries are for. */
export interface StateMachine {
  /**
   * Takes the next committed entries, in order, without a hole; `done` asks for more. One call is under way at a time.
   */
  apply(entries: readonly Entry[], done: () => void): void
}
