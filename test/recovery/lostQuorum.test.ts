import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ReplicatedLog } from '@quorate/log'
import { inspectStore, NotLatestLogError, planRecovery, recoverGroups } from 'quorate'
import { expect, it, vi } from 'vitest'
import { appliedEverywhere, leaderOf } from '../../packages/log/test/cluster.ts'
import { clients, folder, natsServer, openMember, type Member, type UserConnection } from '../nats/members.ts'
import { commandsOf, Records } from './records.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const { connect } = clients[0]

interface Server {
  readonly member: Member
  readonly machine: Records
  readonly log: ReplicatedLog
}

async function serverOn(member: Member, joinTimeoutMs = 10_000): Promise<Server> {
  const machine = new Records()
  return { member, machine, log: await member.node.openLog('orders', { stateMachine: machine, joinTimeoutMs }) }
}

async function appendMany(log: ReplicatedLog, name: string, count: number): Promise<void> {
  await log.append(Array.from({ length: count }, (_, place) => `${name} ${place}`))
}

it('goes on from the one of three servers that is left, and with two new ones, undisturbed by those that come back', async () => {
  const nats = await natsServer()
  const connection = (): Promise<UserConnection> => connect(nats)
  const open = async (id: string, at = folder()): Promise<Member> =>
    openMember({ id, connection: await connection(), folder: at })
  const members = await Promise.all(['n1', 'n2', 'n3'].map((id) => open(id)))
  await members[0]!.node.bootstrap('orders', ['n1', 'n2', 'n3'])
  const servers = await Promise.all(members.map((member) => serverOn(member)))
  const logs = servers.map(({ log }) => log)
  await leaderOf(logs)
  await appendMany(logs[0]!, 'early', 300)
  const keyed = await logs[1]!.append('an order', { idempotencyKey: 'order 7' })
  await appliedEverywhere(logs, keyed)
  await servers[2]!.log.compact({ trailingEntries: 100 })
  await appendMany(logs[0]!, 'late', 200)
  await appliedEverywhere(logs, await logs[1]!.append('the last'))
  const commands = await commandsOf(logs[2]!)
  const { texts } = servers[2]!.machine
  const formerUuid = logs[2]!.status.value.groupUuid!
  for (const { node } of members) await node.close()

  // The folder of n1 is put aside, that of n2 is gone for good.
  const aside = join(folder(), 'n1')
  cpSync(members[0]!.folder, aside, { recursive: true })
  for (const { folder: lost } of members.slice(0, 2)) rmSync(lost, { recursive: true })

  const left = members[2]!.folder
  const to = join(folder(), 'recovered')
  const [plan] = (await planRecovery({ folder: left, to, id: 'n3' })).groups
  expect(plan).toMatchObject({ givenUp: ['n1', 'n2'], unseen: ['n1', 'n2'], mayLoseCommitted: true })
  const [compared] = (await planRecovery({ folder: left, to, id: 'n3', compare: [aside] })).groups
  expect(compared).toMatchObject({ unseen: ['n2'], mayLoseCommitted: false })

  const before = await inspectStore(left)
  const [founded] = await recoverGroups({ folder: left, to, id: 'n3' })
  expect(await inspectStore(left)).toEqual(before)
  expect(founded!.origin).toEqual({ groupUuid: formerUuid, lastIndex: founded!.index - 1, reason: 'recovery' })

  // Alone.
  const alone = await serverOn(await open('n3', to))
  await leaderOf([alone.log])
  expect(await commandsOf(alone.log)).toEqual(commands)
  expect(alone.machine.texts).toEqual(texts)
  expect(alone.machine.restores).toBe(1)
  expect(alone.log.status.value.groupUuid).toBe(founded!.groupUuid)
  expect((await alone.log.append('an order', { idempotencyKey: 'order 7' })).index).toBe(keyed.index)

  // With others, which vote: one of them can be done without, whichever it is.
  const joining = await Promise.all(['n4', 'n5'].map((id) => open(id)))
  const opened = joining.map((member) => serverOn(member, 20_000))
  await alone.log.changeMembers({ voters: ['n3', 'n4', 'n5'] })
  const group = [alone, ...(await Promise.all(opened))]
  await appliedEverywhere(
    group.map(({ log }) => log),
    await group[1]!.log.append('with others'),
  )
  for (const { machine } of group) expect(machine.texts).toEqual([...texts, 'with others'])

  // A server of the former group comes back.
  const { term } = alone.log.status.value
  const former = await serverOn(await open('n1', aside))
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  expect(former.log.status.value).toMatchObject({ groupUuid: formerUuid, leaderId: undefined })
  expect(former.machine.texts).not.toContain('with others')
  expect(group.map(({ log }) => log.status.value.term)).toEqual([term, term, term])
  await former.member.node.close()

  await alone.member.node.close()
  const rest = group.slice(1)
  await leaderOf(rest.map(({ log }) => log))
  await appliedEverywhere(
    rest.map(({ log }) => log),
    await rest[0]!.log.append('without it'),
  )
  for (const { machine } of rest) expect(machine.texts).toEqual([...texts, 'with others', 'without it'])
})

