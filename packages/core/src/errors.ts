import type { GroupId, GroupUuid, Index, NodeId, ServerId, StoreIdentity, Term } from './identifiers.ts'
import type { MachineVersions } from './machineVersions.ts'

/** What every error of Quorate is: a `code` to switch on, fields to act on, a message that says what to do. */
export abstract class QuorateError extends Error {
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** Nobody who leads the group was found in time. What was asked for was not done: an append is not in the log. */
export class NotLeaderError extends QuorateError {
  readonly code = 'NOT_LEADER'
  readonly group: GroupId
  /** Who leads, as far as the server knows. */
  readonly leaderId: ServerId | undefined

  constructor(group: GroupId, leaderId: ServerId | undefined, options?: ErrorOptions) {
    const hint = leaderId === undefined ? 'none is known' : `the last known is ${leaderId}`
    super(
      `group ${group}: no leader answered in time (${hint}), so nothing was done. Try again once it has one.`,
      options,
    )
    this.group = group
    this.leaderId = leaderId
  }
}

/** The server that was asked to hand over leads on, or another than the one that was named took over. */
export class LeadershipTransferError extends QuorateError {
  readonly code = 'LEADERSHIP_TRANSFER'
  readonly group: GroupId
  /** Who leads now, as far as the server knows. */
  readonly leaderId: ServerId | undefined

  constructor(group: GroupId, leaderId: ServerId | undefined, why: string, options?: ErrorOptions) {
    super(`group ${group}: leadership was not handed over as asked: ${why}`, options)
    this.group = group
    this.leaderId = leaderId
  }
}

/** Why the members of a group were not changed as asked. */
export type MembershipChangeReason =
  /** Another change or a transfer was under way until the end of the wait. */
  | 'busy'
  /** The configuration has changed since the caller looked. */
  | 'conflict'
  /** No majority of the new voters answers. */
  | 'noMajority'
  /** The stores of several voters were replaced. */
  | 'severalReplaced'
  /** A new server did not say which store it has. */
  | 'unreachable'
  /** A new server holds another group of that name. */
  | 'otherGroup'
  /** Another change took its place while new servers were catching up. */
  | 'superseded'
  /** The leader changed in between. */
  | 'unknown'

/** The members are not what was asked for; of `superseded` and `unknown`, a look at the status says what they are. */
export class MembershipChangeError extends QuorateError {
  readonly code = 'MEMBERSHIP_CHANGE'
  readonly group: GroupId
  readonly reason: MembershipChangeReason

  constructor(group: GroupId, reason: MembershipChangeReason, why: string, options?: ErrorOptions) {
    super(`group ${group}: the members were not changed as asked: ${why}`, options)
    this.group = group
    this.reason = reason
  }
}

/** The command is larger than what one message can carry. Nothing was sent. */
export class EntryTooLargeError extends QuorateError {
  readonly code = 'ENTRY_TOO_LARGE'
  readonly sizeBytes: number
  readonly maxBytes: number

  constructor(sizeBytes: number, maxBytes: number, options?: ErrorOptions) {
    super(
      `the command takes up to ${sizeBytes} bytes, the limit is ${maxBytes}. ` +
        'Split it, or raise maxEntryBytes and the max_payload of nats-server on every server of the group.',
      options,
    )
    this.sizeBytes = sizeBytes
    this.maxBytes = maxBytes
  }
}

/** The idempotency key stands for another command already: other data, or another subject. Nothing was appended. */
export class IdempotencyKeyReusedError extends QuorateError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED'
  readonly group: GroupId
  readonly key: string

  constructor(group: GroupId, key: string, options?: ErrorOptions) {
    super(
      `group ${group}: the idempotency key ${JSON.stringify(key)} stands for another command already, so nothing was appended. ` +
        'Use a key for one command alone, and the same data and subject whenever it is tried again.',
      options,
    )
    this.group = group
    this.key = key
  }
}

/** The leader had as much in hand as it takes in (`maxPendingBytes`). Nothing was appended. */
export class BackpressureError extends QuorateError {
  readonly code = 'BACKPRESSURE'
  readonly group: GroupId
  /** What the leader had in hand of appends that were not committed and applied yet. */
  readonly pendingBytes: number
  readonly maxPendingBytes: number

  constructor(group: GroupId, pendingBytes: number, maxPendingBytes: number, options?: ErrorOptions) {
    super(
      `group ${group}: the leader has ${pendingBytes} bytes in hand that are not committed and applied yet, and takes in ` +
        `${maxPendingBytes}, so nothing was appended. Append less at a time, or raise maxPendingBytes.`,
      options,
    )
    this.group = group
    this.pendingBytes = pendingBytes
    this.maxPendingBytes = maxPendingBytes
  }
}

