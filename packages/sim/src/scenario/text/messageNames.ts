import type { MessageName } from '../../diagram/story.ts'

/** What can be under way between servers of a group that has been born. */
export const MESSAGE_NAMES = [
  'preVote',
  'preVote.granted',
  'preVote.refused',
  'requestVote',
  'requestVote.granted',
  'requestVote.refused',
  'appendEntries',
  'appendEntries.accepted',
  'appendEntries.rejected',
  'installSnapshot',
  'installSnapshot.answered',
  'timeoutNow',
  'removed',
  'heartbeat',
] as const satisfies readonly MessageName[]
