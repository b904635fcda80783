import { execFileSync } from 'node:child_process'

/** Runs a tool of the operating system. @throws when it fails, or is not there. */
export function systemTool(name: string, ...args: readonly string[]): void {
  execFileSync(name, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
