import { memberOf, type PlacedConfiguration } from '../configuration.ts'
import type { ServerId } from '../identifiers.ts'
import type { Removed } from '../messages.ts'
import { InvariantViolation } from '../errors.ts'
import { committedConfiguration, configurationOf, type RaftState } from '../state/raftState.ts'
import { send } from './durability.ts'

/** §6: a server uses the latest configuration in its log from the moment it is appended. */
export function useConfiguration(state: RaftState, { index, configuration }: PlacedConfiguration): void {
  const former = configurationOf(state)
  if (former !== undefined && former.groupUuid !== configuration.groupUuid) {
    state.failure = new InvariantViolation(`group ${state.group} keeps the UUID it was born with`)
  }
  state.configurations.push({ index, configuration })
}

/**
 * A candidate that was removed may not know: nobody replicates to it any more. Left alone it would ask for ever (thesis
 * §4.2.3).
 */
export function tellIfRemoved(state: RaftState, candidate: ServerId): void {
  const committed = committedConfiguration(state)
  if (committed === undefined || memberOf(committed.configuration, candidate) !== undefined) return
  send(state, candidate, { type: 'removed', term: state.currentTerm, configurationIndex: committed.index })
}

export function noteRemoval(state: RaftState, { configurationIndex }: Removed): void {
  state.removedAt = Math.max(state.removedAt, configurationIndex)
}

/**
 * Whether the latest configuration that it has knows it by its store, or does not know it. If not, either the store is
 * not that of this server, or it has yet to catch up to where it was let in: until then it takes part in no decision.
 */
export function isRecognised(state: RaftState): boolean {
  const configuration = configurationOf(state)
  const known = configuration === undefined ? undefined : memberOf(configuration, state.id)
  return known === undefined || known.store === state.store
}
