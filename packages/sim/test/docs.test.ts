import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FAULTS, INVARIANTS } from '@quorate/sim'
import { expect, test } from 'vitest'

const page = readFileSync(fileURLToPath(new URL('../docs/simulator.md', import.meta.url)), 'utf8')

test('docs/simulator.md tells every invariant in its own words', () => {
  const missing = Object.entries(INVARIANTS).filter(
    ([name, sentence]) => !page.includes(`| \`${name}\` | ${sentence} |`),
  )
  expect(missing).toEqual([])
})

test('docs/simulator.md tells every kind of fault', () => {
  expect(Object.keys(FAULTS).filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([])
})
