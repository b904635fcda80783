import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startNatsServer } from '../setup/nats-server.mjs'
import { NodeProcess } from '../setup/nodeProcess.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The fenced blocks of the README that a comment `<!-- verb: name -->` stands in front of, by that name. */
function blocks(verb: 'runs' | 'prints'): Map<string, string> {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const marked = readme.matchAll(/^<!-- (\w+): (\S+) -->\n```\w*\n([\s\S]*?)^```$/gm)
  return new Map([...marked].flatMap(([, found, name, text]) => (found === verb ? [[name!, text!]] : [])))
}

let folder: string

// The packages as they were built, under their names.
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-readme-'))
  mkdirSync(join(folder, 'node_modules/@quorate'), { recursive: true })
  for (const name of readdirSync(join(root, 'packages'))) {
    const place = join(root, 'packages', name)
    if (existsSync(join(place, 'dist'))) symlinkSync(place, join(folder, 'node_modules/@quorate', name), 'junction')
  }
  symlinkSync(join(root, 'test/node_modules/nats'), join(folder, 'node_modules/nats'), 'junction')
  for (const [name, code] of blocks('runs')) writeFileSync(join(folder, name), code)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('has the code that these tests run, and no other', () => {
  expect([...blocks('runs').keys()]).toEqual(['quickstart.mjs', 'over-nats.mjs'])
  expect([...blocks('prints').keys()]).toEqual(['quickstart.mjs'])
})

test('quickstart.mjs prints what the README promises, and ends by itself', { timeout: 20_000 }, async () => {
  const quickstart = new NodeProcess('quickstart.mjs', { cwd: folder })
  expect(await quickstart.end()).toBe('exit code 0')
  expect(`${quickstart.lines.join('\n')}\n`).toBe(blocks('prints').get('quickstart.mjs'))
})

test(
  'three over-nats.mjs print the same greetings, and one that left begins with them',
  { timeout: 60_000 },
  async () => {
    const nats = await startNatsServer()
    const start = (...args: string[]): NodeProcess =>
      new NodeProcess('over-nats.mjs', { args, cwd: folder, env: { NATS_URL: nats.url } })
    const processes = [start('a', '--new'), start('b'), start('c')]
    try {
      const [greetings, ...others] = await Promise.all(processes.map((each) => each.printed(3)))
      expect([...greetings!].sort()).toEqual(['hello from a', 'hello from b', 'hello from c'])
      for (const other of others) expect(other).toEqual(greetings)

      const former = processes.pop()
      former?.signal('SIGINT')
      expect(await former?.end()).toBe('exit code 0')
      processes.push(start('c'))
      for (const each of processes) expect(await each.printed(4)).toEqual([...greetings!, 'hello from c'])

      for (const each of processes) each.signal('SIGINT')
      for (const each of processes) expect(await each.end()).toBe('exit code 0')
    } finally {
      for (const each of processes) each.signal('SIGKILL')
      await nats.stop()
    }
  },
)
