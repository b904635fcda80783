import { backupGroup } from '../backupGroup.ts'
import { verifyBackup } from '../backupFile.ts'
import { backupLines } from './backupLines.ts'
import type { Command } from './command.ts'

export const backupCommand: Command = {
  summary: 'writes what a store holds of a group to a file',
  usage: {
    line: 'backup <folder> --group <name> --to <file>',
    operands: ['folder'],
    options: { group: { type: 'string' }, to: { type: 'string' } },
    required: ['group', 'to'],
    help: `Writes all that the store in a folder holds of a group to a file: its snapshot and its log. Its server must not run; one that runs
gives a backup by log.backup(), of what is committed alone. Here the last entries may not have been committed.

  --group <name>    the group
  --to <file>       the file; none may stand there. It is read again and checked when it is written`,
  },
  async run(given) {
    const [group, to] = [given.name('group'), given.text('to')]
    await backupGroup({ folder: given.operand(0), group, to })
    return backupLines(await verifyBackup(to)).join('\n')
  },
}
