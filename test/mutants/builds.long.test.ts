import { expect, it } from 'vitest'
import { MUTANTS } from './catalogue.mjs'
import type { Mutant } from './mutant.mjs'
import { WorkspaceCopy } from './workspaceCopy.mjs'

/** Side by side, each in a copy of its own. */
const COPIES = 2

it('every fault of the catalogue builds: one that does not is caught by the compiler, and tells nothing of the checks', async () => {
  const left = [...MUTANTS]
  const complaints: string[] = []
  const work = async (): Promise<void> => {
    const copy = await WorkspaceCopy.make()
    try {
      for (let mutant: Mutant | undefined = left.pop(); mutant !== undefined; mutant = left.pop()) {
        const said = await copy.complaints(mutant)
        if (said !== '') complaints.push(`${mutant.name}: ${said}`)
      }
    } finally {
      await copy.remove()
    }
  }
  await Promise.all(Array.from({ length: COPIES }, work))
  expect(complaints).toEqual([])
})
