// @ts-check
import { ADMISSION_MUTANTS } from './catalogue/admission.mjs'
import { COMMITMENT_MUTANTS } from './catalogue/commitment.mjs'
import { CRASH_MUTANTS } from './catalogue/crashes.mjs'
import { DAMAGE_MUTANTS } from './catalogue/damage.mjs'
import { DRIVER_MUTANTS } from './catalogue/driver.mjs'
import { DURABILITY_MUTANTS } from './catalogue/durability.mjs'
import { ELECTION_MUTANTS } from './catalogue/elections.mjs'
import { EXACTLY_ONCE_MUTANTS } from './catalogue/exactlyOnce.mjs'
import { FOLLOWING_MUTANTS } from './catalogue/following.mjs'
import { LEADERSHIP_MUTANTS } from './catalogue/leadership.mjs'
import { MEMBERSHIP_MUTANTS } from './catalogue/membership.mjs'
import { READ_MUTANTS } from './catalogue/reads.mjs'
import { REPAIR_MUTANTS } from './catalogue/repair.mjs'
import { REPLICATION_MUTANTS } from './catalogue/replication.mjs'
import { SNAPSHOT_MUTANTS } from './catalogue/snapshots.mjs'
import { UPGRADING_MUTANTS } from './catalogue/upgrading.mjs'
import { VOTE_MUTANTS } from './catalogue/votes.mjs'

/**
 * Every fault that the suite has to find.
 * @type {readonly import('./mutant.mjs').Mutant[]}
 */
export const MUTANTS = [
  ...VOTE_MUTANTS,
  ...ELECTION_MUTANTS,
  ...LEADERSHIP_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
  ...FOLLOWING_MUTANTS,
  ...REPLICATION_MUTANTS,
  ...COMMITMENT_MUTANTS,
  ...READ_MUTANTS,
  ...EXACTLY_ONCE_MUTANTS,
  ...UPGRADING_MUTANTS,
  ...SNAPSHOT_MUTANTS,
  ...DURABILITY_MUTANTS,
  ...DRIVER_MUTANTS,
  ...ADMISSION_MUTANTS,
  ...CRASH_MUTANTS,
  ...DAMAGE_MUTANTS,
  ...REPAIR_MUTANTS,
]
