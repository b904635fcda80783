import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'

/** What one campaign of storms came to: a line of the ledger. */
export interface LedgerLine {
  readonly first: number
  readonly last: number
  readonly seeds: number
  readonly events: number
  readonly simulatedMs: number
  readonly faults: number
  readonly operations: number
  readonly commit: string
  readonly verdict: string
}

/** Adds a line to the file, which is made when it does not stand. */
export async function appendToLedger(file: string, line: LedgerLine): Promise<void> {
  const { first, last, seeds, events, simulatedMs, faults, operations, commit, verdict } = line
  const hours = Number((simulatedMs / 3_600_000).toFixed(2))
  const text = JSON.stringify({
    seeds: `${first}..${last}`,
    count: seeds,
    commit,
    events,
    hours,
    faults,
    operations,
    verdict,
  })
  appendFileSync(file, `${text}\n`)
}

/** The seed behind the last that the ledger has; 1 when there is none. */
export function nextSeedOf(file: string): number {
  if (!existsSync(file)) return 1
  const lasts = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number((JSON.parse(line) as { seeds: string }).seeds.split('..')[1]))
  return Math.max(0, ...lasts) + 1
}

/** The commit that is checked out, with a plus when files differ from it. */
export function commitOf(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--untracked-files=no', 'packages') === '' ? '' : '+')
    )
  } catch {
    return 'unknown'
  }
}
