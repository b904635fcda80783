import type { ServerId } from '../identifiers.ts'
import type { InstallSnapshot } from '../messages.ts'
import type { SnapshotDescription, StoredSnapshot } from '../snapshot.ts'
import { NO_ROUND, NO_SESSION } from '../state/progress.ts'
import type { Following, RaftState } from '../state/raftState.ts'
import { isIntakeOf, startIntake, type SnapshotIntake } from '../state/snapshotIntake.ts'
import { useConfiguration } from './configurations.ts'
import { send, truncateLog } from './durability.ts'
import { acknowledge, followLeader } from './following.ts'

/** Figure 13, InstallSnapshot RPC, receiver implementation. The term was looked at: it is not above ours. */
export function answerInstallSnapshot(state: RaftState, from: ServerId, request: InstallSnapshot, nowMs: number): void {
  if (request.term < state.currentTerm) {
    refuseInstallSnapshot(state, from, request)
    return
  }
  const following = followLeader(state, from, request, nowMs)
  if (following === undefined) return
  const { description } = request
  state.leaderCommit = Math.max(state.leaderCommit, description.lastIncluded.index)
  if (holdsAll(state, description)) {
    dropIntake(state)
    confirm(state, following, description)
    return
  }
  const intake = intakeOf(state, description)
  if (intake.stored !== undefined) install(state, following, intake.stored)
  else if (!takePiece(state, intake, request)) answerReceived(state, following, intake)
}

/** Rule 6, and more than it: what this server knows to be committed is what the snapshot stands for. */
function holdsAll({ commitIndex, log }: RaftState, { lastIncluded }: SnapshotDescription): boolean {
  return lastIncluded.index <= commitIndex || log.holds(lastIncluded)
}

/** It needs no snapshot: its own log is the leader's up to there. */
function confirm(state: RaftState, following: Following, { lastIncluded }: SnapshotDescription): void {
  following.verifiedIndex = Math.max(following.verifiedIndex, lastIncluded.index)
  state.commitIndex = Math.max(state.commitIndex, lastIncluded.index)
  acknowledge(state, following)
}

/** Rule 5: another, unfinished snapshot is discarded. The same goes on, whoever sends it. */
function intakeOf(state: RaftState, description: SnapshotDescription): SnapshotIntake {
  if (isIntakeOf(state.intake, description)) return state.intake
  dropIntake(state)
  const intake = startIntake(description)
  state.intake = intake
  if (description.sizeBytes === 0) finish(state, intake)
  return intake
}

/** Rules 2 to 4, where the piece is the next one. Returns false where it is not, and none is being written. */
function takePiece(state: RaftState, intake: SnapshotIntake, { offset, data }: InstallSnapshot): boolean {
  const isNext = data.length > 0 && offset === intake.receivedBytes && !intake.isWriting
  if (!isNext || offset + data.length > intake.description.sizeBytes) return false
  intake.isWriting = true
  state.outputs.intakeSteps.push({ type: 'write', description: intake.description, data })
  return true
}

/** The store has taken the piece. The leader is told at once, if there is one: the next can come. */
export function notePieceWritten(state: RaftState, description: SnapshotDescription, bytes: number): void {
  const { intake, following } = state
  if (!isIntakeOf(intake, description)) return
  intake.receivedBytes += bytes
  intake.isWriting = false
  if (intake.receivedBytes === description.sizeBytes) finish(state, intake)
  if (following !== undefined) answerReceived(state, following, intake)
}

function finish(state: RaftState, intake: SnapshotIntake): void {
  intake.isWriting = true
  state.outputs.intakeSteps.push({ type: 'finish', description: intake.description })
}

/**
 * The whole is flushed. It is installed if a leader is being followed, for it offered it, or one before did: what a
 * snapshot stands for is committed, whoever leads. If none is, the next that offers it finds it here.
 */
export function noteStored(state: RaftState, stored: StoredSnapshot): void {
  const { intake, following } = state
  if (!isIntakeOf(intake, stored.description)) return
  intake.isWriting = false
  intake.stored = stored
  if (following !== undefined && !holdsAll(state, stored.description)) install(state, following, stored)
}

/** What came is not what was promised: all of it once more. */
export function noteSpoiled(state: RaftState, description: SnapshotDescription): void {
  const { intake, following } = state
  if (!isIntakeOf(intake, description)) return
  const again = startIntake(description)
  state.intake = again
  if (following !== undefined) answerReceived(state, following, again)
}

function dropIntake(state: RaftState): void {
  const { intake } = state
  if (intake === undefined) return
  state.outputs.intakeSteps.push({ type: 'discard', description: intake.description })
  state.intake = undefined
}

/**
 * Rules 7 and 8: the snapshot takes the place of the whole log. What the log held beyond what is committed conflicts with
 * it, or `holdsAll` had found it. Acknowledged once the write is flushed, like entries.
 */
function install(state: RaftState, following: Following, stored: StoredSnapshot): void {
  const { durability, log } = state
  const { description } = stored
  // One that this server took itself waits for its write: the next offer comes behind it.
  if (durability.snapshot !== undefined) return
  useConfiguration(state, description.configuration)
  truncateLog(state, state.commitIndex)
  log.restartAfter(description.lastIncluded)
  durability.writtenIndex = description.lastIncluded.index
  durability.snapshot = { snapshot: stored, logStartsAfter: description.lastIncluded }
  state.intake = undefined
  state.snapshot = description
  state.configurations = [description.configuration]
  state.lastTime = Math.max(state.lastTime, description.lastTime)
  state.commitIndex = description.lastIncluded.index
  following.verifiedIndex = Math.max(following.verifiedIndex, description.lastIncluded.index)
}

function answerReceived(state: RaftState, { leaderId, session, round }: Following, intake: SnapshotIntake): void {
  send(state, leaderId, {
    type: 'installSnapshot.answered',
    term: state.currentTerm,
    session,
    round,
    lastIncludedIndex: intake.description.lastIncluded.index,
    receivedBytes: intake.receivedBytes,
  })
}

/** Rule 1: the sender leads no more, and learns so by the term. */
function refuseInstallSnapshot(state: RaftState, from: ServerId, { description }: InstallSnapshot): void {
  send(state, from, {
    type: 'installSnapshot.answered',
    term: state.currentTerm,
    session: NO_SESSION,
    round: NO_ROUND,
    lastIncludedIndex: description.lastIncluded.index,
    receivedBytes: 0,
  })
}
