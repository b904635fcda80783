import { verifyBackup } from '../backupFile.ts'
import { backupLines } from './backupLines.ts'
import type { Command } from './command.ts'

export const verifyCommand: Command = {
  summary: 'says whether a backup is whole, and what it holds',
  usage: {
    line: 'verify <file>',
    operands: ['file'],
    options: {},
    required: [],
    help: 'Reads a backup from its first to its last byte, and says whether it is whole, and what it holds.',
  },
  async run(given) {
    return backupLines(await verifyBackup(given.operand(0))).join('\n')
  },
}
