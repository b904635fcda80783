import type { Configuration } from '../configuration.ts'
import type { ConfigurationEntry } from '../entry.ts'
import { invariant } from '../errors.ts'
import type { GroupUuid, ServerId, StoreIdentity, Term } from '../identifiers.ts'
import { FIRST_MACHINE_VERSION } from '../machineVersions.ts'
import type { RaftState } from '../state/raftState.ts'
import { useConfiguration } from './configurations.ts'

/** No server ever leads in this term: it is the term of the first entry alone. */
export const BOOTSTRAP_TERM: Term = 1

/**
 * The first entry of a group's log, the same on every server: who belongs to it, each by its store, and by which version of the
 * state machine it begins.
 */
export function firstEntry(
  groupUuid: GroupUuid,
  stores: ReadonlyMap<ServerId, StoreIdentity>,
  wallTime: number,
  machineVersion: number = FIRST_MACHINE_VERSION,
): ConfigurationEntry {
  const configuration: Configuration = {
    groupUuid,
    members: [...stores].map(([id, store]) => ({ id, store })),
    voters: [[...stores.keys()]],
  }
  const entry = { kind: 'configuration', index: 1, term: BOOTSTRAP_TERM, time: wallTime, configuration } as const
  return machineVersion === FIRST_MACHINE_VERSION ? entry : { ...entry, machineVersion }
}

/** The group is born on this server. A blank server has voted for nobody and holds nothing that this could overwrite. */
export function writeFirstEntry(state: RaftState, entry: ConfigurationEntry): void {
  invariant(state.log.lastIndex === 0, 'a group is born once')
  state.currentTerm = Math.max(state.currentTerm, entry.term)
  state.durability.hardStateChanged = true
  state.log.append(entry)
  state.lastTime = entry.time
  useConfiguration(state, entry)
}
