import type { Index, ServerId, Term } from '../identifiers.ts'
import type { AppendOrder } from './pendingAppends.ts'

/** A leader hands over to another server (thesis §3.10). */
export interface Transfer {
  readonly to: ServerId
  /** The term that this server leads. */
  readonly term: Term
  /** Who asked for it; undefined where the leader gives way by itself. */
  readonly token: unknown
  /** The end of the log at which the target was told to stand for election; undefined before. */
  toldAt: Index | undefined
  /** Came meanwhile: appended if it leads on, refused if it does not. */
  readonly waiting: AppendOrder[]
}

/** Why a server goes on as it was. */
export type TransferRefusal =
  | 'notLeader'
  /** Another transfer is under way. */
  | 'busy'
  /** The target is not among the voters, or leads already. */
  | 'noTarget'
  /** The target did not take over within an election timeout. */
  | 'timeout'

/** How a transfer ended on the server that was asked. */
export type TransferOutcome =
  /** A newer term has begun, and this server leads no more. Who does is for the status to say. */
  | { readonly type: 'gaveWay'; readonly term: Term }
  | { readonly type: 'refused'; readonly reason: TransferRefusal; readonly leaderId: ServerId | undefined }
