import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readScenarioFile, runScenario } from '@quorate/sim'

const FOLDER = fileURLToPath(new URL('../../scenarios/', import.meta.url))
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.scenario'))
const SCENARIOS = FILES.map((name) => ({ name, ...readScenarioFile(FOLDER + name) }))

describe('the scenarios that ship', () => {
  it('are at least 25, each under a title of its own', () => {
    const titles = SCENARIOS.map(({ title }) => title)
    expect(titles.length).toBeGreaterThanOrEqual(25)
    expect(new Set(titles).size).toBe(titles.length)
  })

  it.each(SCENARIOS)('$name ends with what it came for', ({ statements }) => {
    expect(statements.at(-1)?.text).toMatch(/^expect /)
  })

  for (const { name, ...scenario } of SCENARIOS) {
    it(`${scenario.title} (${scenario.source})`, async () => {
      const { failure } = await runScenario(scenario)
      expect(failure?.message, name).toBeUndefined()
    })
  }
})
