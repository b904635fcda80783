import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { startNatsServer } from '../setup/nats-server.mjs'
import { NodeProcess } from '../setup/nodeProcess.ts'
import { folderWith, markedBlocks } from './markedBlocks.ts'

const blocks = (verb: 'runs' | 'prints'): Map<string, string> => markedBlocks('README.md', verb)

const folder = folderWith('README.md')

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
