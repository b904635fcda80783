import {
  isAt,
  isVoter,
  memberOf,
  voterDifference,
  type Configuration,
  type Member,
  type NextConfiguration,
  type PlacedConfiguration,
} from '../configuration.ts'
import { invariant } from '../errors.ts'
import type { Index, ServerId } from '../identifiers.ts'
import type { ChangeOutcome, ChangeRefusal, MembershipOrder } from '../state/membershipChange.ts'
import { hasQuorum } from '../quorum/majority.ts'
import { startProgress, startRounds } from '../state/progress.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import { nextPlace } from './appending.ts'
import { useConfiguration } from './configurations.ts'
import { isHeard, ticksIn } from './leadership.ts'

/**
 * The configuration after this one on the way to where its change leads; undefined while new voters catch up, or when no
 * change is under way. Any two that follow one another have a majority in common: they differ in one voter at most
 * (thesis §4.1), or one of them needs the majorities of both (§6).
 */
export function nextStep(
  configuration: Configuration,
  isCaughtUp: (id: ServerId) => boolean,
): Configuration | undefined {
  const { groupUuid, members, voters, next } = configuration
  const [present = []] = voters
  if (next === undefined) return undefined
  const end: Configuration = { groupUuid, members: next.members, voters: [next.voters] }
  if (voters.length > 1) return end
  // A store that was replaced is that of another server, which has promised nothing.
  const replaced = replacedIn(members, next)
  if (replaced.length > 0) {
    const isKept = (id: ServerId): boolean => !replaced.includes(id)
    return { groupUuid, members: members.filter(({ id }) => isKept(id)), voters: [present.filter(isKept)], next }
  }
  const missing = next.members.filter(({ id }) => memberOf({ members }, id) === undefined)
  if (missing.length > 0) return { groupUuid, members: [...members, ...missing], voters, next }
  if (!next.voters.every((id) => present.includes(id) || isCaughtUp(id))) return undefined
  return voterDifference(present, next.voters) <= 1 ? end : { groupUuid, members, voters: [present, next.voters], next }
}

/** Who would be known by another store. */
function replacedIn(members: readonly Member[], next: NextConfiguration): ServerId[] {
  const isReplaced = ({ id, store }: Member): boolean => (memberOf(next, id)?.store ?? store) !== store
  return members.filter(isReplaced).map(({ id }) => id)
}

/** Whether the configuration is on its way to another, or not committed yet. */
export function isChanging(state: RaftState): boolean {
  const { index, configuration } = latest(state)
  return configuration.next !== undefined || index > state.commitIndex
}

/** Two sets of voters must each give a majority (§6). */
export function isJoint(state: RaftState): boolean {
  return latest(state).configuration.voters.length > 1
}

export function isCatchingUp(state: RaftState): boolean {
  return latest(state).configuration.next !== undefined
}

/** The group is to have the members that it has. */
export function isThere(state: RaftState, { target }: MembershipOrder): boolean {
  return !isChanging(state) && isAt(latest(state).configuration, target)
}

/** Why the leader will not begin with it now. */
export function refusalOf(state: RaftState, { target, expectedIndex }: MembershipOrder): ChangeRefusal | undefined {
  const { index, configuration } = latest(state)
  if (expectedIndex !== undefined && expectedIndex !== index) return 'conflict'
  if (!mayAppendConfiguration(state) || configuration.voters.length > 1) return 'busy'
  const replaced = replacedIn(configuration.members, target).filter((id) => isVoter(configuration, id))
  if (replaced.length > 1) return 'severalReplaced'
  return hasMajority(state, target) ? undefined : 'noMajority'
}

/** Who is not known yet catches up first, or never votes. */
function hasMajority(state: RaftState, { voters }: NextConfiguration): boolean {
  return hasQuorum([voters], (id) => !state.peers.has(id) || isHeard(state, id))
}

/** The first step; or where that waits for new voters to catch up, word of what is to be done. */
export function startChange(state: RaftState, { token, target }: MembershipOrder, wallTime: number): void {
  if (isChanging(state)) answer(state, { type: 'superseded' })
  else settleChange(state)
  state.pendingChange = { token, term: state.currentTerm }
  for (const progress of state.peers.values()) startRounds(progress, state.log.lastIndex)
  const intended = { ...latest(state).configuration, next: target }
  appendConfiguration(state, nextStep(intended, (id) => isReady(state, id)) ?? intended, wallTime)
}

