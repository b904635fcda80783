import type { FoundedGroup } from '../founding.ts'
import { assertTarget, recoverGroups } from '../recoverGroups.ts'
import { type GroupPlan, planRecovery, type RecoveryPlan } from '../recoveryPlan.ts'
import type { Command } from './command.ts'
import { nextSteps } from './nextSteps.ts'
import { listOf, timeOf } from './words.ts'

export const recoverCommand: Command = {
  summary: 'founds groups anew from one server, when their majority is lost for good',
  usage: {
    line: 'recover <folder> --to <new folder> --id <name> [--group <name>]... [--compare <folder>]... [--yes]',
    operands: ['folder'],
    options: {
      to: { type: 'string' },
      id: { type: 'string' },
      group: { type: 'string', multiple: true },
      compare: { type: 'string', multiple: true },
      yes: { type: 'boolean' },
    },
    required: ['to', 'id'],
    help: `For groups of which so many servers are gone for good that the rest is no majority. While the others can come back, bring them
back instead: this may lose what was committed.

Takes the log that one server has left and founds the group anew with it: a new group, with a UUID of its own and one server,
in a new store. Servers of the former group have no part in it, should they come back.

Without --yes it only says what would be, and what may be lost.

  --to <new folder>     where the new store is to stand; or a store that does not hold these groups
  --id <name>           the one server of the new groups; others are added to it
  --group <name>        this group alone; may be repeated. All that the folder holds, unless given
  --compare <folder>    the folder of another server of the former group, to see which log is the most up to date; may be
                        repeated. The more of them are looked at, the less may be lost
  --yes                 do it

No server may run on any of the folders. What is in <folder> stays as it is, but for what opening a store writes.`,
  },
  async run(given) {
    const options = {
      folder: given.operand(0),
      to: given.text('to'),
      id: given.name('id'),
      groups: given.list('group'),
      compare: given.list('compare'),
    }
    const plan = await planRecovery(options)
    await assertTarget(plan)
    if (!given.flag('yes')) return [...planLines(plan), ...askLines(plan)].join('\n')
    const founded = await recoverGroups(options)
    return [...planLines(plan), ...doneLines(plan, founded)].join('\n')
  },
}

function planLines(plan: RecoveryPlan): string[] {
  if (plan.groups.length === 0) return [`${plan.folder} holds no group.`]
  return plan.groups.flatMap((group) => [...groupLines(group, plan), ''])
}

function groupLines(plan: GroupPlan, { folder, id }: RecoveryPlan): string[] {
  const { report, givenUp, compared, otherGroups, latest } = plan
  const { group, groupUuid, last, lastTime, damaged, snapshot } = report
  const lines = [`${group} (${groupUuid})`]
  const of = report.id === undefined ? 'a server that it does not name' : `the server ${report.id}`
  lines.push(
    `  The log in ${folder}, of ${of}, goes up to entry ${last.index} of term ${last.term}, ${timeOf(lastTime)}.`,
  )
  if (snapshot !== undefined) lines.push(`  Its snapshot stands for the entries up to ${snapshot.lastIncluded.index}.`)
  for (const { folder: other, id: server, last: end } of compared) {
    lines.push(
      `  The log in ${other}, of ${server ?? 'a server that it does not name'}, goes up to entry ${end.index} of term ${end.term}.`,
    )
  }
  for (const other of otherGroups)
    lines.push(`  ${other} holds another group of this name, and says nothing about this one.`)
  if (latest !== undefined) {
    lines.push(
      `  TAKE ${latest} INSTEAD: its log is more up to date, and may hold entries that were committed and are missing here.`,
    )
  }
  if (damaged.length > 0)
    lines.push(`  ${damaged.length} of its entries cannot be read any more: recovery from here is refused.`)
  lines.push(...lossLines(plan))
  const rest = givenUp.length === 0 ? 'It has no other server.' : `Given up as its servers: ${listOf(givenUp)}.`
  lines.push(`  The new group has one server, ${id}. ${rest}`)
  return lines
}

function lossLines({ unseen, mayLoseCommitted, report, latest }: GroupPlan): string[] {
  const known =
    report.snapshot === undefined
      ? 'Which of its last entries were committed'
      : `Which of its entries behind ${report.snapshot.lastIncluded.index} were committed`
  const uncommitted = `  ${known} is not known: all of them will be, also such as nobody got an answer for.`
  const behind = latest === undefined ? `behind entry ${report.last.index} ` : ''
  if (mayLoseCommitted) {
    const holders = unseen.length === 0 ? 'others' : listOf(unseen)
    return [
      `  May be lost: entries ${behind}that ${holders} had committed without any log that was looked at.`,
      uncommitted,
    ]
  }
  const where = latest ?? 'this log'
  const why =
    unseen.length === 0
      ? 'every voter was looked at'
      : `of the voters only ${listOf(unseen)} ${unseen.length === 1 ? 'was' : 'were'} not looked at, and that is no majority`
  return [`  Nothing that was committed is lost with ${where}: ${why}.`, uncommitted]
}

function askLines({ to, groups }: RecoveryPlan): string[] {
  if (groups.length === 0) return []
  return [`Nothing is done yet. With --yes the new store is written to ${to}.`]
}

function doneLines({ to, id, groups }: RecoveryPlan, founded: readonly FoundedGroup[]): string[] {
  const lines = founded.map(({ group, groupUuid, index }) => {
    return `${group} is founded anew in ${to}: group ${groupUuid}, which begins with entry ${index}.`
  })
  const former = [...new Set(groups.flatMap(({ givenUp }) => givenUp))].filter((other) => other !== id)
  return [
    ...lines,
    '',
    ...nextSteps({ to, id, groups: founded.map(({ group }) => group), others: former, takesName: true }),
  ]
}
