import {
  LeadershipTransferError,
  NotLeaderError,
  type GroupId,
  type HostedServer,
  type ServerId,
  type ServerStatus,
  type TransferOutcome,
  type TransferRefusal,
} from '@quorate/core'
import type { Watchable } from './watchable.ts'
import { whenAborted } from './whenAborted.ts'

export interface TransferOptions {
  /** Who is to lead. Without it: the server that holds most of the log, of those that answer. */
  readonly to?: ServerId
  /** Stops waiting by throwing the signal's reason; a transfer that is under way goes on. */
  readonly signal?: AbortSignal
}

const REASONS: Readonly<Record<Exclude<TransferRefusal, 'notLeader'>, string>> = {
  busy: 'another transfer is under way. Try again when it is over.',
  noTarget: 'there is no such voter beside the leader, or none that answers.',
  timeout: 'the server did not take over within an election timeout. This one leads on.',
}

/** Hands over, and waits until somebody leads. */
export async function transferLeadership(
  hosted: HostedServer,
  status: Watchable<ServerStatus>,
  { to, signal }: TransferOptions,
): Promise<ServerId> {
  signal?.throwIfAborted()
  const { id, group } = hosted.server
  const outcome = await new Promise<TransferOutcome>((resolve, reject) => {
    const stopListening = signal === undefined ? undefined : whenAborted(signal, () => reject(signal.reason))
    hosted.transferLeadership(to, (settled) => {
      stopListening?.()
      resolve(settled)
    })
  })
  if (outcome.type === 'refused') throw refusal(group, outcome)
  const { leaderId } = await status.waitFor(
    ({ leaderId: leader, failure }) => leader !== undefined || failure !== undefined,
    signal === undefined ? {} : { signal },
  )
  if (leaderId === undefined || leaderId === id || (to !== undefined && leaderId !== to)) {
    throw new LeadershipTransferError(group, leaderId, `${leaderId ?? 'nobody'} was elected instead.`)
  }
  return leaderId
}

function refusal(group: GroupId, { reason, leaderId }: Extract<TransferOutcome, { type: 'refused' }>): Error {
  if (reason === 'notLeader') return new NotLeaderError(group, leaderId)
  return new LeadershipTransferError(group, leaderId, REASONS[reason])
}
