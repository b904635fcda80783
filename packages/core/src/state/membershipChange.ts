import type { Configuration, NextConfiguration } from '../configuration.ts'
import type { Index, ServerId, Term } from '../identifiers.ts'

/** A caller wants the group to have these members, and the name it is answered by. */
export interface MembershipOrder {
  readonly token: unknown
  readonly target: NextConfiguration
  /** Only if the latest configuration stands there; undefined: whichever it is. */
  readonly expectedIndex: Index | undefined
}

/** The caller who waits for a change on the leader that carries it out. */
export interface PendingChange {
  readonly token: unknown
  readonly term: Term
}

/** Why a leader leaves the configuration as it is. */
export type ChangeRefusal =
  | 'notLeader'
  /** Another change is under way and past the point where it could be altered, or this server leads for too short a time. */
  | 'busy'
  /** The latest configuration does not stand where the caller thinks it does. */
  | 'conflict'
  /** Of those that are to vote, no majority answers: the group would stand still. */
  | 'noMajority'
  /** Several voters have other stores than those they are known by: one at a time. */
  | 'severalReplaced'

/** How a change ended on the server that was asked. */
export type ChangeOutcome =
  /** Committed, and nothing is left to do. */
  | { readonly type: 'changed'; readonly index: Index; readonly configuration: Configuration }
  /** Another change took its place while new servers were catching up. */
  | { readonly type: 'superseded' }
  /** It is in the log of this server, which leads no more: whoever does goes on with it, if it has come that far. */
  | { readonly type: 'unknown'; readonly term: Term }
  | {
      readonly type: 'refused'
      readonly reason: ChangeRefusal
      readonly leaderId: ServerId | undefined
      /** Where the latest configuration of this server stands. */
      readonly configurationIndex: Index
    }
