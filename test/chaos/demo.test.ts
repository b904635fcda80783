import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { toCommand } from '../../examples/three-servers/lineCommand.mjs'
import { faultsOf } from '../../examples/three-servers/report.mjs'
import { Settlement } from '../../examples/three-servers/settlement.mjs'
import { NodeProcess } from '../setup/nodeProcess.ts'

const demo = fileURLToPath(new URL('../../examples/three-servers/demo.mjs', import.meta.url))
const TIMEOUT_MS = 60_000

let folder = ''
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'quorate-demo-test-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Run {
  readonly process: NodeProcess
  /** Where the run may put its files, and nobody else does. */
  readonly place: string
}

function startDemo(options: { args?: readonly string[]; input?: string } = {}): Run {
  const place = mkdtempSync(join(folder, 'run-'))
  return { process: new NodeProcess(demo, { ...options, env: { TMPDIR: place, TEMP: place } }), place }
}

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The processes that work in `place`, and those that the demo named. */
function processesOf({ place, process: { lines } }: Run): string[] {
  const named = new Set([...lines.join('\n').matchAll(/ is process (\d+)/g)].map(([, pid]) => pid))
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
  const running = stdout.split('\n').map((line) => line.trim())
  return running.filter((line) => line.includes(place) || (named.has(line.split(' ')[0]) && line.includes('node')))
}

function expectNothingLeft(run: Run): void {
  expect(readdirSync(run.place)).toEqual([])
  expect(processesOf(run)).toEqual([])
}

async function printed({ process }: Run, wanted: RegExp): Promise<void> {
  for (let count = 1; !process.lines.some((line) => wanted.test(line)); count++) await process.printed(count)
}

async function expectGoodEnd(run: Run, lineCount: number): Promise<void> {
  expect(await run.process.end()).toBe('exit code 0')
  const output = run.process.lines.join('\n')
  const rows = [...output.matchAll(/^ {2}(s\d) +(\d+) {2}([0-9a-f]{64})$/gm)]
  expect(rows.map(([, id]) => id)).toEqual(['s1', 's2', 's3'])
  expect(new Set(rows.map(([, , commitIndex, hash]) => `${commitIndex} ${hash}`)).size).toBe(1)
  expect(Number(rows[0]?.[2])).toBeGreaterThanOrEqual(lineCount)
  expect(output).toMatch(/killed (s\d), the leader[^]+ leads in term [^]+started \1 again[^]+\1 has caught up/)
  expect(output).toMatch(RegExp(`acknowledged appends +${lineCount} of ${lineCount} line`))
  expect(output).toMatch(/failover +[\d,]+ ms/)
  expectNothingLeft(run)
}

describe.skipIf(process.platform === 'win32')('the demo', { timeout: TIMEOUT_MS }, () => {
  test('ends with three equal logs, whatever the bytes of the lines are', async () => {
    const files = [
      fileOf('no line feed at the end', 'one\r\n\r\n\none\none'),
      fileOf(
        'not text',
        Uint8Array.from({ length: 4096 }, (_, place) => (place * 7919) >> 4),
      ),
      fileOf('nothing', ''),
      fileOf('long lines', `${'x'.repeat(500_000)}\n${'y'.repeat(500_000)}`),
    ]
    const feeds = 4096 / 256
    await expectGoodEnd(startDemo({ args: files }), 5 + feeds + 1 + 2)
  })

  test('takes the lines of standard input', async () => {
    await expectGoodEnd(startDemo({ input: 'a\nb\n\nb\n' }), 4)
  })

  test('takes a single line, which the successor of the first leader gets', async () => {
    await expectGoodEnd(startDemo({ args: ['-'], input: 'alone' }), 1)
  })

  test.each([
    [/nats-server listens/, 'SIGINT'],
    [/their folders are in/, 'SIGTERM'],
    [/the client is process/, 'SIGINT'],
    [/killed s\d, the leader/, 'SIGINT'],
    [/started s\d again/, 'SIGHUP'],
  ] as const)('leaves no process and no file behind when, after "%s", %s comes', async (moment, signal) => {
    const run = startDemo({ input: 'line\n'.repeat(2_000) })
    await printed(run, moment)
    run.process.signal(signal)
    expect(await run.process.end()).toMatch(new RegExp(`^exit code (129|130|143)\ndemo: ended by ${signal}$`))
    expectNothingLeft(run)
  })

  test('leaves no process and no file behind when it is killed', async () => {
    const run = startDemo({ input: 'line\n'.repeat(2_000) })
    await printed(run, /the client is process/)
    run.process.signal('SIGKILL')
    await run.process.end()
    await vi.waitFor(() => expectNothingLeft(run), { timeout: 10_000, interval: 50 })
  })

  test.each([
    [['/no/such/file', tmpdir()], /\/no\/such\/file: there is no such file\n.*: this is a folder/],
    [['--fast'], /--fast is no option/],
  ])('says what is wrong with %j before anything is started', async (args, complaint) => {
    const run = startDemo({ args })
    expect(await run.process.end()).toMatch(complaint)
    expect(run.process.lines).toEqual([])
    expectNothingLeft(run)
  })

  test('names the line that no entry can carry', async () => {
    const run = startDemo({ args: [fileOf('huge', `short\n${'x'.repeat(2_000_000)}\n`)] })
    expect(await run.process.end()).toMatch(/^exit code 1\ndemo: .*huge:2: the line has 2,000,001 bytes/)
    expectNothingLeft(run)
  })
})

