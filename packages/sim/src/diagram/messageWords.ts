import type { Entry, InstallSnapshot, LogPosition, Message } from '@quorate/core'
import type { MessageName } from './story.ts'

/** A message as a story tells it. */
export interface MessageWords {
  readonly name: MessageName
  readonly text: string
}

/** Puts a message into words: its name first, then what decides its fate, positions as index/term. */
export function messageWords(message: Message): MessageWords {
  const name = nameOf(message)
  return { name, text: [name, ...particulars(message)].join(' ') }
}

function nameOf(message: Message): MessageName {
  return message.type === 'appendEntries' && message.entries.length === 0 ? 'heartbeat' : message.type
}

function particulars(message: Message): string[] {
  switch (message.type) {
    case 'preVote':
      return [`term ${message.term}`, `last ${position(message.lastLog)}`, `round ${message.round}`]
    case 'preVote.granted':
    case 'preVote.refused':
      return [`term ${message.term}`, `round ${message.round}`]
    case 'requestVote':
      return [
        `term ${message.term}`,
        `last ${position(message.lastLog)}`,
        ...(message.isTransfer ? ['as the leader wants it'] : []),
      ]
    case 'removed':
      return [`term ${message.term}`, `by the configuration at ${message.configurationIndex}`]
    case 'timeoutNow':
      return [`term ${message.term}`, `last ${position(message.lastLog)}`]
    case 'requestVote.granted':
    case 'requestVote.refused':
      return [`term ${message.term}`]
    case 'appendEntries':
      return [
        `term ${message.term}`,
        `prev ${position(message.prevLog)}`,
        ...entries(message.entries),
        `commit ${message.leaderCommit}`,
        `session ${message.session}`,
      ]
    case 'appendEntries.accepted':
      return [`term ${message.term}`, `match ${message.matchIndex}`, `session ${message.session}`]
    case 'appendEntries.rejected':
      return [
        `term ${message.term}`,
        `prev ${message.prevLogIndex}`,
        `hint ${position(message.hint)}`,
        `session ${message.session}`,
      ]
    case 'installSnapshot':
      return [
        `term ${message.term}`,
        `snapshot ${position(message.description.lastIncluded)}`,
        piece(message),
        `session ${message.session}`,
      ]
    case 'installSnapshot.answered':
      return [
        `term ${message.term}`,
        `snapshot ${message.lastIncludedIndex}`,
        `has ${message.receivedBytes}`,
        `session ${message.session}`,
      ]
    case 'bootstrap.inquiry':
      return [message.birth === undefined ? 'from a blank server' : `birth ${message.birth}`]
    case 'bootstrap.standing':
      return [
        message.groupUuid === undefined ? 'no group' : `group ${message.groupUuid}`,
        ...(message.knownStore === undefined ? [] : [`knows store ${message.knownStore}`]),
        ...(message.birth === undefined ? [] : [`birth ${message.birth}`]),
      ]
    case 'bootstrap.offer':
      return [`entry ${position(message.entry)}`]
    case 'bootstrap.accepted':
      return [`group ${message.groupUuid}`]
    case 'repair.inquiry':
      return [`wants ${position(message.wanted)}`]
    case 'repair.entry':
      return [`entry ${position(message.entry)}`]
    case 'repair.absent':
      return [
        `has no ${position(message.wanted)}`,
        ...(message.committedTerm === undefined ? [] : [`committed there is term ${message.committedTerm}`]),
        `log starts after ${message.startsAfter}`,
      ]
  }
}

function position({ index, term }: LogPosition): string {
  return `${index}/${term}`
}

/** Bytes of a snapshot as a range, the end excluded, of how many there are. */
function piece({ offset, data, description }: InstallSnapshot): string {
  const bytes = data.length === 0 ? `from ${offset}` : `bytes ${offset}..${offset + data.length}`
  return `${bytes} of ${description.sizeBytes}`
}

/** Entries of one term, which stand next to each other in any message, as one range: `entries 5..9/3 10/4`. */
function entries(list: readonly Entry[]): string[] {
  const ranges: { first: number; last: number; term: number }[] = []
  for (const { index, term } of list) {
    const range = ranges.at(-1)
    if (range !== undefined && range.term === term) range.last = index
    else ranges.push({ first: index, last: index, term })
  }
  if (ranges.length === 0) return []
  const words = ranges.map(({ first, last, term }) =>
    first === last ? `${first}/${term}` : `${first}..${last}/${term}`,
  )
  return [`entries ${words.join(' ')}`]
}
