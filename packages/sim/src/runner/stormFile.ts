import { readFileSync, writeFileSync } from 'node:fs'
import { FAULTS, type FaultName } from '../storm/faults.ts'
import type { StormLimits } from '../storm/storm.ts'

/** A storm to run again: what is written when one fails, and what is kept once it is mended. */
export interface StormFile {
  readonly seed: number
  readonly limits: StormLimits
  /** What broke. */
  readonly check: string
  readonly sentence: string
}

export function writeStormFile(path: string, storm: StormFile): void {
  writeFileSync(path, `${JSON.stringify(storm, undefined, 2)}\n`)
}

/** @throws TypeError naming the file and what is wrong with it. */
export function readStormFile(path: string): StormFile {
  const wrong = (what: string): TypeError => new TypeError(`${path} is no storm: ${what}`)
  let found: Partial<StormFile>
  try {
    found = JSON.parse(readFileSync(path, 'utf8')) as Partial<StormFile>
  } catch (error) {
    throw wrong((error as Error).message)
  }
  const { seed, limits = {}, check = '', sentence = '' } = found
  if (!Number.isSafeInteger(seed)) throw wrong(`its seed is ${JSON.stringify(seed)}, and must be a whole number`)
  for (const fault of [...(limits.without ?? []), ...(limits.withoutKinds ?? [])]) {
    const kind = fault.split('#')[0] as FaultName
    if (!(kind in FAULTS)) throw wrong(`there is no fault ${fault}; the kinds are ${Object.keys(FAULTS).join(', ')}`)
  }
  return { seed: seed as number, limits, check, sentence }
}
