import { invariant } from '../errors.ts'
import type { Index, LogPosition, ServerId } from '../identifiers.ts'
import type { AppendEntries, InstallSnapshot } from '../messages.ts'
import type { Following, RaftState } from '../state/raftState.ts'
import { NO_ROUND, NO_SESSION } from '../state/progress.ts'
import { useConfiguration } from './configurations.ts'
import { send, truncateLog } from './durability.ts'

/** Figure 2, AppendEntries RPC, receiver implementation. The term was looked at: it is not above ours. */
export function answerAppendEntries(state: RaftState, from: ServerId, request: AppendEntries, nowMs: number): void {
  if (request.term < state.currentTerm) {
    rejectAppendEntries(state, from, request)
    return
  }
  const following = followLeader(state, from, request, nowMs)
  if (following === undefined) return
  state.leaderCommit = Math.max(state.leaderCommit, request.leaderCommit)
  if (!agreesAt(state, request.prevLog)) {
    rejectAppendEntries(state, from, request)
    return
  }
  appendMissing(state, request)
  const lastNewIndex = request.prevLog.index + request.entries.length
  following.verifiedIndex = Math.max(following.verifiedIndex, lastNewIndex)
  // Rule 5. Not our own last index: entries behind the last new one are not known to be the leader's.
  state.commitIndex = Math.max(state.commitIndex, Math.min(request.leaderCommit, lastNewIndex))
  // Entries are acknowledged when they are durable; a heartbeat is answered at once, with what is.
  if (request.entries.length === 0 || lastNewIndex <= state.durability.durableIndex) acknowledge(state, following)
}

/** After a write: acknowledges what has become durable of the leader's entries. */
export function acknowledgeDurable(state: RaftState): void {
  const { following } = state
  if (following !== undefined && durableMatch(state, following) > following.acknowledgedIndex) {
    acknowledge(state, following)
  }
}

export function acknowledge(state: RaftState, following: Following): void {
  following.acknowledgedIndex = durableMatch(state, following)
  send(state, following.leaderId, {
    type: 'appendEntries.accepted',
    term: state.currentTerm,
    session: following.session,
    round: following.round,
    matchIndex: following.acknowledgedIndex,
    machineVersion: state.machineVersions.newest,
  })
}

function durableMatch(state: RaftState, following: Following): Index {
  return Math.min(following.verifiedIndex, state.durability.durableIndex)
}

/** Rules 1 and 2. The hint lets the leader pass over all entries of terms that cannot match. */
function rejectAppendEntries(state: RaftState, from: ServerId, { term, session, round, prevLog }: AppendEntries): void {
  send(state, from, {
    type: 'appendEntries.rejected',
    term: state.currentTerm,
    // A session of an older term says nothing in this one: its number may have been given out again since.
    session: term === state.currentTerm ? session : NO_SESSION,
    round: term === state.currentTerm ? round : NO_ROUND,
    prevLogIndex: prevLog.index,
    hint: state.log.lastUpToTerm(prevLog.index, prevLog.term),
  })
}

/** Entries that a snapshot stands for are committed, so that every leader has them (§5.4). */
function agreesAt({ log }: RaftState, prevLog: LogPosition): boolean {
  return prevLog.index < log.startsAfter.index || log.holds(prevLog)
}

/** A leader of this term was heard. Undefined when its message is of a session that is over. */
export function followLeader(
  state: RaftState,
  leaderId: ServerId,
  request: LeaderRequest,
  nowMs: number,
): Following | undefined {
  invariant(state.leaderId === undefined || state.leaderId === leaderId, 'at most one leader a term (§5.2)')
  state.leaderId = leaderId
  const following = followingOf(state, leaderId, request)
  if (following === undefined) return undefined
  state.lastContactMs = nowMs
  state.leaderHeardAtMs = nowMs
  return following
}

type LeaderRequest = AppendEntries | InstallSnapshot

function followingOf(state: RaftState, leaderId: ServerId, { session, round }: LeaderRequest): Following | undefined {
  const { following } = state
  if (following !== undefined && session <= following.session) {
    if (session < following.session) return undefined
    following.round = Math.max(following.round, round)
    return following
  }
  state.following = { leaderId, session, round, verifiedIndex: 0, acknowledgedIndex: 0 }
  return state.following
}

/** Rules 3 and 4. A delayed request may name entries we have long had: those stay, and what stands behind them too. */
function appendMissing(state: RaftState, { entries }: AppendEntries): void {
  const { log } = state
  for (const entry of entries) {
    if (entry.index <= log.startsAfter.index) continue
    if (entry.index <= log.lastIndex) {
      if (log.termAt(entry.index) === entry.term) continue
      truncateLog(state, entry.index - 1)
    }
    log.append(entry)
    state.lastTime = Math.max(state.lastTime, entry.time)
    if (entry.kind === 'configuration') useConfiguration(state, entry)
  }
}
