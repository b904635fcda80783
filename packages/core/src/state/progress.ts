import type { Index, ServerId } from '../identifiers.ts'
import type { SnapshotSending } from './snapshotSending.ts'

/** Sessions count from 1. */
export const NO_SESSION = 0

/** So do rounds. */
export const NO_ROUND = 0

/** One AppendEntries with entries that is not acknowledged yet. */
export interface InflightBatch {
  readonly lastIndex: Index
  readonly bytes: number
}

/** What a leader knows of one follower (Figure 2: nextIndex[], matchIndex[]). Always: matchIndex < nextIndex. */
export interface Progress {
  readonly id: ServerId
  /** Answers that name another session are of another time, and dropped. */
  readonly session: number
  /** The next entry to send. */
  nextIndex: Index
  /** Up to here the follower's log is known to be ours, and durable. Never falls. */
  matchIndex: Index
  /** Sent in replicate mode and not acknowledged; in order. */
  inflight: InflightBatch[]
  inflightBytes: number
  /** Ticks since it last answered in this term, or since this server was elected. */
  silentTicks: number
  /** The last round in which it said that it follows (thesis §6.4). */
  acknowledgedRound: number
  /** Something was sent since the last heartbeat tick: that was the heartbeat. */
  sentSinceTick: boolean
  /** The newest version of the state machine that it can run, by its last word; 0 before it has said so. */
  machineVersion: number
  /** The highest commit index this follower was told. */
  toldCommit: Index
  /** The store was asked for entries that are no longer in memory. */
  isReading: boolean
  /** The snapshot that it gets instead of entries that are gone. */
  sending: SnapshotSending | undefined
  /** Where the log ended when the present round of catching up began (thesis §4.2.1). */
  roundGoal: Index
  /** Ticks since then. */
  roundTicks: number
  /** The round before this one was shorter than an election timeout. */
  isCaughtUp: boolean
}

export function startProgress(id: ServerId, session: number, nextIndex: Index): Progress {
  return {
    id,
    session,
    nextIndex,
    matchIndex: 0,
    inflight: [],
    inflightBytes: 0,
    silentTicks: 0,
    acknowledgedRound: NO_ROUND,
    sentSinceTick: false,
    machineVersion: 0,
    toldCommit: 0,
    isReading: false,
    sending: undefined,
    roundGoal: nextIndex,
    roundTicks: 0,
    isCaughtUp: false,
  }
}

/** Catching up begins, or its next round does. */
export function startRounds(progress: Progress, lastIndex: Index): void {
  progress.roundGoal = lastIndex
  progress.roundTicks = 0
  progress.isCaughtUp = false
}

export function copyProgress(progress: Progress): Progress {
  const { inflight, sending } = progress
  return { ...progress, inflight: [...inflight], sending: sending && { ...sending } }
}
