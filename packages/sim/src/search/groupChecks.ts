import { withCommitted, withLeader, type History } from './history.ts'
import type { Machine } from './machine.ts'
import { positionOfName } from './entryName.ts'
import { idAt } from './places.ts'
import { keep } from './promise.ts'
import type { Answered } from './turn.ts'

/** Whether a step of a machine concerns the group: it leads from now on, or takes more as committed. */
export function concernsGroup(before: Machine, after: Machine): boolean {
  return isElected(before, after) || isCommitting(before, after)
}

function isElected(before: Machine, after: Machine): boolean {
  return after.role === 'leader' && (before.role !== 'leader' || before.term !== after.term)
}

/** A process that has restarted learns anew what is committed. */
function isCommitting(before: Machine, after: Machine): boolean {
  return after.commitIndex > 0 && after.commitIndex !== before.commitIndex
}

/**
 * What one machine's step means to the group, and the history from then on. `machines` are all as they stand behind the
 * step, `after` among them.
 * @throws PromiseBroken
 */
export function checkStep(history: History, before: Machine, after: Machine, machines: readonly Machine[]): History {
  const next = isElected(before, after) ? checkNewLeader(history, after) : history
  return isCommitting(before, after) ? checkCommit(next, after, machines) : next
}

function checkNewLeader(history: History, { place, term, log }: Machine): History {
  const known = history.leaders.get(term) ?? place
  keep(known === place, 'electionSafety', () => `both ${idAt(known)} and ${idAt(place)} lead term ${term}`)
  for (const [at, { entry, inTerm }] of history.committed.entries()) {
    keep(
      inTerm >= term || log[at] === entry,
      'leaderCompleteness',
      () => `${idAt(place)} leads term ${term} without ${entry}, which was committed in term ${inTerm}`,
    )
  }
  return withLeader(history, term, place)
}

function checkCommit(history: History, machine: Machine, machines: readonly Machine[]): History {
  const { place, log, commitIndex, role, term } = machine
  const { committed } = history
  for (let at = 0; at < Math.min(commitIndex, committed.length); at++) {
    const { entry } = committed[at]!
    keep(
      log[at] === entry,
      'stateMachineSafety',
      () => `${idAt(place)} takes ${log[at]} as committed, and not ${entry}`,
    )
  }
  if (commitIndex <= committed.length) return history
  keep(role === 'leader', 'commitIsLed', () => `the ${role} ${idAt(place)} knows ${log[commitIndex - 1]} as committed`)
  for (let at = committed.length; at < commitIndex; at++) {
    const holders = machines.filter(({ durableLog }) => durableLog[at] === log[at])
    keep(
      2 * holders.length > machines.length,
      'commitIsDurable',
      () => `${idAt(place)} commits ${log[at]}, and on disk have it ${holders.map((one) => idAt(one.place)).join()}`,
    )
  }
  return withCommitted(history, log, commitIndex, term)
}

/** What callers were told must be so already: what is applied is final. */
export function checkAnswers({ committed }: History, answered: readonly Answered[], { place }: Machine): void {
  for (const { command, outcome } of answered) {
    if (outcome.type === 'unknown') continue
    const where = committed.findIndex(({ entry }) => entry.endsWith(`:command ${command}`))
    const expected = outcome.type === 'appended' ? outcome.firstIndex - 1 : -1
    const told = outcome.type === 'appended' ? `it is at ${outcome.firstIndex}` : 'it is not in the log'
    keep(where === expected, 'answerIsTrue', () => {
      const truth = where < 0 ? 'it is not committed' : `it is committed at ${where + 1}`
      return `${idAt(place)} says of command ${command} that ${told}, and ${truth}`
    })
  }
}

/** Of all entries of one index and term, there is one; and before it, in all logs, the same. */
export function checkLogMatching(one: Machine, other: Machine): void {
  let last = Math.min(one.log.length, other.log.length) - 1
  while (last >= 0 && positionOfName(one.log[last]!) !== positionOfName(other.log[last]!)) last--
  for (let at = 0; at <= last; at++) {
    keep(
      one.log[at] === other.log[at],
      'logMatching',
      () => `the log of ${idAt(one.place)} is ${one.log.join(' ')}, and of ${idAt(other.place)} ${other.log.join(' ')}`,
    )
  }
}
