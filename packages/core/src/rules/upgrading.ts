import type { Entry, UpgradeEntry } from '../entry.ts'
import { invariant } from '../errors.ts'
import type { RaftState } from '../state/raftState.ts'
import { nextPlace } from './appending.ts'

/**
 * The newest version of the state machine that every member can run, by its last word; undefined unless it is newer than the
 * one in force. Learners count too: they apply what voters do. A member that was never heard can run none.
 */
export function upgradeVersion({ machineVersions, machineVersion, peers }: RaftState): number | undefined {
  let version = machineVersions.newest
  for (const peer of peers.values()) version = Math.min(version, peer.machineVersion)
  return version > machineVersion ? version : undefined
}

/**
 * Whether a leader may name the next version: it has applied all that stood in its log before, so that it knows the one in
 * force, and nothing that it has named since is open. Who is to take over must hold the whole log (thesis §3.10).
 */
export function mayUpgrade(state: RaftState): boolean {
  if (upgradeVersion(state) === undefined || state.transfer !== undefined || !isUpgraded(state)) return false
  return state.log.termAt(state.lastApplied) === state.currentTerm
}

/** The version that this leader has named is in force. */
export function isUpgraded({ upgradeIndex, lastApplied }: RaftState): boolean {
  return upgradeIndex <= lastApplied
}

/** From this entry on, all servers apply by the next version. */
export function appendUpgrade(state: RaftState, wallTime: number): void {
  const machineVersion = upgradeVersion(state)
  invariant(machineVersion !== undefined, 'a version is named that all members can run')
  const entry: UpgradeEntry = { kind: 'upgrade', ...nextPlace(state, wallTime), machineVersion }
  state.log.append(entry)
  state.upgradeIndex = entry.index
}

/** The version that is in force from this entry on; undefined where it stays as it is. */
export function versionNamedBy(entry: Entry): number | undefined {
  return entry.kind === 'upgrade' || entry.kind === 'configuration' ? entry.machineVersion : undefined
}

/** The state machine is about to take this entry: a version that it names is in force. */
export function followVersion(state: RaftState, entry: Entry): void {
  const version = versionNamedBy(entry)
  if (version === undefined) return
  const isFirst = entry.index === 1
  invariant(isFirst || version > state.machineVersion, 'versions of the state machine rise along the log')
  state.machineVersion = version
}
