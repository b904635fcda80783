import { restoreGroup } from '../restoreGroup.ts'
import { backupLines } from './backupLines.ts'
import type { Command } from './command.ts'
import { nextSteps } from './nextSteps.ts'

export const restoreCommand: Command = {
  summary: 'founds a group anew from a backup',
  usage: {
    line: 'restore <file> --to <folder> --id <name> [--as <group name>]',
    operands: ['file'],
    options: { to: { type: 'string' }, id: { type: 'string' }, as: { type: 'string' } },
    required: ['to', 'id'],
    help: `Founds a group anew from a backup: a new group with the log and the snapshot of the former one, a UUID of its own, and one server.

  --to <folder>        where it is to stand: a folder that does not stand yet, or a store that does not hold the group. Its server
                       must not run
  --id <name>          the one server of the new group; others are added to it
  --as <group name>    what the new group is called; as the former one, unless given

The backup is read to its end before anything is written.`,
  },
  async run(given) {
    const [to, id, as] = [given.text('to'), given.name('id'), given.optionalName('as')]
    const { backup, group, groupUuid, index } = await restoreGroup({
      file: given.operand(0),
      to,
      id,
      ...(as !== undefined && { as }),
    })
    const { members } = backup.head.configuration.configuration
    const others = members.map((member) => member.id).filter((member) => member !== id)
    return [
      ...backupLines(backup),
      '',
      `${group} is founded anew in ${to}: group ${groupUuid}, which begins with entry ${index}.`,
      '',
      ...nextSteps({ to, id, groups: [group], others, takesName: group === backup.head.group }),
    ].join('\n')
  },
}
