import { setTimeout as sleep } from 'node:timers/promises'
import {
  MembershipChangeError,
  NotLeaderError,
  type ChangeRefusal,
  type GroupId,
  type HostedServer,
  type Index,
  type MembershipOutcome,
  type MembershipRequest,
  type NodeId,
  type PlacedConfiguration,
} from '@quorate/core'
import { assertDuration } from './duration.ts'
import { giveUpAfter } from './giveUp.ts'
import { whenAborted } from './whenAborted.ts'

export interface ChangeMembersOptions {
  /** All that are to vote. Whoever votes now and is not named leaves, or goes on as a learner. */
  readonly voters: readonly NodeId[]
  /** All that are to have the log and no vote. */
  readonly learners?: readonly NodeId[]
  /**
   * Who is to lead rather than others, as long as it is well: 0 to 255, the highest first. Whoever is not named keeps what
   * it has, which is 1 at first. Any voter can be elected, whatever its priority: it hands over later.
   */
  readonly priorities?: Readonly<Record<NodeId, number>>
  /** Only if the latest configuration still stands there (`status.value.configuration.index`): a change of somebody else is not undone unseen. */
  readonly expectedIndex?: Index
  /** How long to wait for another change to end, and for new servers to say which store they have: 10,000 without it. */
  readonly timeoutMs?: number
  /** Stops waiting by throwing the signal's reason; a change that is under way goes on. */
  readonly signal?: AbortSignal
}

interface Wait {
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const DEFAULT_TIMEOUT_MS = 10_000
const TRY_AGAIN_MS = 50

const REASONS: Readonly<Record<Exclude<ChangeRefusal, 'notLeader'>, string>> = {
  busy: 'another change or a transfer was under way all the time. Try again when it is over.',
  conflict: 'the configuration has changed since you looked. Look again, and decide anew.',
  noMajority: 'of those that are to vote no majority answers, so the group would stand still. Start them first.',
  severalReplaced: 'the stores of several voters were replaced. Recover one server at a time.',
}

export type RecoverServerOptions = Pick<ChangeMembersOptions, 'timeoutMs' | 'signal'>

/** The members as they are, one of them with the store that it has now. */
export function recoverServer(
  hosted: HostedServer,
  id: NodeId,
  options: RecoverServerOptions,
): Promise<PlacedConfiguration> {
  // Proposed anew when somebody else was quicker, or his change would be undone.
  return propose(hosted, options, ['busy', 'conflict'], () => {
    const { configuration: placed } = hosted.status
    const { members = [], voters: sets = [], next } = placed?.configuration ?? {}
    const named = (next?.members ?? members).map((member) => member.id)
    if (placed !== undefined && !named.includes(id)) {
      throw new RangeError(`${id} is no member of group ${hosted.server.group}: let it in with changeMembers`)
    }
    const voters = next?.voters ?? sets[0] ?? []
    const learners = named.filter((member) => !voters.includes(member))
    return { voters, learners, recovered: [id], expectedIndex: placed?.index }
  })
}

/** Changes who belongs to the group, and waits until that is committed. */
export function changeMembers(
  hosted: HostedServer,
  { timeoutMs, signal, ...request }: ChangeMembersOptions,
): Promise<PlacedConfiguration> {
  return propose(hosted, { timeoutMs, signal }, ['busy'], () => request)
}

/** Tries again what was refused for one of these reasons, until the time is over. */
async function propose(
  hosted: HostedServer,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: Wait,
  triedAgain: readonly ChangeRefusal[],
  requested: () => Omit<MembershipRequest, 'timeoutMs'>,
): Promise<PlacedConfiguration> {
  assertDuration('timeoutMs', timeoutMs)
  signal?.throwIfAborted()
  const wait = giveUpAfter(timeoutMs, signal)
  const deadline = performance.now() + timeoutMs
  try {
    for (;;) {
      const remainingMs = Math.max(1, deadline - performance.now())
      const outcome = await askOnce(hosted, { ...requested(), timeoutMs: remainingMs }, signal)
      const isOver = outcome.type !== 'refused' || !triedAgain.includes(outcome.reason) || wait.signal.aborted
      if (isOver) return settled(hosted.server.group, outcome)
      await sleep(TRY_AGAIN_MS)
      signal?.throwIfAborted()
    }
  } finally {
    wait.release()
  }
}

function askOnce(
  hosted: HostedServer,
  request: MembershipRequest,
  signal: AbortSignal | undefined,
): Promise<MembershipOutcome> {
  return new Promise((resolve, reject) => {
    const stopListening = signal === undefined ? undefined : whenAborted(signal, () => reject(signal.reason))
    const end = (outcome: MembershipOutcome): void => {
      stopListening?.()
      resolve(outcome)
    }
    try {
      hosted.changeMembership(request, end)
    } catch (error) {
      stopListening?.()
      reject(error)
    }
  })
}

/** @throws MembershipChangeError, NotLeaderError unless it is done. */
function settled(group: GroupId, outcome: MembershipOutcome): PlacedConfiguration {
  switch (outcome.type) {
    case 'changed':
      return { index: outcome.index, configuration: outcome.configuration }
    case 'superseded':
      throw new MembershipChangeError(group, 'superseded', 'another change took its place.')
    case 'unknown':
      throw new MembershipChangeError(
        group,
        'unknown',
        `the leader of term ${outcome.term} leads no more. Whoever does goes on with it, if it has come that far: see the status.`,
      )
    case 'unreachable':
      throw new MembershipChangeError(
        group,
        'unreachable',
        `${outcome.nodes.join(', ')} did not say which store they have. Start them, and try again.`,
      )
    case 'otherGroup':
      throw new MembershipChangeError(
        group,
        'otherGroup',
        `${outcome.node} holds another group of that name. Give it an empty folder, or the group another name.`,
      )
    case 'refused':
      if (outcome.reason === 'notLeader') throw new NotLeaderError(group, outcome.leaderId)
      throw new MembershipChangeError(group, outcome.reason, REASONS[outcome.reason])
  }
}
