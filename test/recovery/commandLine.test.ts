import { copyFileSync, readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { openDiskStore } from '@quorate/disk'
import { memoryNetwork, openNode, type QuorateNode } from '@quorate/log'
import { expect, it, vi } from 'vitest'
import { appliedEverywhere, leaderOf } from '../../packages/log/test/cluster.ts'
import { folder } from '../nats/members.ts'
import { quorate } from './commandLine.ts'
import { Records } from './records.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g

/** What differs from run to run, by its kind. */
function plain(text: string): string {
  return text.replace(UUID, 'UUID').replace(TIME, 'TIME')
}

/** Folders a, b and c, of servers of one group that were closed one behind the other. */
async function threeFolders(): Promise<string> {
  const at = folder()
  const network = memoryNetwork()
  const nodes = await Promise.all(
    ['a', 'b', 'c'].map(async (id) => openNode({ id, network, store: await openDiskStore({ folder: join(at, id) }) })),
  )
  await nodes[0]!.bootstrap('orders', ['a', 'b', 'c'])
  const open = (node: QuorateNode) => node.openLog('orders', { stateMachine: new Records() })
  const logs = await Promise.all(nodes.map(open))
  await leaderOf(logs)
  await appliedEverywhere(logs, (await logs[0]!.append(Array.from({ length: 98 }, (_, at) => `entry ${at}`)))[97]!)
  await logs[2]!.compact({ trailingEntries: 10 })
  await nodes[2]!.close()
  await appliedEverywhere(logs.slice(0, 2), await logs[1]!.append('without c', { timeoutMs: 20_000 }))
  for (const node of nodes.slice(0, 2)) await node.close()
  return at
}

it('quorate looks at what is left, recovers from the right folder, backs up and restores', async () => {
  const at = await threeFolders()

  const groups = await quorate(at, 'groups', 'c')
  expect(groups).toMatchObject({ code: 0, errors: '' })
  expect(plain(groups.output)).toMatch(
    [
      'The store in c is UUID. It holds 1 group.',
      '',
      'orders',
      '  group     UUID',
      '  servers   a  votes  UUID',
      '            b  votes  UUID',
      '            c  votes  this store',
    ].join('\n'),
  )
  expect(plain(groups.output)).toMatch(/\n {2}log {7}entries \d+ to \d+, the last of term \d+, TIME\n/)
  expect(plain(groups.output)).toMatch(/\n {2}snapshot {2}stands for the entries up to \d+, \d+ bytes, TIME\n$/)

  const behind = await quorate(at, 'recover', 'c', '--to', 'new', '--id', 'c', '--compare', 'a')
  expect(behind).toMatchObject({ code: 0, errors: '' })
  expect(behind.output).toContain('TAKE a INSTEAD')
  const refused = await quorate(at, 'recover', 'c', '--to', 'new', '--id', 'c', '--compare', 'a', '--yes')
  expect(refused).toMatchObject({ code: 1, output: '' })
  expect(refused.errors).toContain('Recover from a')

  const asked = await quorate(at, 'recover', 'a', '--to', 'new', '--id', 'a', '--compare', 'c')
  expect(asked.code).toBe(0)
  expect(asked.output).toContain('Nothing that was committed is lost with this log')
  expect(asked.output).toContain('Given up as its servers: b and c.')
  expect(asked.output).toContain('Nothing is done yet.')
  const alone = await quorate(at, 'recover', 'a', '--to', 'new', '--id', 'a')
  expect(alone.output).toMatch(/May be lost: entries behind entry \d+ that b and c had committed/)
  expect(readdirSync(at).sort()).toEqual(['a', 'b', 'c'])

  const done = await quorate(at, 'recover', 'a', '--to', 'new', '--id', 'a', '--compare', 'c', '--yes')
  expect(done).toMatchObject({ code: 0, errors: '' })
  expect(plain(done.output)).toContain('orders is founded anew in new: group UUID, which begins with entry ')
  expect(done.output).toContain(`On a: await log.changeMembers({ voters: ['a', 'b', 'c'] })`)
  expect((await quorate(at, 'recover', 'a', '--to', 'new', '--id', 'a', '--yes')).errors).toContain(
    'new holds the group orders already',
  )

  const backup = await quorate(at, 'backup', 'a', '--group', 'orders', '--to', 'orders.backup')
  expect(backup).toMatchObject({ code: 0, errors: '' })
  expect(await quorate(at, 'verify', 'orders.backup')).toEqual(backup)
  expect((await quorate(at, 'backup', 'a', '--group', 'orders', '--to', 'orders.backup')).errors).toContain(
    'is there already',
  )
  const restored = await quorate(at, 'restore', 'orders.backup', '--to', 'new', '--id', 'a', '--as', 'copies')
  expect(restored).toMatchObject({ code: 0, errors: '' })
  expect(plain((await quorate(at, 'groups', 'new')).output)).toMatch(
    /\ncopies\n[^]*origin {4}the group UUID, up to its entry \d+, by restore\n\norders\n[^]*origin {4}the group UUID, up to its entry \d+, by recovery\n$/,
  )
  copyFileSync(join(at, 'orders.backup'), join(at, 'short.backup'))
  truncateSync(join(at, 'short.backup'), 1000)
  const short = await quorate(at, 'restore', 'short.backup', '--to', 'elsewhere', '--id', 'a')
  expect(short).toMatchObject({ code: 1, output: '' })
  expect(short.errors).toContain('short.backup: the backup was cut short: it ends at byte 1000')
  expect(readdirSync(at).sort()).toEqual(['a', 'b', 'c', 'new', 'orders.backup', 'short.backup'])
})

it('quorate says what it does, and what is wrong with a line', async () => {
  const at = folder()
  const all = await quorate(at)
  expect(all.code).toBe(0)
  expect(all.output).toMatch(/groups[^]*recover[^]*backup[^]*restore[^]*verify/)
  expect(await quorate(at, '--help')).toEqual(all)
  for (const name of ['recover', 'restore']) {
    expect(await quorate(at, name, '--help')).toMatchObject({
      code: 0,
      output: expect.stringContaining(`Usage: quorate ${name} <`) as string,
    })
  }
  const wrong = [
    [['nonsense'], 'there is no command nonsense'],
    [['groups'], 'the folder is missing'],
    [['groups', 'a', 'b'], 'b has no place here'],
    [['recover', 'a', '--id', 'a'], '--to is missing'],
    [['recover', 'a', '--to', 'b', '--id', 'no name'], '--id "no name"'],
    [['verify', 'a', '--loud'], `'--loud'`],
  ] as const
  for (const [line, message] of wrong) {
    const { code, output, errors } = await quorate(at, ...line)
    expect({ code, output }).toEqual({ code: 2, output: '' })
    expect(errors).toContain(message)
  }
  const nothing = await quorate(at, 'groups', 'nowhere')
  expect(nothing).toMatchObject({ code: 1, output: '' })
  expect(nothing.errors).toContain('nowhere holds no store')
  expect(readdirSync(at)).toEqual([])
})

it('quorate leaves alone the folder of a server that runs', async () => {
  const at = folder()
  const store = await openDiskStore({ folder: join(at, 'a') })
  const node = await openNode({ id: 'a', network: memoryNetwork(), store })
  const { code, errors } = await quorate(at, 'groups', 'a')
  expect(code).toBe(1)
  expect(errors).toContain(`a is in use by process ${process.pid}`)
  await node.close()
})