it('refuses to take the log of a server that is behind another one', async () => {
  const nats = await natsServer()
  const members = await Promise.all(
    ['n1', 'n2', 'n3'].map(async (id) => openMember({ id, connection: await connect(nats) })),
  )
  await members[0]!.node.bootstrap('orders', ['n1', 'n2', 'n3'])
  const servers = await Promise.all(members.map((member) => serverOn(member)))
  await leaderOf(servers.map(({ log }) => log))
  await members[2]!.node.close()
  await appendMany(servers[0]!.log, 'missed by n3', 10)
  await appliedEverywhere([servers[0]!.log, servers[1]!.log], await servers[0]!.log.append('the last'))
  for (const { node } of members.slice(0, 2)) await node.close()

  const [ahead, , behind] = members.map((member) => member.folder)
  const to = join(folder(), 'recovered')
  const options = { folder: behind!, to, id: 'n3', compare: [ahead!] }
  const [plan] = (await planRecovery(options)).groups
  expect(plan).toMatchObject({ latest: ahead, unseen: ['n2'], mayLoseCommitted: false })
  await expect(recoverGroups(options)).rejects.toThrow(NotLatestLogError)
  await recoverGroups({ folder: ahead!, to, id: 'n3', compare: [behind!] })
  const recovered = await serverOn(await openMember({ id: 'n3', connection: await connect(nats), folder: to }))
  await recovered.log.append('goes on')
  expect(recovered.machine.texts.slice(-2)).toEqual(['the last', 'goes on'])
})

it('tells a server of the former group that another one has its name', async () => {
  const nats = await natsServer()
  const [first, second] = await Promise.all(
    ['n1', 'n2'].map(async (id) => openMember({ id, connection: await connect(nats) })),
  )
  await first!.node.bootstrap('orders', ['n1', 'n2'])
  const servers = await Promise.all([first!, second!].map((member) => serverOn(member)))
  await leaderOf(servers.map(({ log }) => log))
  await appliedEverywhere(
    servers.map(({ log }) => log),
    await servers[0]!.log.append('of both'),
  )
  for (const { node } of [first!, second!]) await node.close()

  const to = join(folder(), 'recovered')
  await recoverGroups({ folder: second!.folder, to, id: 'n2' })
  const recovered = await serverOn(await openMember({ id: 'n2', connection: await connect(nats), folder: to }))
  const opening = openMember({ id: 'n1', connection: await connect(nats) }).then((member) => serverOn(member, 20_000))
  await leaderOf([recovered.log])
  await recovered.log.changeMembers({ voters: ['n2'], learners: ['n1'] })
  await opening

  const { term } = recovered.log.status.value
  const former = await serverOn(await openMember({ id: 'n1', connection: await connect(nats), folder: first!.folder }))
  await former.log.status.waitFor(({ failure }) => failure !== undefined)
  expect(former.log.ended).toMatchObject({ code: 'WRONG_GROUP' })
  expect(recovered.log.status.value).toMatchObject({ term, role: 'leader' })
  await recovered.log.append('undisturbed')
})