describe('faultsOf', () => {
  const input = { lines: [], description: '', sha256: 'of the lines', placeOf: (number: number) => `file:${number}` }
  const sound = { commitIndex: 9, entriesSha256: 'same', linesSha256: 'of the lines', missing: [], repeated: [] }
  const faultsWith = (change: object): string[] =>
    faultsOf(
      new Map([
        ['s1', sound],
        ['s2', { ...sound, ...change }],
        ['s3', sound],
      ]),
      input,
    )

  test('finds nothing where all is well', () => expect(faultsWith({})).toEqual([]))

  test.each([
    [{ entriesSha256: 'another' }, 'the logs differ: 2 hashes on 3 servers'],
    [{ missing: [7] }, 's2: not in the log: file:7'],
    [{ repeated: [1, 2, 3, 4, 5] }, 's2: more than once in the log: file:1, file:2, file:3 and 2 more'],
    [{ linesSha256: 'another' }, 's2: the lines are not those of the input'],
  ])('tells %j', (change, fault) => expect(faultsWith(change)).toEqual([fault]))
})

describe('Settlement', () => {
  const line = (number: number) => ({ number, bytes: new TextEncoder().encode('equal lines') })
  const command = (index: number, term: number, number: number) => {
    return { index, term, kind: 'command', data: toCommand(line(number)) }
  }
  const noOp = (index: number, term: number) => ({ index, term, kind: 'no-op', data: new Uint8Array() })
  const numbers = (lines: { number: number }[]): number[] => lines.map(({ number }) => number)

  test('finds a line in its own term, wherever the reading began', () => {
    const settlement = new Settlement([
      { line: line(7), term: 2, after: 12 },
      { line: line(8), term: 2, after: 10 },
    ])
    expect(settlement.after).toBe(10)
    for (const entry of [command(11, 2, 6), command(12, 2, 8), command(13, 2, 7)]) settlement.take(entry)
    expect(numbers(settlement.found)).toEqual([8, 7])
    expect(settlement).toMatchObject({ absent: [], openCount: 0, after: 13 })
  })

  test('takes a line for absent only behind an entry of a later term', () => {
    const settlement = new Settlement([
      { line: line(7), term: 2, after: 10 },
      { line: line(8), term: 3, after: 10 },
    ])
    for (const entry of [command(11, 1, 4), noOp(12, 2), command(13, 2, 5)]) settlement.take(entry)
    expect(settlement).toMatchObject({ found: [], absent: [], openCount: 2 })
    settlement.take(noOp(14, 3))
    expect(numbers(settlement.absent)).toEqual([7])
    settlement.take(command(15, 3, 8))
    expect(numbers(settlement.found)).toEqual([8])
    expect(settlement.openCount).toBe(0)
  })

  test('does not find a line that came anew in a later term', () => {
    const settlement = new Settlement([{ line: line(7), term: 2, after: 10 }])
    settlement.take(command(11, 3, 7))
    expect(settlement).toMatchObject({ found: [], openCount: 0 })
  })
})
