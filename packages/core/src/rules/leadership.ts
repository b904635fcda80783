import { hasQuorum, quorumIndex } from '../quorum/majority.ts'
import { configurationOf, type RaftState } from '../state/raftState.ts'
import type { RaftSettings } from '../settings.ts'

/** Ticks come twice in a heartbeat interval. */
const TICKS_PER_HEARTBEAT = 2

/**
 * A tick has passed on a leader. Silence is counted in ticks, of which a process that stands still has none: whatever
 * waits in its sockets when it goes on is heard before it is missed.
 */
export function countTick(state: RaftState): void {
  const { peers, durability } = state
  state.ticksSinceTransfer++
  for (const progress of peers.values()) progress.silentTicks++
  if (durability.pending.length > 0) durability.stalledTicks++
}

/** Whether a follower has answered within the longest election timeout. */
export function isHeard(state: RaftState, id: string): boolean {
  const { settings, peers } = state
  return (peers.get(id)?.silentTicks ?? Infinity) <= ticksIn(settings, settings.electionTimeoutMaxMs)
}

/** A majority has answered within the longest election timeout, this server included (thesis §6.2). */
export function holdsQuorum(state: RaftState): boolean {
  if (!state.settings.checkQuorum) return true
  return hasQuorum(configurationOf(state)?.voters ?? [[]], (id) => id === state.id || isHeard(state, id))
}

/** How long ago a majority has answered at last, this server included: in milliseconds, counted in ticks. */
export function leaderSilenceMs(state: RaftState): number {
  const ticks =
    0 -
    quorumIndex(configurationOf(state)?.voters ?? [[]], (id) =>
      id === state.id ? 0 : -(state.peers.get(id)?.silentTicks ?? Infinity),
    )
  return ticks * tickMs(state.settings)
}

/**
 * Writes are under way, and none was flushed for too long: followers hear heartbeats, and nothing counts as held by the
 * leader. Of no use where nobody else could lead.
 */
export function isStoreStalled({ settings, durability, peers }: RaftState): boolean {
  return peers.size > 0 && durability.stalledTicks > ticksIn(settings, settings.storeStallTimeoutMs)
}

/** How long a tick is. */
export function tickMs({ heartbeatIntervalMs }: RaftSettings): number {
  return heartbeatIntervalMs / TICKS_PER_HEARTBEAT
}

/** The ticks of so much time, rounded up. */
export function ticksIn({ heartbeatIntervalMs }: RaftSettings, durationMs: number): number {
  return Math.ceil((TICKS_PER_HEARTBEAT * durationMs) / heartbeatIntervalMs)
}
