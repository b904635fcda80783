import type { ServerId } from '../identifiers.ts'
import type { PreVoteGranted } from '../messages.ts'
import { isVoter, memberOf } from '../configuration.ts'
import { hasQuorum } from '../quorum/majority.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import { isHardStateDurable, send } from './durability.ts'

/**
 * Whether this server may stand for election: the latest configuration names it as a voter, or the one before does, as
 * long as the latest is not known to be committed. Until it is, whoever leaves may be the only one who can be elected
 * (thesis §4.2.2, Figure 4.6); of its own votes none counts.
 */
export function isVotingMember({ configurations, commitIndex, removedAt, id, store }: RaftState): boolean {
  for (let last = configurations.length - 1; last >= 0; last--) {
    const { index, configuration } = configurations[last]!
    if (index <= removedAt) return false
    if (isVoter(configuration, id) && memberOf(configuration, id)?.store === store) return true
    if (index <= commitIndex) return false
  }
  return false
}

/** §5.2: election timeouts are chosen at random from a fixed interval, to prevent split votes. */
export function drawElectionTimeout(state: RaftState, chance: number): void {
  const { electionTimeoutMinMs, electionTimeoutMaxMs } = state.settings
  state.electionTimeoutMs = electionTimeoutMinMs + chance * (electionTimeoutMaxMs - electionTimeoutMinMs)
}

/** How long until the election timeout elapses, if nothing is heard. */
export function electionTimeoutRemaining(state: RaftState, nowMs: number): number {
  return state.lastContactMs + state.electionTimeoutMs - nowMs
}

/**
 * Thesis §9.6: asks all others whether they would vote for it, and changes nothing. A server that could not win, or whose
 * group has a leader, thus begins no term.
 */
export function startPreVote(state: RaftState): void {
  state.leaderId = undefined
  state.following = undefined
  state.preVotes.clear()
  state.preVotes.add(state.id)
  state.preVoteRound += 1
  const { currentTerm: term, preVoteRound: round, log } = state
  for (const voter of otherVoters(state)) send(state, voter, { type: 'preVote', term, round, lastLog: log.last })
}

/** Answers to a question of earlier count for nothing: the group may have found a leader since. */
export function countPreVote(state: RaftState, voter: ServerId, { round }: PreVoteGranted): void {
  if (round === state.preVoteRound) state.preVotes.add(voter)
}

/** Whether it would win an election, as far as others can tell beforehand; of itself it knows without asking. */
export function winsPreVote(state: RaftState): boolean {
  return hasQuorum(configurationOf(state)?.voters ?? [[]], (id) => id === state.id || state.preVotes.has(id))
}

/** §5.2: increments its current term, votes for itself, and asks all other servers in parallel. */
export function startElection(state: RaftState): void {
  state.currentTerm += 1
  state.votedFor = state.id
  state.leaderId = undefined
  state.following = undefined
  state.preVotes.clear()
  state.votes.clear()
  state.durability.hardStateChanged = true
  const { currentTerm: term, log, isTransferTarget: isTransfer } = state
  // For this one round: if it is not won, the leader may be back.
  state.isTransferTarget = false
  for (const voter of otherVoters(state)) {
    send(state, voter, { type: 'requestVote', term, lastLog: log.last, isTransfer })
  }
}

/** The vote for itself counts like any other: once it can no longer be forgotten. */
export function countOwnVote(state: RaftState): void {
  if (isHardStateDurable(state)) state.votes.add(state.id)
}

export function countVote(state: RaftState, voter: ServerId): void {
  state.votes.add(voter)
}

/** §5.2: votes from a majority of the servers in the full cluster for the same term. */
export function winsElection(state: RaftState): boolean {
  return hasQuorum(configurationOf(state)?.voters ?? [[]], (id) => state.votes.has(id))
}

function otherVoters(state: RaftState): Set<ServerId> {
  const voters = new Set(configurationOf(state)?.voters.flat())
  voters.delete(state.id)
  return voters
}
