import { PAPER_SETTINGS, firstEntry, resolveSettings, type Entry, type RaftMessage, type Term } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { checkAnswers, checkLogMatching, checkStep } from '../../src/search/groupChecks.ts'
import { NO_HISTORY, withCommitted, withLeader } from '../../src/search/history.ts'
import { Machine } from '../../src/search/machine.ts'
import { checkFlush, checkProgress, checkSend } from '../../src/search/machineChecks.ts'
import { idAt, storeAt, type Place } from '../../src/search/places.ts'
import { PROMISES, type Promised } from '../../src/search/promise.ts'
import { startMachine } from '../../src/search/turn.ts'

const FIRST = firstEntry('the-group', new Map([0, 1, 2].map((place) => [idAt(place), storeAt(place)])), 0)

/** Commands of these terms behind the first entry; `text` is what the last of them says. */
function entriesOf(terms: readonly Term[], text: string = 'x'): Entry[] {
  const commands = terms.map((term, at): Entry => {
    const said = at === terms.length - 1 ? text : 'x'
    return { kind: 'command', index: at + 2, term, time: 0, data: new TextEncoder().encode(said) }
  })
  return [FIRST, ...commands]
}

interface Like {
  readonly role?: 'follower' | 'leader'
  readonly term?: Term
  readonly commit?: number
  readonly text?: string
  readonly votedFor?: string
}

/** A machine with these terms in its log behind the first entry. */
function machine(place: Place, terms: readonly Term[], like: Like = {}): Machine {
  const { role = 'follower', term = 9, commit = 0, text, votedFor } = like
  const entries = entriesOf(terms, text)
  const disk = { hardState: { currentTerm: term, votedFor }, entries, pending: [] }
  const { image } = startMachine(place, disk, { settings: resolveSettings(PAPER_SETTINGS), writes: 'atOnce' }).machine
  const state = { ...image.state, commitIndex: commit }
  return new Machine(place, { ...image, role, state }, disk)
}

function broken(promise: Promised): string {
  return PROMISES[promise]
}

describe('what one machine must keep', () => {
  it('is its term and its commit index, while the process lives', () => {
    expect(() => checkProgress(machine(0, [], { term: 3 }), machine(0, [], { term: 2 }))).toThrow(
      broken('termNeverFalls'),
    )
    expect(() => checkProgress(machine(0, [2], { commit: 2 }), machine(0, [2], { commit: 1 }))).toThrow(
      broken('commitNeverFalls'),
    )
    expect(() => checkProgress(machine(0, [2], { commit: 1 }), machine(0, [2], { commit: 2 }))).not.toThrow()
  })

  it('is its log, while it leads', () => {
    const leader = { role: 'leader', term: 3 } as const
    expect(() => checkProgress(machine(0, [2, 3], leader), machine(0, [2], leader))).toThrow(broken('leaderAppendOnly'))
    expect(() => checkProgress(machine(0, [2, 2], leader), machine(0, [2, 3], leader))).toThrow(
      broken('leaderAppendOnly'),
    )
    expect(() => checkProgress(machine(0, [2], leader), machine(0, [2, 3], leader))).not.toThrow()
    expect(() => checkProgress(machine(0, [2, 3], leader), machine(0, [2], { term: 4 }))).not.toThrow()
  })

  it('is its vote, on its disk', () => {
    const none = { currentTerm: 3, votedFor: undefined }
    const given = { currentTerm: 3, votedFor: 'S2' }
    expect(() => checkFlush(0, given, { ...given, votedFor: 'S3' })).toThrow(broken('oneVoteATerm'))
    expect(() => checkFlush(0, given, none)).toThrow(broken('oneVoteATerm'))
    expect(() => checkFlush(0, given, { currentTerm: 2, votedFor: 'S2' })).toThrow(broken('termNeverFalls'))
    expect(() => checkFlush(0, none, given)).not.toThrow()
    expect(() => checkFlush(0, given, { currentTerm: 4, votedFor: 'S3' })).not.toThrow()
  })
})

