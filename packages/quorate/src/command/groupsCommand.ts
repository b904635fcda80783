import { type GroupReport, inspectStore } from '../groupReport.ts'
import type { Command } from './command.ts'
import { columns, countOf, sizeOf, timeOf } from './words.ts'

export const groupsCommand: Command = {
  summary: 'says what a store holds: its groups, their servers, how far their logs go',
  usage: {
    line: 'groups <folder>',
    operands: ['folder'],
    options: {},
    required: [],
    help: `Says what the store in a folder holds: for each group its UUID, its servers as the log names them, the term, the log, the
snapshot, and entries that cannot be read any more.

Its server must not run. To open a store writes to it what the start of its server writes, and nothing else.`,
  },
  async run(given) {
    const { folder, identity, groups } = await inspectStore(given.operand(0))
    const lines = [`The store in ${folder} is ${identity}. It holds ${countOf(groups.length, 'group')}.`]
    return [...lines, ...groups.flatMap((report) => ['', report.group, ...linesOf(report, identity)])].join('\n')
  },
}

function linesOf(report: GroupReport, identity: string): string[] {
  const { groupUuid, origin, currentTerm, votedFor, damaged, isUnfinished } = report
  const [first, ...others] = serverLines(report, identity)
  const rows = [['group', groupUuid], ['servers', first ?? 'none'], ...others.map((line) => ['', line])]
  if (isUnfinished)
    rows.push(['', 'It was being restored or recovered into this store when that was cut short. Repeat that.'])
  if (report.voters.length > 1) rows.push(['', 'A change of the members is under way: two sets of servers vote.'])
  rows.push(['term', `${currentTerm}, ${votedFor === undefined ? 'no vote given' : `voted for ${votedFor}`}`])
  rows.push(['log', logOf(report)], ['snapshot', snapshotOf(report)])
  if (damaged.length > 0) rows.push(['damaged', damagedOf(damaged)])
  if (origin !== undefined) {
    rows.push(['origin', `the group ${origin.groupUuid}, up to its entry ${origin.lastIndex}, by ${origin.reason}`])
  }
  return columns(rows, '  ')
}

function serverLines({ servers }: GroupReport, identity: string): string[] {
  return columns(
    servers.map(({ id, store, votes }) => [id, votes ? 'votes' : 'learns', store === identity ? 'this store' : store]),
  )
}

function logOf({ logStartsAfter, last, lastTime }: GroupReport): string {
  if (last.index === logStartsAfter.index) return `no entries behind entry ${last.index}`
  const range = `entries ${logStartsAfter.index + 1} to ${last.index}`
  return `${range}, the last of term ${last.term}, ${timeOf(lastTime)}`
}

function snapshotOf({ snapshot }: GroupReport): string {
  if (snapshot === undefined) return 'none'
  const { lastIncluded, sizeBytes, lastTime } = snapshot
  return `stands for the entries up to ${lastIncluded.index}, ${sizeOf(sizeBytes)}, ${timeOf(lastTime)}`
}

function damagedOf(damaged: readonly number[]): string {
  const shown = damaged.length > 8 ? `${damaged.slice(0, 8).join(', ')} ...` : damaged.join(', ')
  return `${countOf(damaged.length, 'entry', 'entries')} cannot be read any more: ${shown}`
}
