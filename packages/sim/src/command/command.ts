import { runSearchCommand } from '../search/searchCommand.ts'
import { UsageError } from './arguments.ts'
import { replayCommand } from './replayCommand.ts'
import { scenarioCommand } from './scenarioCommand.ts'
import { stormsCommand } from './stormsCommand.ts'

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  storms: stormsCommand,
  replay: replayCommand,
  scenario: scenarioCommand,
  search: runSearchCommand,
}

/**
 * Carries out a command line, without a name `storms`. Resolves to the exit code: 0 when all is well, 1 when something is
 * broken, 2 when the line makes no sense.
 */
export async function runCommand(line: readonly string[]): Promise<number> {
  const [first = ''] = line
  const [name, args] = first === '' || first.startsWith('--') ? ['storms', line] : [first, line.slice(1)]
  const command = COMMANDS[name]
  try {
    if (command === undefined) {
      throw new UsageError(`there is no command ${name}; there are ${Object.keys(COMMANDS).join(', ')}`)
    }
    return await command(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(error.message)
    return 2
  }
}
