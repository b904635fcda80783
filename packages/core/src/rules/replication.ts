import type { Entry } from '../entry.ts'
import { entryBytes } from '../entry.ts'
import { invariant } from '../errors.ts'
import type { Index, LogPosition } from '../identifiers.ts'
import type {
  AppendEntriesAccepted,
  AppendEntriesRejected,
  AppendEntriesReply,
  InstallSnapshotAnswered,
} from '../messages.ts'
import type { Progress } from '../state/progress.ts'
import type { RaftState } from '../state/raftState.ts'
import { startReadRounds } from '../state/readRounds.ts'
import { appendNoOp } from './appending.ts'
import { advanceCommitIndex } from './commitment.ts'
import { send } from './durability.ts'
import { updatePeers } from './membership.ts'
import { needsSnapshot, renewCredit, sendSnapshotHeartbeat } from './snapshotSending.ts'
import { noteBeyondWord, tellTarget } from './transfer.ts'

/** §5.2, §5.3: a new leader takes nothing for granted of its followers, and appends an empty entry first (§5.4.2, §8). */
export function takeLeadership(state: RaftState, wallTime: number): void {
  state.leaderId = state.id
  state.votes.clear()
  state.peers.clear()
  state.durability.stalledTicks = 0
  state.ticksSinceTransfer = 0
  renewCredit(state)
  state.readRounds = startReadRounds()
  state.told.clear()
  state.upgradeIndex = 0
  appendNoOp(state, wallTime)
  updatePeers(state)
}

/**
 * Asks whether the follower's log agrees at `nextIndex - 1`, with the entries that follow in case it does, as far as they
 * are in memory: for a question that may be answered with no, nothing is read from the store.
 */
export function probe(state: RaftState, peer: Progress): void {
  if (needsSnapshot(state, peer)) return
  sendEntries(state, peer, cachedFor(state, peer, state.settings.maxBatchBytes) ?? [])
}

/** Sends what the follower lacks, ahead of its acknowledgements as far as the window reaches (thesis §10.2.1). */
export function replicate(state: RaftState, peer: Progress): void {
  const { maxBatchBytes, maxInflightBytes, maxInflightEntries } = state.settings
  while (peer.nextIndex <= state.log.lastIndex && !needsSnapshot(state, peer)) {
    const isOpen =
      peer.inflight.length === 0 ||
      (peer.inflightBytes < maxInflightBytes && peer.nextIndex - 1 - peer.matchIndex < maxInflightEntries)
    if (!isOpen) return
    const entries = entriesFor(state, peer, maxBatchBytes)
    if (entries === undefined) return
    sendAhead(state, peer, entries)
  }
}

/**
 * Twice in a heartbeat interval. A follower that had a word since the last tick needs none; so none waits longer than
 * the interval, and no heartbeat is sent while entries flow. Not bounded by the window: it finds what was lost.
 */
export function heartbeat(state: RaftState, peer: Progress): void {
  if (peer.sentSinceTick) peer.sentSinceTick = false
  else sendHeartbeat(state, peer)
}

/** Carries no entries, so that it is answered at once, whatever the disk of the follower does. */
export function sendHeartbeat(state: RaftState, peer: Progress): void {
  if (peer.sending === undefined) sendEntries(state, peer, [])
  else sendSnapshotHeartbeat(state, peer)
}

/** As `heartbeat`, while probing: asks again, since the question or the answer may have been lost. */
export function probeAgain(state: RaftState, peer: Progress): void {
  if (peer.sentSinceTick) peer.sentSinceTick = false
  else probe(state, peer)
}

/** Tells an idle follower that entries it holds are committed, rather than let it wait for the next heartbeat. */
export function tellCommitIndex(state: RaftState, peer: Progress): void {
  if (peer.toldCommit < state.commitIndex && peer.nextIndex > state.log.lastIndex) sendHeartbeat(state, peer)
}

/** Whether an answer belongs to what this leader is doing with the follower now. */
export function isOfSession(peer: Progress, reply: AppendEntriesReply | InstallSnapshotAnswered): boolean {
  return reply.session === peer.session
}

