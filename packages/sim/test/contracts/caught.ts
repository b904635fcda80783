import { expect } from 'vitest'
import { ContractBrokenError, type ContractCase, type Patience } from '../../src/contracts/index.ts'

/** Sound implementations answer within milliseconds, but a busy machine may not. */
export const BRIEF: Patience = { quietMs: 5 }

/** What never comes is not waited for as long as what comes late on a busy machine. */
export function patienceFor(message: RegExp): Patience {
  return message.source.includes('never') ? { patienceMs: 150 } : {}
}

/** Something broken, the case that must catch it, and what the case says. */
export type Breakage<Broken> = readonly [what: string, broken: Broken, title: string, message: RegExp]

/** The case of this title fails, and says why. */
export async function expectCaught(cases: readonly ContractCase[], title: string, message: RegExp): Promise<void> {
  const found = cases.find((one) => one.title === title)
  expect(found, `a case called ${title}`).toBeDefined()
  const error: unknown = await found!.run().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error, 'what the case says').toBeInstanceOf(ContractBrokenError)
  expect((error as ContractBrokenError).message).toMatch(message)
}

export function titlesOf(cases: readonly ContractCase[]): string[] {
  return cases.map(({ title }) => title)
}

/** No case is there that never fails: each of them has caught something broken. */
export function expectEachToCatch(cases: readonly ContractCase[], broken: readonly Breakage<unknown>[]): void {
  const biting = broken.map(([, , title]) => title)
  expect(titlesOf(cases).filter((title) => !biting.includes(title))).toEqual([])
}
