import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from './catalogue.mjs'
import { applyEdits, editsByFile, type Edit } from './mutant.mjs'
import { WORKSPACE } from './workspaceCopy.mjs'

const KNOWN = ['ES', 'LM', 'LC', 'SMS', 'DUR', 'LIVE', 'MONO', 'CFG', 'XO', 'LIN']

/** What keeps the edits from being made. */
function misfit(file: string, edits: readonly Edit[]): string[] {
  const text = readFileSync(join(WORKSPACE, file), 'utf8')
  try {
    return applyEdits(text, edits) === text ? [`${file} stays as it is: ${edits[0]?.find}`] : []
  } catch (error) {
    return [(error as Error).message]
  }
}

describe('the catalogue of faults', () => {
  it('has at least fifty, each of a name of its own', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(50)
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  })

  it('has canaries', () => {
    expect(MUTANTS.filter(({ canary }) => canary === true).length).toBeGreaterThanOrEqual(5)
  })

  it('says of each what is wrong, where that was found, and what it breaks', () => {
    const silent = MUTANTS.filter(({ name, title, source, breaks }) => {
      const isNamed = /^[a-z]+(-[a-z]+)*$/.test(name) && /^[A-Z].*\.$/.test(title) && source !== ''
      return !isNamed || breaks.length === 0 || !breaks.every((broken) => KNOWN.includes(broken))
    })
    expect(silent).toEqual([])
  })

  it('fits the sources, and changes them', () => {
    const misfits = MUTANTS.flatMap((mutant) =>
      [...editsByFile(mutant)].flatMap(([file, edits]) => misfit(file, edits)),
    )
    expect(misfits).toEqual([])
    expect(MUTANTS.filter(({ edits }) => edits.length === 0)).toEqual([])
  })

  it('plants no fault twice', () => {
    const edits = MUTANTS.map((mutant) => JSON.stringify(mutant.edits))
    expect(new Set(edits).size).toBe(MUTANTS.length)
  })
})

describe('an edit', () => {
  const edit = { file: 'a.ts', find: 'two', replace: '$& three' }

  it('replaces its snippet, letter by letter', () => {
    expect(applyEdits('one two', [edit])).toBe('one $& three')
  })

  it.each(['one', 'two two'])('is refused where its snippet is not there exactly once: %s', (text) => {
    expect(() => applyEdits(text, [edit])).toThrow(/^a\.ts has (0|2) times, not once: two$/)
  })
})
