import type { HardState, RaftState } from '@quorate/core'
import { describeEnvelope, type Envelope } from './envelope.ts'
import { entryName } from './entryName.ts'
import type { Machine } from './machine.ts'
import type { ModelDisk } from './modelDisk.ts'
import { idAt, type Place } from './places.ts'
import { keep } from './promise.ts'

/** What a message says must be on the disk of its sender when it leaves. */
export function checkSend(envelope: Envelope, { log }: RaftState, { hardState, entries }: ModelDisk): void {
  const { from, to, message } = envelope
  const { currentTerm, votedFor } = hardState
  const detail = (): string =>
    `${describeEnvelope(envelope)} leaves while the disk holds term ${currentTerm}, vote ${votedFor ?? 'none'}, ` +
    `log ${entries.map(entryName).join(' ')}`
  keep(message.term === currentTerm, 'termIsDurable', detail)
  if (message.type === 'requestVote') keep(votedFor === idAt(from), 'voteIsDurable', detail)
  if (message.type === 'requestVote.granted') keep(votedFor === idAt(to), 'voteIsDurable', detail)
  if (message.type !== 'appendEntries.accepted') return
  const isHeld = message.matchIndex <= entries.length
  const isOwn = entries.slice(0, message.matchIndex).every((entry) => log.holds(entry))
  keep(isHeld && isOwn, 'acknowledgedIsDurable', detail)
}

/** Votes leave only once they are durable; so if no disk ever exchanges one, none votes twice in a term. */
export function checkFlush(place: Place, before: HardState, after: HardState): void {
  const detail = (): string =>
    `the disk of ${idAt(place)} held term ${before.currentTerm} with vote ${before.votedFor ?? 'none'}, ` +
    `and is to hold term ${after.currentTerm} with vote ${after.votedFor ?? 'none'}`
  keep(after.currentTerm >= before.currentTerm, 'termNeverFalls', detail)
  const isOfOneTerm = after.currentTerm === before.currentTerm
  const isFree = before.votedFor === undefined || before.votedFor === after.votedFor
  keep(!isOfOneTerm || isFree, 'oneVoteATerm', detail)
}

/** What a process never goes back on. */
export function checkProgress(before: Machine, after: Machine): void {
  const detail = (): string => `${idAt(before.place)} was ${before.describe()}, and is ${after.describe()}`
  keep(after.term >= before.term, 'termNeverFalls', detail)
  keep(after.commitIndex >= before.commitIndex, 'commitNeverFalls', detail)
  if (before.role !== 'leader' || after.role !== 'leader' || before.term !== after.term) return
  keep(
    before.log.every((name, place) => after.log[place] === name),
    'leaderAppendOnly',
    detail,
  )
}
