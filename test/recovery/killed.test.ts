import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Appended } from '@quorate/log'
import { inspectStore } from 'quorate'
import { expect, it, vi } from 'vitest'
import { leaderOf } from '../../packages/log/test/cluster.ts'
import { ServerProcess, type Told } from '../chaos/serverProcess.ts'
import { clients, folder, natsServer, openMember } from '../nats/members.ts'
import { quorate } from './commandLine.ts'
import { commandsOf } from './records.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const IDS = ['n1', 'n2', 'n3']

it('three servers are killed while they append, two folders are lost: all that was acknowledged and stood in the third is there', async () => {
  const nats = await natsServer()
  const at = folder()
  const acknowledged = new Map<string, Appended>()
  const onTold = (told: Told): void => {
    if (told.type === 'acknowledged') acknowledged.set(told.value, told)
  }
  const servers = IDS.map((id) => new ServerProcess({ id, servers: nats.url, folder: join(at, id), onTold }))
  try {
    await Promise.all(servers.map((server) => server.untilStarted()))
    servers[0]!.order({ type: 'bootstrap', ids: IDS })
    await vi.waitUntil(() => servers.some(({ status }) => status?.role === 'leader'), { timeout: 15_000 })
    for (const server of servers) server.load()
    await vi.waitUntil(() => acknowledged.size > 500, { timeout: 15_000 })
  } finally {
    await Promise.all(servers.map((server) => server.kill()))
  }
  for (const id of ['n1', 'n2']) rmSync(join(at, id), { recursive: true })

  const [left] = (await inspectStore(join(at, 'n3'))).groups
  expect(await quorate(at, 'recover', 'n3', '--to', 'new', '--id', 'n3', '--yes')).toMatchObject({
    code: 0,
    errors: '',
  })
  const connection = await clients[0].connect(nats)
  const member = await openMember({ id: 'n3', connection, folder: join(at, 'new') })
  const log = await member.node.openLog('orders')
  await leaderOf([log])
  const found = new Set(await commandsOf(log))
  const expected = [...acknowledged].filter(([, { index }]) => index <= left!.last.index)
  expect(expected.length).toBeGreaterThan(0)
  for (const [value, { index, term }] of expected) expect(found).toContain(`${index} ${term} ${value}`)
  const { index } = await log.append('goes on')
  expect(index).toBeGreaterThan(left!.last.index + 1)
})