describe('what leaves a machine', () => {
  function sending(from: Machine, to: Place, message: RaftMessage): () => void {
    return () => checkSend({ from: from.place, to, message }, from.image.state, from.disk)
  }

  it('is of the term on its disk', () => {
    const heartbeat = { session: 1, round: 0, prevLog: { index: 1, term: 1 }, entries: [], leaderCommit: 0 }
    const from = machine(0, [], { term: 3 })
    expect(sending(from, 1, { ...heartbeat, type: 'appendEntries', term: 4 })).toThrow(broken('termIsDurable'))
    expect(sending(from, 1, { ...heartbeat, type: 'appendEntries', term: 3 })).not.toThrow()
  })

  it('is the vote on its disk', () => {
    const voter = machine(0, [], { term: 3, votedFor: 'S2' })
    expect(sending(voter, 1, { type: 'requestVote.granted', term: 3 })).not.toThrow()
    expect(sending(voter, 2, { type: 'requestVote.granted', term: 3 })).toThrow(broken('voteIsDurable'))
    const request = { type: 'requestVote', term: 3, lastLog: { index: 1, term: 1 }, isTransfer: false } as const
    expect(sending(voter, 1, request)).toThrow(broken('voteIsDurable'))
    expect(sending(machine(1, [], { term: 3, votedFor: 'S2' }), 0, request)).not.toThrow()
  })

  it('acknowledges what is on its disk, as its log has it', () => {
    const follower = machine(0, [2, 2], { term: 3 })
    const accepted = { type: 'appendEntries.accepted', term: 3, session: 1, round: 0 } as const
    expect(sending(follower, 1, { ...accepted, machineVersion: 1, matchIndex: 3 })).not.toThrow()
    expect(sending(follower, 1, { ...accepted, machineVersion: 1, matchIndex: 4 })).toThrow(
      broken('acknowledgedIsDurable'),
    )
    const { image, disk } = follower
    const other = new Machine(0, image, { ...disk, entries: entriesOf([1, 1]) })
    expect(sending(other, 1, { ...accepted, machineVersion: 1, matchIndex: 3 })).toThrow(
      broken('acknowledgedIsDurable'),
    )
  })
})

describe('what the group must keep', () => {
  const leader = { role: 'leader', term: 4 } as const
  const committed = withCommitted(NO_HISTORY, machine(0, [2]).log, 2, 3)

  it('is one leader a term', () => {
    const history = withLeader(NO_HISTORY, 4, 1)
    const elected = machine(0, [], leader)
    expect(() => checkStep(history, machine(0, []), elected, [elected])).toThrow(broken('electionSafety'))
    expect(checkStep(NO_HISTORY, machine(0, []), elected, [elected]).leaders.get(4)).toBe(0)
  })

  it('are the committed entries, in the logs of later leaders', () => {
    const without = machine(1, [3], leader)
    expect(() => checkStep(committed, machine(1, [3]), without, [without])).toThrow(broken('leaderCompleteness'))
    const late = machine(1, [3], { role: 'leader', term: 3 })
    expect(() => checkStep(committed, machine(1, [3]), late, [late])).not.toThrow()
    const holding = machine(1, [2], leader)
    expect(() => checkStep(committed, machine(1, [2]), holding, [holding])).not.toThrow()
  })

  it('are the committed entries, on every server that knows of them', () => {
    const other = machine(1, [3], { commit: 2 })
    expect(() => checkStep(committed, machine(1, [3]), other, [other])).toThrow(broken('stateMachineSafety'))
    const same = machine(1, [2], { commit: 2 })
    expect(checkStep(committed, machine(1, [2]), same, [same])).toBe(committed)
  })

  it('commits as a leader does, and on the disks of a majority', () => {
    const follower = machine(0, [2], { commit: 2 })
    expect(() => checkStep(NO_HISTORY, machine(0, [2]), follower, [follower])).toThrow(broken('commitIsLed'))
    const before = machine(0, [4], leader)
    const after = machine(0, [4], { ...leader, commit: 2 })
    const [with4, without] = [machine(1, [4]), machine(2, [])]
    expect(checkStep(NO_HISTORY, before, after, [after, with4, without]).committed).toHaveLength(2)
    expect(() => checkStep(NO_HISTORY, before, after, [after, machine(1, [3]), without])).toThrow(
      broken('commitIsDurable'),
    )
  })

  it('has no two entries of one index and term, nor two histories before one', () => {
    expect(() => checkLogMatching(machine(0, [2, 3]), machine(1, [2, 4]))).not.toThrow()
    expect(() => checkLogMatching(machine(0, [2], { text: 'a' }), machine(1, [2], { text: 'b' }))).toThrow(
      broken('logMatching'),
    )
    expect(() => checkLogMatching(machine(0, [2, 4]), machine(1, [3, 4]))).toThrow(broken('logMatching'))
  })

  it('tells callers the truth', () => {
    const server = machine(0, [2], { text: 'command 1' })
    const history = withCommitted(NO_HISTORY, server.log, 2, 2)
    const [appended, elsewhere] = [2, 3].map((firstIndex) => {
      return [{ command: 1, outcome: { type: 'appended', firstIndex, term: 2 } as const }]
    })
    const refused = [{ command: 1, outcome: { type: 'notLeader', leaderId: undefined, term: 2 } as const }]
    expect(() => checkAnswers(history, appended!, server)).not.toThrow()
    expect(() => checkAnswers(history, elsewhere!, server)).toThrow(broken('answerIsTrue'))
    expect(() => checkAnswers(NO_HISTORY, appended!, server)).toThrow(broken('answerIsTrue'))
    expect(() => checkAnswers(history, refused, server)).toThrow(broken('answerIsTrue'))
    expect(() => checkAnswers(NO_HISTORY, refused, server)).not.toThrow()
    expect(() =>
      checkAnswers(NO_HISTORY, [{ command: 1, outcome: { type: 'unknown', term: 2 } }], server),
    ).not.toThrow()
  })
})
