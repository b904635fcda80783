import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const textOf = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8')

interface Line {
  readonly seeds: string
  readonly count: number
  readonly events: number
  readonly hours: number
}

const lines = textOf('ledger.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line)

test('the README tells what the ledger adds up to', () => {
  const sum = (of: (line: Line) => number): number => lines.reduce((total, line) => total + of(line), 0)
  const [seeds, hours, events] = [sum(({ count }) => count), sum((line) => line.hours), sum((line) => line.events)]
  const sentence = `${seeds.toLocaleString('en')} seeds, ${hours.toFixed(1)} simulated hours, ${(events / 1e6).toFixed(1)} million events`
  expect(textOf('../../README.md')).toContain(sentence)
})

test('no seed of the ledger was run twice', () => {
  let next = 1
  for (const { seeds, count } of lines) {
    const [first = NaN, last = NaN] = seeds.split('..').map(Number)
    expect([first, last - first + 1]).toEqual([next, count])
    next = last + 1
  }
})
