import type { ClientRequest } from '@quorate/core'
import {
  connectLog,
  memoryNetwork,
  NotLeaderError,
  ServerStoppedError,
  type AppendOptions,
  type LogEntry,
  type RemoteLog,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { closeAfterTest, openCluster, placesOf, rejectionOf, type Cluster } from './cluster.ts'
import { smallMessages } from './smallMessages.ts'

async function remoteCluster(): Promise<Cluster & { readonly remote: RemoteLog }> {
  const network = memoryNetwork()
  const cluster = await openCluster({ network })
  return { ...cluster, remote: closeAfterTest(connectLog('orders', { network })) }
}

async function readAll(remote: RemoteLog, maxBytes?: number): Promise<LogEntry[]> {
  const all: LogEntry[] = []
  for (;;) {
    const after = all.length
    const { entries } = await remote.read(maxBytes === undefined ? { after } : { after, maxBytes })
    if (entries.length === 0) return all
    all.push(...entries)
  }
}

describe('connectLog', () => {
  it('appends from a process that is no member', async () => {
    const { leader, remote } = await remoteCluster()
    const { term } = leader.status.value

    expect(await remote.append('a')).toEqual({ index: 3, term })
    expect(await remote.append([{ data: 'b', subject: 'orders.new' }, 'c'])).toEqual([
      { index: 4, term },
      { index: 5, term },
    ])
    expect(await remote.append([])).toEqual([])
    expect(await placesOf(leader, 3)).toEqual([
      [3, 'a'],
      [4, 'b'],
      [5, 'c'],
    ])
  })

  it('reads everything that is committed, in portions, whatever the kind', async () => {
    const { remote, leader } = await remoteCluster()
    const values = Array.from({ length: 100 }, (_, n) => `${n} `.padEnd(100, '.'))
    await remote.append(values)

    for (const maxBytes of [undefined, 1, 1_000]) {
      const all = await readAll(remote, maxBytes)
      expect(all.map(({ index }) => index)).toEqual(Array.from({ length: 102 }, (_, n) => n + 1))
      expect(all.slice(0, 2).map(({ kind }) => kind)).toEqual(['configuration', 'no-op'])
      expect(all.slice(2).map((entry) => entry.text())).toEqual(values)
    }
    const { term, commitIndex } = leader.status.value
    expect(await remote.read({ after: 102 })).toEqual({ entries: [], term, commitIndex })
    expect(commitIndex).toBe(102)
    expect((await remote.read({ after: 50, maxBytes: 300 })).entries.map(({ index }) => index)).toEqual([51, 52])
  })

  it('says who leads', async () => {
    const { remote, leader } = await remoteCluster()
    expect(remote.leaderId).toBeUndefined()

    const { id, term, commitIndex } = leader.status.value
    expect(await remote.leader()).toMatchObject({ leaderId: id, term, commitIndex })
  })

  it('waits for a leader only as long as it may', async () => {
    const remote = closeAfterTest(connectLog('orders', { network: memoryNetwork() }))
    const reason = new Error('enough')

    const asks: ((options: AppendOptions) => Promise<unknown>)[] = [
      (options) => remote.leader(options),
      (options) => remote.read({ after: 0 }, options),
      (options) => remote.append('a', options),
    ]

    for (const ask of asks) {
      const start = performance.now()
      const error = await rejectionOf(ask({ timeoutMs: 100 }))
      expect(error).toBeInstanceOf(NotLeaderError)
      expect(error).toMatchObject({ group: 'orders', leaderId: undefined })
      expect(performance.now() - start).toBeLessThan(600)
      expect(await rejectionOf(ask({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    }
  })

  it('refuses to read what cannot be meant, before anything is sent', async () => {
    const network = smallMessages(1_000)
    const remote = closeAfterTest(connectLog('orders', { network }))
    const faults = [
      [{ after: -1 }, 'after is -1'],
      [{ after: 1.5 }, 'after is 1.5'],
      [{ after: NaN }, 'after is NaN'],
      [{ after: '3' }, 'after is 3'],
      [{}, 'after is undefined'],
      [{ after: 0, maxBytes: 0 }, 'maxBytes is 0'],
      [{ after: 0, maxBytes: -5 }, 'maxBytes is -5'],
      [{ after: 0, maxBytes: NaN }, 'maxBytes is NaN'],
      [{ after: 0, maxBytes: 0.5 }, 'maxBytes is 0.5'],
    ] as const

    for (const [options, told] of faults) {
      const error = await rejectionOf(remote.read(options as { after: number }))
      expect(error).toBeInstanceOf(RangeError)
      expect((error as Error).message).toContain(told)
    }
    expect(network.sent).toEqual([])
  })

  it.each([
    ['malformed', TypeError, 'group orders: the read was refused: told so'],
    ['tooLarge', TypeError, 'group orders: the read was refused: told so'],
    ['closed', ServerStoppedError, 'group orders: the server has stopped: told so'],
  ] as const)('does not ask again what the leader refused as %s', async (reason, type, message) => {
    const network = memoryNetwork()
    const asked: ClientRequest[] = []
    network.client().serve('orders', 1, (request, reply) => {
      asked.push(request)
      reply({ type: 'refused', reason, message: 'told so' })
    })
    const remote = closeAfterTest(connectLog('orders', { network }))

    const error = await rejectionOf(remote.read({ after: 0 }))

    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ message })
    expect(asked).toEqual([{ type: 'read', after: 0, maxBytes: 256 * 1024 }])
    expect(await rejectionOf(remote.leader())).toBeInstanceOf(type)
  })

  it('finds the new leader when the old one is gone', async () => {
    const { nodes, logs, leader, followers, remote } = await remoteCluster()
    await remote.append('a')
    await nodes[logs.indexOf(leader)]!.close()

    const { term } = await remote.append('b')

    expect(await remote.leader()).toMatchObject({ term })
    expect(followers.map(({ status }) => status.value.id)).toContain((await remote.leader()).leaderId)
    expect((await readAll(remote)).filter(({ kind }) => kind === 'command').map((entry) => entry.text())).toEqual([
      'a',
      'b',
    ])
  })

  it('refuses a bad name', () => {
    for (const name of ['', '_', 'a.b', 'a b']) {
      expect(() => connectLog(name, { network: memoryNetwork() })).toThrow(TypeError)
    }
  })
})