/** §5.3: a follower holds everything up to `matchIndex`, durably. */
export function noteAcceptance(state: RaftState, peer: Progress, reply: AppendEntriesAccepted): void {
  const { matchIndex, machineVersion } = reply
  invariant(matchIndex <= state.log.lastIndex, 'a follower acknowledges nothing that its leader does not hold')
  // The last word counts: its process may have been put back to older code.
  peer.machineVersion = machineVersion
  if (matchIndex > peer.matchIndex) {
    peer.matchIndex = matchIndex
    let acknowledged = 0
    while (acknowledged < peer.inflight.length && peer.inflight[acknowledged]!.lastIndex <= matchIndex) {
      peer.inflightBytes -= peer.inflight[acknowledged]!.bytes
      acknowledged++
    }
    peer.inflight.splice(0, acknowledged)
    advanceCommitIndex(state)
  }
  peer.nextIndex = Math.max(peer.nextIndex, matchIndex + 1)
  noteBeyondWord(state, peer)
  tellTarget(state)
}

/** The probe matched: go on from what the follower has. */
export function startReplicating(peer: Progress): void {
  peer.nextIndex = peer.matchIndex + 1
  forgetInflight(peer)
}

/** Whether a rejection is news: of a request that was sent, and not overtaken by a later answer. */
export function isFreshRejection(peer: Progress, { prevLogIndex }: AppendEntriesRejected, isProbing: boolean): boolean {
  if (isProbing) return prevLogIndex === peer.nextIndex - 1
  return prevLogIndex > peer.matchIndex && prevLogIndex < peer.nextIndex
}

/** §5.3: decrements nextIndex and retries: by one entry, or past all entries of terms that cannot match. */
export function stepBack(state: RaftState, peer: Progress, { prevLogIndex, hint }: AppendEntriesRejected): void {
  const byEntry = prevLogIndex
  const byTerm = state.log.lastUpToTerm(hint.index, hint.term).index + 1
  const nextIndex = state.settings.backtracking === 'term' ? Math.min(byTerm, byEntry) : byEntry
  peer.nextIndex = Math.max(nextIndex, peer.matchIndex + 1)
  forgetInflight(peer)
}

/** The connection came back: what was under way may be lost. */
export function restartFromMatch(peer: Progress): void {
  peer.nextIndex = peer.matchIndex + 1
  forgetInflight(peer)
}

/** Entries that had to be fetched from the store have come. */
export function sendRead(state: RaftState, peer: Progress, entries: readonly Entry[]): void {
  dropRead(peer)
  const isWanted =
    entries[0]?.index === peer.nextIndex &&
    entries.every((entry) => state.log.holds({ index: entry.index, term: entry.term }))
  if (isWanted) sendAhead(state, peer, entries)
}

/** Entries have come that were to be sent before the follower was asked again where it agrees. */
export function dropRead(peer: Progress): void {
  peer.isReading = false
}

function forgetInflight(peer: Progress): void {
  peer.inflight = []
  peer.inflightBytes = 0
}

/** Undefined while they are being read from the store. */
function entriesFor(state: RaftState, peer: Progress, maxBytes: number): readonly Entry[] | undefined {
  if (peer.isReading) return undefined
  const entries = cachedFor(state, peer, maxBytes)
  if (entries === undefined) {
    peer.isReading = true
    const upTo = state.log.cachedAfter
    state.outputs.reads.push({ for: peer.id, session: peer.session, after: peer.nextIndex - 1, upTo, maxBytes })
  }
  return entries
}

function cachedFor({ log }: RaftState, { nextIndex }: Progress, maxBytes: number): readonly Entry[] | undefined {
  return log.cached(nextIndex - 1, log.lastIndex, maxBytes)
}

function sendAhead(state: RaftState, peer: Progress, entries: readonly Entry[]): void {
  sendEntries(state, peer, entries)
  const lastIndex = peer.nextIndex + entries.length - 1
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  peer.inflight.push({ lastIndex, bytes })
  peer.inflightBytes += bytes
  peer.nextIndex = lastIndex + 1
}

function sendEntries(state: RaftState, peer: Progress, entries: readonly Entry[]): void {
  const prevLog = positionAt(state, peer.nextIndex - 1)
  send(state, peer.id, {
    type: 'appendEntries',
    term: state.currentTerm,
    session: peer.session,
    round: state.readRounds.last,
    prevLog,
    entries,
    leaderCommit: state.commitIndex,
  })
  peer.sentSinceTick = true
  peer.toldCommit = state.commitIndex
}

function positionAt(state: RaftState, index: Index): LogPosition {
  const term = state.log.termAt(index)
  invariant(term !== undefined, 'nextIndex is at most one above the last entry')
  return { index, term }
}
