import { BackupCutShortError, DamagedBackupError, ForeignBackupError, NewerBackupError } from '@quorate/wire'
import { backupCommand } from './backupCommand.ts'
import { groupsCommand } from './groupsCommand.ts'
import { recoverCommand } from './recoverCommand.ts'
import { restoreCommand } from './restoreCommand.ts'
import { Given, type Usage, UsageError } from './usage.ts'
import { verifyCommand } from './verifyCommand.ts'

/** One of the things that the command line does. `run` gives what is to be printed. */
export interface Command {
  readonly summary: string
  readonly usage: Usage
  readonly run: (given: Given) => Promise<string>
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['groups', groupsCommand],
  ['recover', recoverCommand],
  ['backup', backupCommand],
  ['restore', restoreCommand],
  ['verify', verifyCommand],
])

/** Carries out a command line. Resolves to the exit code: 0 when it is done, 1 when it failed, 2 when the line makes no sense. */
export async function runCommand(line: readonly string[]): Promise<number> {
  const [name = '--help', ...args] = line
  try {
    console.log(await outcomeOf(name, args))
    return 0
  } catch (error) {
    console.error(`quorate: ${messageOf(error, args)}`)
    return error instanceof UsageError ? 2 : 1
  }
}

async function outcomeOf(name: string, args: readonly string[]): Promise<string> {
  if (name === 'help' && args[0] !== undefined) return helpOf(commandOf(args[0]))
  if (name === '--help' || name === '-h' || name === 'help') return helpOfAll()
  const command = commandOf(name)
  if (args.includes('--help') || args.includes('-h')) return helpOf(command)
  return command.run(new Given(command.usage, args))
}

function commandOf(name: string): Command {
  const command = COMMANDS.get(name)
  if (command !== undefined) return command
  throw new UsageError(`there is no command ${name}; there are ${[...COMMANDS.keys()].join(', ')}. See quorate --help.`)
}

function helpOf({ usage }: Command): string {
  return `Usage: quorate ${usage.line}\n\n${usage.help}`
}

function helpOfAll(): string {
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`)
  return [
    'What a store of Quorate holds, recovery of groups that lost their majority, and backups.',
    '',
    'Usage: quorate <command> ...',
    '',
    ...lines,
    '',
    'quorate <command> --help says more. All of them work on the folders of servers that do not run; a server that runs gives',
    'a backup by log.backup(). Exit codes: 0 done, 1 failed, 2 a command line that makes no sense.',
  ].join('\n')
}

/** Errors of backups say where in the file; which file, the command line knows. */
function messageOf(error: unknown, args: readonly string[]): string {
  const isOfBackup = [BackupCutShortError, DamagedBackupError, ForeignBackupError, NewerBackupError].some(
    (each) => error instanceof each,
  )
  const message = error instanceof Error ? error.message : String(error)
  return isOfBackup ? `${args[0]}: ${message}` : message
}
