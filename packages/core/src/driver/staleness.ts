import type { Index } from '../identifiers.ts'
import { leaderSilenceMs } from '../rules/leadership.ts'
import type { RaftServer } from '../statecharts/raftServer.ts'

/** How far what this server has applied may be behind, as far as it can tell by itself. */
export interface Staleness {
  /** The last entry that was applied here. */
  readonly lastApplied: Index
  /** How many committed entries it knows of that are not applied here, or have not even come. */
  readonly behind: number
  /**
   * Milliseconds since it last heard its leader, or as a leader since a majority last answered it: what was committed
   * meanwhile it cannot know, nor what was under way then. Undefined when this process has learnt of no commitment yet.
   */
  readonly silentMs: number | undefined
}

export function stalenessOf({ state, role }: RaftServer, nowMs: number): Staleness {
  const { lastApplied, commitIndex, recoveredCommit, leaderCommit, leaderHeardAtMs } = state
  const committed = Math.max(commitIndex, leaderCommit)
  const silentMs = role === 'leader' ? leaderSilenceMs(state) : nowMs - leaderHeardAtMs
  const hasLearnt = committed > recoveredCommit || leaderCommit > 0
  return { lastApplied, behind: committed - lastApplied, silentMs: hasLearnt ? silentMs : undefined }
}
