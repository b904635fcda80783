import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Run {
  readonly code: number
  readonly output: string
}

export async function run(command: string, args: readonly string[], cwd: string): Promise<Run> {
  // As a user has it: without the conditions that vitest hands to Node, and without what an npx around this run was asked
  // to install, which an npx inside it would take for its own.
  const { NODE_OPTIONS: _ours, npm_config_package: _outer, ...env } = process.env
  const shell = process.platform === 'win32' && command !== process.execPath
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env, shell, maxBuffer: 64 << 20 })
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr, message } = error as { code: number; stdout: string; stderr: string; message: string }
    return { code, output: stdout + stderr || message }
  }
}

export async function succeed(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(command, args, cwd)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${output}`)
}

/** Makes an application of `folder`, with these packages: names with versions, or tarballs. */
export async function npmInstall(folder: string, wanted: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  const quiet = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  await succeed('npm', ['install', ...quiet, ...wanted], folder)
}
