import type { AppendEntries, Message } from '@quorate/core'
import { differenceOf } from '../difference.ts'

/**
 * Whether `received` is `sent`, or an AppendEntries that says a part of it: some of its entries, one behind the other,
 * with the entry before them as `prevLog`. A transport may cut up what is larger than one of its packets.
 */
export function isPartOf(sent: Message, received: Message): boolean {
  if (sent.type !== 'appendEntries' || received.type !== 'appendEntries') return isAlike(sent, received)
  const [first] = received.entries
  if (first === undefined) return isAlike(sent, received)
  const start = sent.entries.findIndex(({ index }) => index === first.index)
  return start >= 0 && isAlike(cut(sent, start, received.entries.length), received)
}

function cut(message: AppendEntries, start: number, count: number): AppendEntries {
  const before = message.entries[start - 1]
  const prevLog = before === undefined ? message.prevLog : { index: before.index, term: before.term }
  return { ...message, prevLog, entries: message.entries.slice(start, start + count) }
}

function isAlike(sent: Message, received: Message): boolean {
  return differenceOf('message', sent, received) === undefined
}
