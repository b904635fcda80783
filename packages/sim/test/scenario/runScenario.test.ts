import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ExpectationFailed,
  InvariantBroken,
  parseScenario,
  runScenario,
  runScenarioFile,
  StepFailed,
} from '@quorate/sim'
import { scenarioCommand } from '../../src/command/scenarioCommand.ts'
import { UsageError } from '../../src/command/arguments.ts'

const HEAD = 'scenario A title\nsource raft paper §5.2\ncluster 3\n'
const GOOD = `${HEAD}elect s1\nexpect leader s1 term 2\n`
const BAD = `${HEAD}elect s1\nexpect term s2 7\nexpect term s2 8\n`

describe('a run of a scenario', () => {
  it('comes to its end when all is as expected', async () => {
    const { failure, story } = await runScenario(parseScenario(GOOD, 'good.scenario'))
    expect(failure).toBeUndefined()
    expect(story).toMatchObject({
      title: 'A title',
      broken: undefined,
      replay: 'npm run sim -- scenario good.scenario',
    })
  })

  it('ends at the first expectation that fails, with file, line, statement and what was found', async () => {
    const { failure, story } = await runScenario(parseScenario(BAD, 'bad.scenario'))
    expect(failure?.error).toBeInstanceOf(ExpectationFailed)
    expect(failure?.message).toMatch(
      /^bad\.scenario:5: expect term s2 7\nexpected s2 to be in term 7; it is in term 2\.\n {2}s1: leader/,
    )
    expect(story.broken).toMatchObject({ promise: 'expect term s2 7' })
  })

  it('ends at a step that cannot be taken', async () => {
    const { failure } = await runScenario(parseScenario(`${HEAD}settle\nrestart s1\n`, 'bad.scenario'))
    expect(failure?.error).toBeInstanceOf(StepFailed)
    expect(failure?.message).toBe('bad.scenario:5: restart s1\ns1 runs: crash it first')
  })

  it('ends at an invariant that breaks, and tells which', async () => {
    const scenario = parseScenario(GOOD)
    const [elect, ...others] = scenario.statements
    const spoil = {
      line: 9,
      text: 'spoil',
      run: async (cluster: Parameters<NonNullable<typeof elect>['run']>[0]) => {
        const state = cluster.world.node('s2').server?.server.state
        if (state !== undefined) state.votedFor = 's3'
        await cluster.settle()
      },
    }
    const statements = [...(elect === undefined ? [] : [elect]), spoil, ...others]
    const { failure, story } = await runScenario({ ...scenario, statements })
    expect(failure?.error).toBeInstanceOf(InvariantBroken)
    expect(story.broken?.promise).toBe('a vote goes only to a candidate that asked for it in that term (§5.2)')
  })

  it('can be run twice: nothing of the first run is left in the scenario', async () => {
    const scenario = parseScenario(GOOD)
    const [first, second] = [await runScenario(scenario), await runScenario(scenario)]
    expect(second.story).toEqual(first.story)
  })
})

describe('scenario files', () => {
  let folder = ''
  const said: string[] = []
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'quorate-scenario-'))
    said.length = 0
    vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line))
  })

  afterEach(() => {
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true })
  })

  it('are run', async () => {
    const { failure, scenario } = await runScenarioFile(put('good.scenario', GOOD))
    expect(failure).toBeUndefined()
    expect(scenario.title).toBe('A title')
  })

  it('are run by the command, which says how each went', async () => {
    const [good, bad] = [put('good.scenario', GOOD), put('bad.scenario', BAD)]
    expect(await scenarioCommand([good])).toBe(0)
    expect(said).toEqual([`ok      A title (${good})`])
    said.length = 0
    expect(await scenarioCommand([bad, good])).toBe(1)
    expect(said[0]).toMatch(
      /^failed {2}A title .*\n {8}.*bad\.scenario:5: expect term s2 7\n {8}expected s2 to be in term 7/,
    )
    expect(said.slice(1)).toEqual([`ok      A title (${good})`, '\n1 ok, 1 failed'])
  })

  it('are drawn by the command, whether they went well or not', async () => {
    const html = join(folder, 'out.html')
    await scenarioCommand([put('good.scenario', GOOD), '--html', html])
    expect(readFileSync(html, 'utf8')).toContain('Every promise was kept')
    await scenarioCommand(['--html', html, put('bad.scenario', BAD)])
    expect(readFileSync(html, 'utf8')).toContain('expect term s2 7')
  })

  it('are refused by the command when they are none', async () => {
    const good = put('good.scenario', GOOD)
    await expect(scenarioCommand([])).rejects.toThrow('scenario: give one file or more')
    await expect(scenarioCommand([good, '--pdf'])).rejects.toThrow(/--pdf.*The option is --html/s)
    await expect(scenarioCommand([good, good, '--html', 'out.html'])).rejects.toThrow('there are 2 files: give one')
    for (const file of [put('none.scenario', 'nonsense'), join(folder, 'missing.scenario')]) {
      await expect(scenarioCommand([file])).rejects.toThrow(UsageError)
      await expect(scenarioCommand([file])).rejects.toThrow(file)
    }
  })
})