/** Whether the step before is done, and the one behind can be. */
export function mayStep(state: RaftState): boolean {
  if (!mayAppendConfiguration(state)) return false
  return nextStep(latest(state).configuration, (id) => isReady(state, id)) !== undefined
}

export function step(state: RaftState, wallTime: number): void {
  const configuration = nextStep(latest(state).configuration, (id) => isReady(state, id))
  invariant(configuration !== undefined, 'a change goes on from one step to the next')
  appendConfiguration(state, configuration, wallTime)
}

/**
 * §6: one configuration at a time is not committed; and none is appended before an entry of the leader's own term is, or
 * a change of a former leader, unknown to this one, might come true as well (the fault of thesis §4.1, found in 2015).
 */
function mayAppendConfiguration(state: RaftState): boolean {
  const { commitIndex, currentTerm, log, transfer } = state
  // Who is to take over must hold the whole log.
  if (transfer !== undefined) return false
  return latest(state).index <= commitIndex && log.termAt(commitIndex) === currentTerm
}

function appendConfiguration(state: RaftState, configuration: Configuration, wallTime: number): void {
  const { index, term, time } = nextPlace(state, wallTime)
  const entry = { kind: 'configuration', index, term, time, configuration } as const
  state.log.append(entry)
  useConfiguration(state, entry)
  updatePeers(state)
}

/** A leader replicates to all members, and to nobody else. */
export function updatePeers(state: RaftState): void {
  const { members } = latest(state).configuration
  for (const id of state.peers.keys()) if (memberOf({ members }, id) === undefined) state.peers.delete(id)
  for (const { id } of members) {
    if (id !== state.id && !state.peers.has(id)) {
      state.peers.set(id, startProgress(id, ++state.lastSession, state.log.lastIndex))
    }
  }
}

/**
 * Thesis §4.2.1: a new server is brought up to date in rounds, each of what was appended during the one before. Once a
 * round is shorter than an election timeout, the group will not stand still for what it lacks.
 */
export function countRounds(state: RaftState): void {
  const { settings, log, peers } = state
  for (const progress of peers.values()) {
    progress.roundTicks++
    if (progress.matchIndex < progress.roundGoal) continue
    const wasInTime = progress.roundTicks <= ticksIn(settings, settings.electionTimeoutMinMs)
    startRounds(progress, log.lastIndex)
    progress.isCaughtUp = wasInTime
  }
}

function isReady(state: RaftState, id: ServerId): boolean {
  return id === state.id || (state.peers.get(id)?.isCaughtUp === true && isHeard(state, id))
}

/** It leads a group in which it does not vote: only until the others can do without it (thesis §4.2.2). */
export function isRemoved(state: RaftState): boolean {
  return !isChanging(state) && !isVoter(latest(state).configuration, state.id)
}

/** All is done: whoever asked for it is answered. */
export function settleChange(state: RaftState): void {
  const { index, configuration } = latest(state)
  answer(state, { type: 'changed', index, configuration })
}

export function answerThere(state: RaftState, { token }: MembershipOrder): void {
  const { index, configuration } = latest(state)
  state.outputs.answers.push({ token, outcome: { type: 'changed', index, configuration } })
}

/** This server leads no more. */
export function abandonChange(state: RaftState): void {
  const { pendingChange } = state
  if (pendingChange !== undefined) answer(state, { type: 'unknown', term: pendingChange.term })
}

export function refuseChange(state: RaftState, token: unknown, reason: ChangeRefusal): void {
  const { leaderId, configurations } = state
  const configurationIndex: Index = configurations.at(-1)?.index ?? 0
  state.outputs.answers.push({ token, outcome: { type: 'refused', reason, leaderId, configurationIndex } })
}

function answer(state: RaftState, outcome: ChangeOutcome): void {
  const { pendingChange } = state
  state.pendingChange = undefined
  if (pendingChange !== undefined) state.outputs.answers.push({ token: pendingChange.token, outcome })
}

function latest(state: RaftState): PlacedConfiguration {
  const placed = state.configurations.at(-1)
  invariant(placed !== undefined && configurationOf(state) !== undefined, 'a leader has a configuration (§6)')
  return placed
}
