import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readStormFile, writeStormFile, type StormFile } from '@quorate/sim'

const folder = mkdtempSync(join(tmpdir(), 'quorate-storm-'))
const path = join(folder, 'storm.json')

afterAll(() => rmSync(folder, { recursive: true }))

it('a storm comes out of its file as it went in', () => {
  const storm: StormFile = {
    seed: 2 ** 52,
    limits: { servers: 3, without: ['freeze#2'], withoutKinds: ['burst'], isNetworkCalm: true },
    check: 'logMatching',
    sentence: 'said "so"',
  }
  writeStormFile(path, storm)
  expect(readStormFile(path)).toEqual(storm)
})

it.each([
  ['no JSON', /storm\.json is no storm: .*JSON/],
  ['{}', /its seed is undefined/],
  ['{ "seed": 1.5 }', /its seed is 1\.5, and must be a whole number/],
  ['{ "seed": 1, "limits": { "without": ["flood#1"] } }', /there is no fault flood#1; the kinds are partition, /],
  ['{ "seed": 1, "limits": { "withoutKinds": ["flood"] } }', /there is no fault flood/],
])('%s is refused, and why is said', (text, message) => {
  writeFileSync(path, text)
  expect(() => readStormFile(path)).toThrow(message)
})
