import type { GroupUuid, Index, ServerId, StoreIdentity } from './identifiers.ts'

/** A server as the configuration knows it. The store is named so that a wiped disk is not taken for the old one. */
export interface Member {
  readonly id: ServerId
  readonly store: StoreIdentity
  /** Whoever has the highest is to lead, as long as it is well: 0 to 255, and 1 where it is absent. */
  readonly priority?: number
}

/** Nobody needs to say it. */
export const ORDINARY_PRIORITY = 1
export const HIGHEST_PRIORITY = 255

/** Who belongs to a group (§6). A server uses the latest configuration in its log, committed or not. */
export interface Configuration {
  readonly groupUuid: GroupUuid
  /** In the configuration with which a group goes on from another one's log: see `Origin`. */
  readonly origin?: Origin
  /** All that the log is replicated to. Those that are in no set of voters are learners (thesis §4.2.1). */
  readonly members: readonly Member[]
  /**
   * The sets of servers of which each must give a majority: one set, or two while a change is under way (joint
   * consensus, §6).
   */
  readonly voters: readonly (readonly ServerId[])[]
  /** What the change that is under way leads to; absent when none is. Whoever leads goes on with it. */
  readonly next?: NextConfiguration
}

/**
 * A group that was founded anew from what was left of another: after the loss of its majority, or from a backup. Whatever the
 * other group had committed behind `lastIndex` is not in this one.
 */
export interface Origin {
  readonly groupUuid: GroupUuid
  readonly lastIndex: Index
  readonly reason: 'recovery' | 'restore'
}

/** A configuration and where in the log it stands. */
export interface PlacedConfiguration {
  readonly index: Index
  readonly configuration: Configuration
}

/** Where a change of the configuration ends: these members, of which these vote. */
export interface NextConfiguration {
  readonly members: readonly Member[]
  readonly voters: readonly ServerId[]
}

export function memberOf({ members }: Pick<Configuration, 'members'>, id: ServerId): Member | undefined {
  return members.find((member) => member.id === id)
}

export function priorityOf(configuration: Pick<Configuration, 'members'>, id: ServerId): number {
  return memberOf(configuration, id)?.priority ?? ORDINARY_PRIORITY
}

export function isVoter(configuration: Configuration, id: ServerId): boolean {
  return configuration.voters.some((set) => set.includes(id))
}

/** Whether `voters` and `members` are those of `configuration`, in whatever order, and no change is under way. */
export function isAt({ members, voters, next }: Configuration, target: NextConfiguration): boolean {
  if (next !== undefined || voters.length > 1) return false
  return isSameSet(voters[0] ?? [], target.voters) && isSameSet(members.map(nameOf), target.members.map(nameOf))
}

/** How many servers vote in the one set and not in the other. */
export function voterDifference(a: readonly ServerId[], b: readonly ServerId[]): number {
  return a.filter((id) => !b.includes(id)).length + b.filter((id) => !a.includes(id)).length
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && voterDifference(a, b) === 0
}

function nameOf({ id, store, priority = ORDINARY_PRIORITY }: Member): string {
  return `${id} ${store} ${priority}`
}
