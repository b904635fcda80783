import type { RaftMessage } from '@quorate/core'
import { entryName, positionName } from './entryName.ts'
import type { Machine } from './machine.ts'
import { idAt, type Place } from './places.ts'

/** A message under way. */
export interface Envelope {
  readonly from: Place
  readonly to: Place
  readonly message: RaftMessage
}

export function envelopeKey({ from, to, message }: Envelope): string {
  return `${from}${to}${JSON.stringify(message)}`
}

/**
 * Whether it makes no difference any more if, and when, this machine gets the message: answers are of use in the term of
 * their question alone, and to who asked.
 */
export function isSpent({ message }: Envelope, { role, term, durableTerm }: Machine): boolean {
  const isAnswer = message.type.includes('.')
  // A term that is not durable may be forgotten, and then the answer would be news.
  if (!isAnswer || message.term > durableTerm) return false
  if (message.term < durableTerm || message.type === 'requestVote.refused') return true
  const asker = message.type === 'requestVote.granted' || message.type.startsWith('preVote') ? 'candidate' : 'leader'
  return role !== asker || term !== message.term
}

/** As a line of a trace shows it. */
export function describeEnvelope({ from, to, message }: Envelope, nameOf: (place: Place) => string = idAt): string {
  return `${message.type} of term ${message.term} from ${nameOf(from)} to ${nameOf(to)}${describeContent(message)}`
}

function describeContent(message: RaftMessage): string {
  switch (message.type) {
    case 'preVote':
    case 'requestVote':
    case 'timeoutNow':
      return `, last ${positionName(message.lastLog)}`
    case 'removed':
      return `, by the configuration at ${message.configurationIndex}`
    case 'preVote.granted':
    case 'preVote.refused':
    case 'requestVote.granted':
    case 'requestVote.refused':
      return ''
    case 'appendEntries': {
      const entries = message.entries.length === 0 ? 'none' : message.entries.map(entryName).join(' ')
      return `, previous ${positionName(message.prevLog)}, entries ${entries}, commit ${message.leaderCommit}`
    }
    case 'appendEntries.accepted':
      return `, match ${message.matchIndex}`
    case 'installSnapshot':
      return `, snapshot ${positionName(message.description.lastIncluded)} from ${message.offset}`
    case 'installSnapshot.answered':
      return `, snapshot ${message.lastIncludedIndex}, has ${message.receivedBytes}`
    case 'appendEntries.rejected':
      return `, previous ${message.prevLogIndex}, hint ${positionName(message.hint)}`
  }
}
