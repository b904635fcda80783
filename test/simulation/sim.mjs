// @ts-check
// The simulator's commands, with the ledger of this repository for runs that are long enough to tell of.
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../packages/sim/dist/command/command.js'

const ledger = fileURLToPath(new URL('ledger.jsonl', import.meta.url))
const line = process.argv.slice(2)
process.exitCode = await runCommand(line.includes('--minutes') ? [...line, '--ledger', ledger] : line)
