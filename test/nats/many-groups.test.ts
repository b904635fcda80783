import type { ReplicatedLog } from '@quorate/log'
import { expect, it, vi } from 'vitest'
import { appliedEverywhere, commandsSoFar, sleep } from '../../packages/log/test/cluster.ts'
import { clients, natsServer, openMembers, subscriptionsAt } from './members.ts'

const GROUPS = 1_000
const QUIET_MS = 5_000

/**
 * What is right for a thousand groups that are mostly idle: a leader says a word a second, and is missed after five.
 * The price is the time without a leader when one fails.
 */
const settings = { heartbeatIntervalMs: 1_000, electionTimeoutMinMs: 5_000, electionTimeoutMaxMs: 10_000 }

it('hosts a thousand groups on three nodes, over one connection, one mailbox and one store each', async () => {
  const server = await natsServer()
  const members = await openMembers(server, clients[1].connect, { settings })
  const names = Array.from({ length: GROUPS }, (_, n) => `group-${n}`)
  const ids = members.map(({ id }) => id)
  const start = performance.now()

  // Born on all three nodes alike.
  await Promise.all(
    names.map((name, n) => members[n % 3]!.node.bootstrap(name, rotated(ids, n), { timeoutMs: 30_000 })),
  )
  const bornMs = performance.now() - start
  const groups = await Promise.all(
    names.map((name) => Promise.all(members.map(({ node }) => node.openLog(name, { joinTimeoutMs: 30_000 })))),
  )
  await vi.waitUntil(() => groups.every(isLed), { timeout: 40_000, interval: 50 })
  const ledMs = performance.now() - start

  // Everything that the leaders had to say first is said.
  await sleep(2 * settings.heartbeatIntervalMs)
  const terms = groups.map(([log]) => log!.status.value.term)
  const sentBefore = members.map(({ connection }) => connection.stats().outMsgs)
  const cpuBefore = process.cpuUsage()
  await sleep(QUIET_MS)
  const cpu = process.cpuUsage(cpuBefore)
  const sent = members.map(({ connection }, at) => connection.stats().outMsgs - sentBefore[at]!)

  expect(groups.map(([log]) => log!.status.value.term)).toEqual(terms)
  expect(groups.every(isLed)).toBe(true)

  const subscriptions = await subscriptionsAt(server)
  expect(subscriptions).toHaveLength(3)
  for (const { id } of members) {
    const mine = subscriptions.find((subjects) => subjects.includes(`quorate.v1.rpc.*.${id}.*`))!
    const led = groups.filter((logs) => leaderIdOf(logs) === id).length
    expect(mine.filter((subject) => subject.startsWith('quorate.v1.rpc.'))).toHaveLength(1)
    expect(mine.filter((subject) => subject.startsWith('quorate.v1.reply.'))).toHaveLength(1)
    // The leader listens, for each group that it leads: to appends and to reads.
    expect(mine).toHaveLength(2 + 2 * led)
    expect(led).toBeGreaterThan(GROUPS / 10)
  }

  const chosen = Array.from({ length: 20 }, (_, n) => groups[(n * 397 + 11) % GROUPS]!)
  const appendStart = performance.now()
  const appended = await Promise.all(chosen.map((logs, n) => logs[n % 3]!.append(`${n}`)))
  const appendMs = performance.now() - appendStart
  await Promise.all(chosen.map((logs, n) => appliedEverywhere(logs, appended[n]!)))
  for (const [n, logs] of chosen.entries()) {
    for (const log of logs) expect((await commandsSoFar(log)).map((entry) => entry.text())).toEqual([`${n}`])
  }

  const cores = (cpu.user + cpu.system) / 1_000 / QUIET_MS
  const perSecond = sent.reduce((sum, count) => sum + count, 0) / (QUIET_MS / 1_000)
  console.log(
    `${GROUPS} groups on 3 nodes of one process: born in ${inSeconds(bornMs)}, all led after ${inSeconds(ledMs)}; ` +
      `idle, with a heartbeat a second: ${(100 * cores).toFixed(0)} % of a core and ${perSecond.toFixed(0)} messages a ` +
      `second for all; 20 appends to 20 groups in ${appendMs.toFixed(0)} ms; ${megabytes()} MB resident`,
  )
  // Heartbeats of all groups leave together. One by one they would be 4,000 messages a second.
  expect(perSecond).toBeLessThan(200)
  expect(cores).toBeLessThan(0.5)
}, 90_000)

function rotated<T>(values: readonly T[], by: number): T[] {
  return values.map((_, at) => values[(at + by) % values.length]!)
}

function leaderIdOf(logs: readonly ReplicatedLog[]): string | undefined {
  return logs.find(({ status }) => status.value.role === 'leader')?.status.value.id
}

/** One server leads, and all of them know. */
function isLed(logs: readonly ReplicatedLog[]): boolean {
  const id = leaderIdOf(logs)
  return id !== undefined && logs.every(({ status: { value } }) => value.leaderId === id && value.lastApplied >= 2)
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function megabytes(): string {
  return (process.memoryUsage().rss / 1024 / 1024).toFixed(0)
}
