import { invariant } from '../errors.ts'
import type { AppendEntriesAccepted, InstallSnapshotAnswered } from '../messages.ts'
import type { SnapshotDescription } from '../snapshot.ts'
import type { Progress } from '../state/progress.ts'
import type { RaftState } from '../state/raftState.ts'
import { startSending, type SnapshotSending } from '../state/snapshotSending.ts'
import { send } from './durability.ts'
import { isHeard, tickMs, ticksIn } from './leadership.ts'

const NO_DATA = new Uint8Array()
const MS_PER_SECOND = 1000

/** §7: the leader has discarded the next entry that the follower needs, or the one before it. */
export function needsSnapshot({ log }: RaftState, { nextIndex }: Progress): boolean {
  return nextIndex <= log.startsAfter.index
}

/** The follower gets the snapshot as it is now; how far it is with it, it says itself: it may have begun long ago. */
export function sendSnapshot(state: RaftState, peer: Progress): void {
  const { snapshot } = state
  invariant(snapshot !== undefined, 'what is gone from the log is in a snapshot (§7)')
  peer.inflight = []
  peer.inflightBytes = 0
  peer.sending = startSending(snapshot)
  sendPiece(state, peer, peer.sending, NO_DATA)
}

/** The entries behind what the follower has are in the log. */
export function hasCaughtUpWithLog({ log }: RaftState, { matchIndex }: AppendEntriesAccepted): boolean {
  return matchIndex >= log.startsAfter.index
}

/** The follower has what this snapshot stands for. */
export function hasInstalled({ sending }: Progress, { matchIndex }: AppendEntriesAccepted): boolean {
  return sending !== undefined && matchIndex >= sending.description.lastIncluded.index
}

/** The follower gets entries again. */
export function endSending(peer: Progress): void {
  peer.sending = undefined
}

/**
 * The follower has said how far it is. What it says of itself counts, also if it is less than before: it may have begun
 * anew. Answers to heartbeats say nothing new, and the piece that is under way goes on.
 */
export function noteReceived(state: RaftState, peer: Progress, reply: InstallSnapshotAnswered): void {
  const { sending } = peer
  if (sending === undefined || reply.lastIncludedIndex !== sending.description.lastIncluded.index) return
  if (reply.receivedBytes === sending.offset && sending.awaits !== 'progress') return
  sending.offset = Math.min(reply.receivedBytes, sending.description.sizeBytes)
  sending.idleTicks = 0
  if (sending.awaits !== 'read') sending.awaits = 'nothing'
  readPiece(state, peer, sending)
}

/** Twice in a heartbeat interval: the heartbeat, and a look whether the follower still comes forward. */
export function tickSending(state: RaftState, peer: Progress): void {
  const { sending } = peer
  if (sending === undefined) return
  sending.idleTicks += 1
  // It would need the later one all the same, and keeps this one from being removed.
  if (sending.description !== state.snapshot && !isHeard(state, peer.id)) {
    sendSnapshot(state, peer)
    return
  }
  if (sending.awaits !== 'read' && sending.idleTicks > ticksIn(state.settings, state.settings.electionTimeoutMaxMs)) {
    askProgress(state, peer, sending)
    return
  }
  readPiece(state, peer, sending)
  if (peer.sentSinceTick) peer.sentSinceTick = false
  else sendPiece(state, peer, sending, NO_DATA)
}

/** A round of those who read, or the connection came back: a word without data. */
export function sendSnapshotHeartbeat(state: RaftState, peer: Progress): void {
  if (peer.sending !== undefined) sendPiece(state, peer, peer.sending, NO_DATA)
}

/** The connection came back: what was under way may be lost. */
export function askAgain(state: RaftState, peer: Progress): void {
  if (peer.sending !== undefined && peer.sending.awaits !== 'read') askProgress(state, peer, peer.sending)
}

function askProgress(state: RaftState, peer: Progress, sending: SnapshotSending): void {
  sending.awaits = 'progress'
  sending.idleTicks = 0
  sendPiece(state, peer, sending, NO_DATA)
}

/** With each tick, so much more may leave; what was not used is not saved up, but for one piece. */
export function renewCredit(state: RaftState): void {
  const { settings, snapshotCreditBytes } = state
  const { snapshotBytesPerSecond, snapshotChunkBytes } = settings
  const perTick = (snapshotBytesPerSecond * tickMs(settings)) / MS_PER_SECOND
  state.snapshotCreditBytes = Math.min(snapshotCreditBytes + perTick, Math.max(perTick, snapshotChunkBytes))
}

/** Asks the store for the next piece, if none is under way, and the rate allows one. */
function readPiece(state: RaftState, peer: Progress, sending: SnapshotSending): void {
  const { description, offset } = sending
  if (sending.awaits !== 'nothing' || offset >= description.sizeBytes || state.snapshotCreditBytes <= 0) return
  sending.awaits = 'read'
  const maxBytes = state.settings.snapshotChunkBytes
  state.outputs.snapshotReads.push({ for: peer.id, session: peer.session, description, offset, maxBytes })
}

/** A piece has come from the store. */
export function sendReadPiece(state: RaftState, peer: Progress, offset: number, data: Uint8Array): void {
  const { sending } = peer
  if (sending === undefined || sending.awaits !== 'read') return
  sending.awaits = 'nothing'
  if (offset !== sending.offset) {
    readPiece(state, peer, sending)
    return
  }
  sending.awaits = 'receipt'
  state.snapshotCreditBytes -= data.length
  sendPiece(state, peer, sending, data)
}

/** The snapshot that was being sent is no longer in the store: the present one, from its beginning. */
export function sendPresent(state: RaftState, peer: Progress, description: SnapshotDescription): void {
  if (peer.sending?.description === description) sendSnapshot(state, peer)
}

function sendPiece(state: RaftState, peer: Progress, { description, offset }: SnapshotSending, data: Uint8Array): void {
  send(state, peer.id, {
    type: 'installSnapshot',
    term: state.currentTerm,
    session: peer.session,
    round: state.readRounds.last,
    description,
    offset,
    data,
  })
  peer.sentSinceTick = true
}
