import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseScenario, readScenarioFile, runScenario } from '@quorate/sim'
import { EXPECTATIONS } from '../../src/scenario/text/expectSteps.ts'
import { HEADINGS } from '../../src/scenario/text/scenarioDraft.ts'
import { STEPS } from '../../src/scenario/text/steps.ts'

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

describe('the page on the language', () => {
  const page = readFileSync(`${FOLDER}README.md`, 'utf8')

  it('names every statement', () => {
    const names = [...Object.keys(HEADINGS), ...Object.keys(STEPS), ...Object.keys(EXPECTATIONS)]
    expect(names.filter((name) => !page.includes(`\`${name}`))).toEqual([])
  })

  it('has an example that runs', async () => {
    const { failure } = await runScenario(parseScenario(page.split('```')[1] ?? '', 'README.md'))
    expect(failure?.message).toBeUndefined()
  })
})