/** The log was closed, by the caller or by the end of its node. Nothing was appended. */
export class LogClosedError extends QuorateError {
  readonly code = 'LOG_CLOSED'
  readonly group: GroupId

  constructor(group: GroupId, options?: ErrorOptions) {
    super(`group ${group}: the log is closed. Open it again to go on.`, options)
    this.group = group
  }
}

/** The entries that were asked for are no longer in the log: a snapshot stands in their place. */
export class LogCompactedError extends QuorateError {
  readonly code = 'LOG_COMPACTED'
  readonly group: GroupId
  /** The first entry that was asked for. */
  readonly requested: Index
  /** The first that is there. */
  readonly firstAvailable: Index

  constructor(group: GroupId, requested: Index, firstAvailable: Index, options?: ErrorOptions) {
    super(
      `group ${group}: entry ${requested} was asked for, and the log begins at ${firstAvailable}: a snapshot stands for what ` +
        "was before. Begin at 'earliest', or at an entry that is there, with a state that holds what was before it.",
      options,
    )
    this.group = group
    this.requested = requested
    this.firstAvailable = firstAvailable
  }
}

/**
 * The command may or may not be in the log, now or later, but then only as an entry of `term`. Once an entry of a later
 * term is committed, reading up to it settles the question for good.
 */
export class AppendOutcomeUnknownError extends QuorateError {
  readonly code = 'APPEND_OUTCOME_UNKNOWN'
  readonly group: GroupId
  readonly term: Term

  constructor(group: GroupId, term: Term, why: string, options?: ErrorOptions) {
    super(
      `group ${group}: ${why}, so the command may or may not be in the log, and if so as an entry of term ${term}. ` +
        'To find out, read the log up to a committed entry of a later term before appending again.',
      options,
    )
    this.group = group
    this.term = term
  }
}

/** This server, or the loop of a subscription, had not come far enough when the wait ended. Nothing is lost by that. */
export class NotCaughtUpError extends QuorateError {
  readonly code = 'NOT_CAUGHT_UP'
  readonly group: GroupId
  /** The entry that was waited for. */
  readonly index: Index
  /** What it had come to. */
  readonly reached: Index

  constructor(group: GroupId, index: Index, reached: Index, options?: ErrorOptions) {
    super(
      `group ${group}: entry ${index} was waited for, and ${reached} was the last that was reached when the wait or the ` +
        'subscription ended. Wait longer, or look why this server is behind: log.staleness says how far.',
      options,
    )
    this.group = group
    this.index = index
    this.reached = reached
  }
}

/** Entries of a log cannot be read any more, and could not be had from the other servers. Nothing was changed. */
export class DamagedLogError extends QuorateError {
  readonly code = 'DAMAGED_LOG'
  readonly group: GroupId
  /** The first of those that are missing. */
  readonly indexes: readonly Index[]

  constructor(group: GroupId, indexes: readonly Index[], why: string, options?: ErrorOptions) {
    const shown = indexes.length > 8 ? `${indexes.slice(0, 8).join(', ')} ...` : indexes.join(', ')
    super(
      `group ${group}: the store cannot read ${indexes.length} entries of its log any more (${shown}), and ${why}. ` +
        'The server takes no part without them. Open it again while the others run; if they have compacted their logs, or lost ' +
        'these entries too, give this server an empty folder and have the leader call recoverServer.',
      options,
    )
    this.group = group
    this.indexes = indexes
  }
}

/** The group was never born, as far as this store and the nodes that answered know. */
export class NotBootstrappedError extends QuorateError {
  readonly code = 'NOT_BOOTSTRAPPED'
  readonly group: GroupId

  constructor(group: GroupId, waitedMs: number, options?: ErrorOptions) {
    super(
      `group ${group}: the store holds nothing of it, and no member made itself known within ${waitedMs} ms. ` +
        'Bootstrap the group once, on one of its nodes, or check names and connection.',
      options,
    )
    this.group = group
  }
}

/** A group is born once. */
export class AlreadyBootstrappedError extends QuorateError {
  readonly code = 'ALREADY_BOOTSTRAPPED'
  readonly group: GroupId
  readonly node: NodeId
  readonly groupUuid: GroupUuid

  constructor(group: GroupId, node: NodeId, groupUuid: GroupUuid, options?: ErrorOptions) {
    super(
      `group ${group}: node ${node} holds it already (${groupUuid}). Open it instead; bootstrap only a group that is new.`,
      options,
    )
    this.group = group
    this.node = node
    this.groupUuid = groupUuid
  }
}

