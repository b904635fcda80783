import { memberOf } from '../configuration.ts'
import type { ServerId } from '../identifiers.ts'
import type { Removed } from '../messages.ts'
import type { ConfigurationEntry } from '../entry.ts'
import { InvariantViolation, StoreReplacedError } from '../errors.ts'
import { committedConfiguration, configurationOf, type RaftState } from '../state/raftState.ts'
import { send } from './durability.ts'

/** §6: a server uses the latest configuration in its log from the moment it is appended. */
export function useConfiguration(state: RaftState, { index, configuration }: ConfigurationEntry): void {
  const former = configurationOf(state)
  if (former !== undefined && former.groupUuid !== configuration.groupUuid) {
    state.failure = new InvariantViolation(`group ${state.group} keeps the UUID it was born with`)
  }
  state.configurations.push({ index, configuration })
  checkOwnStore(state)
}

/**
 * A candidate that was removed may not know: nobody replicates to it any more. Left alone it would ask for ever (thesis
 * §4.2.3).
 */
export function tellIfRemoved(state: RaftState, candidate: ServerId): void {
  const committed = committedConfiguration(state)
  if (committed === undefined || memberOf(committed.configuration, candidate) !== undefined) return
  const { currentTerm: term, log } = state
  const configuration = { index: committed.index, term: log.termAt(committed.index)! }
  send(state, candidate, { type: 'removed', term, configuration })
}

export function noteRemoval(state: RaftState, { configuration }: Removed): void {
  state.removedAt = Math.max(state.removedAt, configuration.index)
}

/** A server whose store is not the one that the group knows it by must not take part: what that one promised is lost. */
export function checkOwnStore(state: RaftState): void {
  const configuration = configurationOf(state)
  const known = configuration === undefined ? undefined : memberOf(configuration, state.id)
  if (known !== undefined && known.store !== state.store) {
    state.failure = new StoreReplacedError(state.group, state.id, known.store, state.store)
  }
}
