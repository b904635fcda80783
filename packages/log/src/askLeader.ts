import {
  LogCompactedError,
  ServerStoppedError,
  type ClientOutcome,
  type ClientReply,
  type ClientRequest,
  type GroupId,
  type RefusedReply,
} from '@quorate/core'
import { backoff } from './backoff.ts'
import { whenAborted } from './whenAborted.ts'

/** Something that may be asked twice without harm, and the answer that is wanted. */
export interface Question<Type extends ClientReply['type']> {
  readonly group: GroupId
  readonly request: ClientRequest
  readonly wanted: Type
  /** One try, which ends sooner or later. */
  readonly askOnce: (request: ClientRequest) => Promise<ClientOutcome>
  /** Whether there is no way to the leader any more. */
  readonly isClosed: () => boolean
}

export type WantedReply<Type extends ClientReply['type']> = Extract<ClientReply, { readonly type: Type }>

/** A leader that fell does not answer: so long, in milliseconds, until the next one is asked. */
export const ASK_TIMEOUT_MS = 1_000

/**
 * Asks the leader, and again until it answers. Undefined when the signal aborts first, or the way to it is closed.
 * @throws TypeError, ServerStoppedError, LogCompactedError when it refuses: asked again, it would do the same.
 */
export async function askLeader<Type extends ClientReply['type']>(
  { group, request, wanted, askOnce, isClosed }: Question<Type>,
  signal: AbortSignal,
): Promise<WantedReply<Type> | undefined> {
  for (let attempt = 0; !signal.aborted && !isClosed(); attempt++) {
    const outcome = await unlessAborted(askOnce(request), signal)
    if (outcome?.type === wanted) return outcome as WantedReply<Type>
    if (outcome?.type === 'refused') throw refusal(group, request, outcome)
    if (outcome?.type === 'compacted' && request.type === 'read') {
      throw new LogCompactedError(group, request.after + 1, outcome.firstAvailable)
    }
    await backoff(attempt, signal)
  }
  return undefined
}

/** Undefined when the signal aborts first: whatever comes later is for nobody. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stopListening = whenAborted(signal, () => resolve(undefined))
    promise.then(resolve, reject).finally(stopListening)
  })
}

function refusal(group: GroupId, { type }: ClientRequest, { reason, message }: RefusedReply): Error {
  if (reason === 'closed') return new ServerStoppedError(group, message)
  return new TypeError(`group ${group}: the ${type} was refused: ${message}`)
}
