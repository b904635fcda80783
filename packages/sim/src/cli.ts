#!/usr/bin/env node
import { UsageError } from './command/arguments.ts'
import { replayCommand } from './command/replayCommand.ts'
import { stormsCommand } from './command/stormsCommand.ts'

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  storms: stormsCommand,
  replay: replayCommand,
}

const [name = '', ...args] = process.argv.slice(2)
const command = COMMANDS[name]

try {
  if (command === undefined) {
    throw new UsageError(
      `${name === '' ? 'no command was given' : `there is no command ${name}`}; there are ${Object.keys(COMMANDS).join(', ')}`,
    )
  }
  process.exitCode = await command(args)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
