import type { GroupUuid, ServerId, StoreIdentity } from './identifiers.ts'

/** A server as the configuration knows it. The store is named so that a wiped disk is not taken for the old one. */
export interface Member {
  readonly id: ServerId
  readonly store: StoreIdentity
}

/** Who belongs to a group (§6). A server uses the latest configuration in its log, committed or not. */
export interface Configuration {
  readonly groupUuid: GroupUuid
  readonly members: readonly Member[]
  /**
   * The sets of servers of which each must give a majority: one set, or two while a change is under way (joint
   * consensus, §6).
   */
  readonly voters: readonly (readonly ServerId[])[]
}

export function memberOf(configuration: Configuration, id: ServerId): Member | undefined {
  return configuration.members.find((member) => member.id === id)
}

export function isVoter(configuration: Configuration, id: ServerId): boolean {
  return configuration.voters.some((set) => set.includes(id))
}
