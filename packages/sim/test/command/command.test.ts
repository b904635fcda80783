import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../src/command/command.ts'
import { writeFailure } from '../../src/command/failureFiles.ts'
import { runSeed } from '../../src/runner/stormRunner.ts'

let said: string[]
let folder: string

beforeEach(() => {
  said = []
  folder = mkdtempSync(join(tmpdir(), 'quorate-command-'))
  for (const stream of ['log', 'error'] as const) {
    vi.spyOn(console, stream).mockImplementation((line: string) => void said.push(line))
  }
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

describe('a line that makes no sense', () => {
  it.each([
    ['flood', 'there is no command flood; there are storms, replay'],
    ['storms --seeds many', '--seeds many: give a number, or two with two dots between them, as in 1..300'],
    ['storms --seeds 5..1', '--seeds 5..1: give a number'],
    ['--minutes 0', '--minutes 0: give a number above 0'],
    ['--servers 9', '--servers 9: give 3 to 7'],
    ['--flood', "Unknown option '--flood'"],
    ['replay', 'replay: give --seed, or --storm with a file'],
    ['replay --storm nowhere.json', 'nowhere.json is no storm: '],
  ])('%s is answered with what to do', async (line, answer) => {
    expect(await runCommand(line.split(' '))).toBe(2)
    expect(said.join('\n')).toContain(answer)
  })
})

describe('storms', () => {
  it('says what was covered, and that all held', { timeout: 60_000 }, async () => {
    expect(await runCommand(['--seeds', '3..4', '--jobs', '1'])).toBe(0)
    expect(said.join('\n')).toMatch(
      /2 seeds, 0\.0\d simulated hours, [^]* a server was elected[^]*all invariants held$/,
    )
  })

  it('goes on from where the ledger ends, and adds to it', { timeout: 60_000 }, async () => {
    const ledger = join(folder, 'ledger.jsonl')
    writeFileSync(ledger, '{"seeds":"1..40"}\n{"seeds":"41..90"}\n')
    expect(await runCommand(['--minutes', '0.0001', '--jobs', '1', '--ledger', ledger])).toBe(0)
    const [, , added = '{}'] = readFileSync(ledger, 'utf8').split('\n')
    expect(JSON.parse(added)).toMatchObject({ seeds: '91..91', count: 1, verdict: 'held' })
  })
})

describe('a failure', () => {
  it('is shrunk, written and drawn, and the file replays it', { timeout: 120_000 }, async () => {
    // Nothing is broken: but the storm is the same, and that is what is written.
    const report = await runSeed(3, { stormMs: 2_000 })
    const broken = {
      check: 'logMatching',
      sentence: 'it broke',
      promise: 'it holds',
      detail: 'it broke',
      atMs: 1,
    } as const
    const failing = { seed: 3, limits: { stormMs: 2_000 }, report: { ...report, broken } }
    const lines = await writeFailure(failing, folder, (line) => said.push(line))
    expect(said.join('\n')).toContain('seed 3 breaks logMatching after 1.0 ms:\n  it broke')
    expect(lines.join('\n')).toContain(`replay: npm run sim -- replay --storm ${join(folder, 'seed-3.json')}`)
    expect(readdirSync(folder).sort()).toEqual(['seed-3.html', 'seed-3.json'])
    expect(readFileSync(join(folder, 'seed-3.html'), 'utf8')).toContain('<svg')
    said = []
    expect(await runCommand(['replay', '--storm', join(folder, 'seed-3.json')])).toBe(0)
    expect(said.at(-1)).toBe('\nall invariants held')
  })
})