/** Another node is giving birth to the group at this very moment. */
export class BootstrapConflictError extends QuorateError {
  readonly code = 'BOOTSTRAP_CONFLICT'
  readonly group: GroupId
  readonly node: NodeId

  constructor(group: GroupId, node: NodeId, options?: ErrorOptions) {
    super(
      `group ${group}: ${node} is giving birth to it right now. Bootstrap a group on one of its nodes alone, and open it ` +
        'on the others.',
      options,
    )
    this.group = group
    this.node = node
  }
}

/** The bootstrap could not be carried out or proven on every node. */
export class BootstrapIncompleteError extends QuorateError {
  readonly code = 'BOOTSTRAP_INCOMPLETE'
  readonly group: GroupId
  /** The nodes that did not answer. */
  readonly missing: readonly NodeId[]

  constructor(group: GroupId, missing: readonly NodeId[], begun: boolean, options?: ErrorOptions) {
    super(
      `group ${group}: no answer from ${missing.join(', ')}. ` +
        (begun
          ? 'It may be born on some of the others. Bootstrap again on this node, with the same nodes, to finish.'
          : 'Nothing was written. Start these nodes, and bootstrap again.'),
      options,
    )
    this.group = group
    this.missing = missing
  }
}

/** The store holds, under this name, a group that is not the one its peers belong to. */
export class WrongGroupError extends QuorateError {
  readonly code = 'WRONG_GROUP'
  readonly group: GroupId
  readonly own: GroupUuid
  readonly theirs: GroupUuid

  constructor(group: GroupId, own: GroupUuid, peer: NodeId, theirs: GroupUuid, options?: ErrorOptions) {
    super(
      `group ${group}: this store holds the group ${own}, but ${peer} belongs to ${theirs} of the same name. ` +
        'Check that the store and the prefix are those of this cluster.',
      options,
    )
    this.group = group
    this.own = own
    this.theirs = theirs
  }
}

/**
 * The group knows this server by another store: the disk was wiped or exchanged. What the old one promised is lost, so
 * the new one must not vote in its name.
 */
export class StoreReplacedError extends QuorateError {
  readonly code = 'STORE_REPLACED'
  readonly group: GroupId
  readonly server: ServerId
  readonly expected: StoreIdentity
  readonly found: StoreIdentity

  constructor(group: GroupId, server: ServerId, expected: StoreIdentity, found: StoreIdentity, options?: ErrorOptions) {
    super(
      `group ${group}: the group knows ${server} by the store ${expected}, but this is the store ${found}. ` +
        'A server that lost its disk does not take part: bring the old folder back, or have the leader call recoverServer.',
      options,
    )
    this.group = group
    this.server = server
    this.expected = expected
    this.found = found
  }
}

/**
 * The log goes on by a version of the state machine that this server's code cannot run: the server stops before it would apply
 * an entry as no other does. Nothing is lost by that.
 */
export class MachineVersionError extends QuorateError {
  readonly code = 'MACHINE_VERSION'
  readonly group: GroupId
  /** What is in force. */
  readonly version: number
  readonly index: Index
  /** What the code of this server can run. */
  readonly versions: MachineVersions

  constructor(group: GroupId, version: number, index: Index, versions: MachineVersions, options?: ErrorOptions) {
    const { oldest, newest } = versions
    super(
      `group ${group}: entry ${index} is to be applied by version ${version} of the state machine, and this server's runs ` +
        `${oldest === newest ? `version ${newest} alone` : `versions ${oldest} to ${newest}`}. Start it with code that has version ${version}.`,
      options,
    )
    this.group = group
    this.version = version
    this.index = index
    this.versions = versions
  }
}

/** This server has stopped for good, in this process: what it was asked can no longer be done here. */
export class ServerStoppedError extends QuorateError {
  readonly code = 'SERVER_STOPPED'
  readonly group: GroupId

  constructor(group: GroupId, why: string, options?: ErrorOptions) {
    super(`group ${group}: the server has stopped: ${why}`, options)
    this.group = group
  }
}

/** A promise of the algorithm does not hold. The server stops before it can lie. */
export class InvariantViolation extends QuorateError {
  readonly code = 'INVARIANT_VIOLATION'

  constructor(promise: string, options?: ErrorOptions) {
    super(`broken: ${promise}. This is a fault in Quorate; please report it with the log of this server.`, options)
  }
}

/** What was thrown, as an error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** @throws InvariantViolation stating the promise that does not hold. */
export function invariant(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new InvariantViolation(promise)
}
