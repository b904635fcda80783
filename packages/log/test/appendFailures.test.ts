import {
  AppendOutcomeUnknownError,
  connectLog,
  LogClosedError,
  memoryStore,
  NotLeaderError,
  ServerStoppedError,
  type RemoteLog,
  type ReplicatedLog,
} from '@quorate/log'
import { describe, expect, it } from 'vitest'
import {
  appliedEverywhere,
  closeAfterTest,
  commandsSoFar,
  leaderOf,
  openCluster,
  rejectionOf,
  sleep,
  take,
  type Cluster,
} from './cluster.ts'
import { CuttableNetwork } from './cuttableNetwork.ts'
import { smallMessages } from './smallMessages.ts'
import { storeAround } from './storeAround.ts'

interface CuttableCluster extends Cluster {
  readonly network: CuttableNetwork
  /** A process that is no member. */
  readonly remote: RemoteLog
}

async function openCuttableCluster(): Promise<CuttableCluster> {
  const network = new CuttableNetwork()
  const cluster = await openCluster({ network: (id) => network.for(id) })
  const remote = closeAfterTest(connectLog('orders', { network: network.for('shop') }))
  return { ...cluster, network, remote }
}

const idOf = (log: ReplicatedLog): string => log.status.value.id

async function textsIn(log: ReplicatedLog): Promise<string[]> {
  return (await commandsSoFar(log)).map((entry) => entry.text())
}

describe('append without a leader', () => {
  /** One server of three that hears nobody: it stands for election in vain. */
  async function lonely(): Promise<CuttableCluster & { readonly alone: ReplicatedLog }> {
    const cluster = await openCuttableCluster()
    const { network, leader, followers } = cluster
    const alone = followers[0]!
    network.cut(idOf(leader), idOf(followers[1]!))
    await alone.status.waitFor(({ role }) => role === 'candidate')
    return { ...cluster, alone }
  }

  it('waits for one, and resolves', async () => {
    const { network, alone, logs, remote } = await lonely()
    const appending = Promise.all([alone.append('member'), remote.append('remote')])
    await sleep(100)
    expect(alone.status.value.lastIndex).toBe(2)

    network.heal()

    const places = await appending
    await leaderOf(logs)
    expect((await take(alone, 2)).map(({ index }) => index)).toEqual(
      places.map(({ index }) => index).sort((a, b) => a - b),
    )
  })

  it('is a NotLeaderError at the deadline, and nothing was appended', async () => {
    const { network, alone, logs, remote } = await lonely()
    const start = performance.now()

    const errors = await Promise.all([alone, remote].map((log) => rejectionOf(log.append('never', { timeoutMs: 150 }))))

    const tookMs = performance.now() - start
    expect(tookMs).toBeGreaterThanOrEqual(145)
    expect(tookMs).toBeLessThan(1_500)
    for (const error of errors) {
      expect(error).toBeInstanceOf(NotLeaderError)
      expect(error).toMatchObject({ code: 'NOT_LEADER', group: 'orders', leaderId: undefined })
    }
    network.heal()
    const leader = await leaderOf(logs)
    await leader.append('next')
    await sleep(50)
    expect(await textsIn(leader)).toEqual(['next'])
  })

  it('throws the reason of a signal that aborts before anything is sent, and nothing was appended', async () => {
    const { network, alone, logs, remote } = await lonely()
    const reason = new Error('the shop closes')
    const controller = new AbortController()
    const { signal } = controller

    const appending = [alone, remote].map((log) => rejectionOf(log.append('never', { signal })))
    await sleep(50)
    controller.abort(reason)

    expect(await Promise.all(appending)).toEqual([reason, reason])
    for (const log of [alone, remote]) expect(await rejectionOf(log.append('nor this', { signal }))).toBe(reason)
    network.heal()
    const leader = await leaderOf(logs)
    for (const log of [...logs, remote]) expect(await rejectionOf(log.append('nor that', { signal }))).toBe(reason)
    await leader.append('next')
    await sleep(50)
    expect(await textsIn(leader)).toEqual(['next'])
  })
})

describe('append under a leader that cannot commit', () => {
  /** The leader is reached by all who append, and reaches no follower. */
  async function stuck(): Promise<CuttableCluster> {
    const cluster = await openCuttableCluster()
    const { network, followers, remote, leader } = cluster
    await remote.append('first')
    await appliedEverywhere(cluster.logs, { index: 3 })
    network.cut(...followers.map(idOf))
    await sleep(20)
    expect(leader.status.value.role).toBe('leader')
    return cluster
  }

  it('is of unknown outcome at the deadline, on the leader as elsewhere', async () => {
    const { leader, remote } = await stuck()
    const { term } = leader.status.value
    const start = performance.now()

    const errors = await Promise.all(
      [leader, remote].map((log) => rejectionOf(log.append('perhaps', { timeoutMs: 200 }))),
    )

    expect(performance.now() - start).toBeLessThan(1_500)
    for (const error of errors) {
      expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
      expect(error).toMatchObject({ code: 'APPEND_OUTCOME_UNKNOWN', group: 'orders', term })
    }
  })

  it('is of unknown outcome when the signal aborts, with the term to look for and the reason as its cause', async () => {
    const { leader, remote } = await stuck()
    const { term } = leader.status.value
    const reason = new Error('the shop closes')
    const controller = new AbortController()
    const { signal } = controller

    const appending = [leader, remote].map((log) => rejectionOf(log.append('perhaps', { signal })))
    await sleep(50)
    controller.abort(reason)

    for (const error of await Promise.all(appending)) {
      expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
      expect(error).toMatchObject({ term, cause: reason })
    }
  })

  it('holds each append to its own deadline, though they left in one message', async () => {
    const { remote } = await stuck()
    const endedAfterMs = async (timeoutMs: number): Promise<number> => {
      const start = performance.now()
      await rejectionOf(remote.append(`${timeoutMs}`, { timeoutMs }))
      return performance.now() - start
    }

    const [long, short, middle] = await Promise.all([endedAfterMs(600), endedAfterMs(50), endedAfterMs(300)])

    expect(short).toBeLessThan(250)
    expect(middle).toBeGreaterThanOrEqual(295)
    expect(middle).toBeLessThan(550)
    expect(long).toBeGreaterThanOrEqual(595)
  })

  it('settles each pending append once when the log is closed, and refuses what comes after', async () => {
    const { leader, remote, nodes } = await stuck()
    let settled = 0
    const appending = [leader, remote].flatMap((log) =>
      Array.from({ length: 20 }, (_, n) =>
        rejectionOf(log.append(`${n}`, n % 2 === 0 ? {} : { signal: new AbortController().signal })).finally(
          () => settled++,
        ),
      ),
    )
    await sleep(30)
    expect(settled).toBe(0)

    // Handed over in the very turn that closes the log: not appended, or perhaps.
    const tooLate = rejectionOf(leader.append('in the same turn'))
    await Promise.all([leader.close(), remote.close()])

    for (const error of await Promise.all(appending)) expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
    expect((await tooLate) as Error).toSatisfy(
      (error) => error instanceof LogClosedError || error instanceof AppendOutcomeUnknownError,
    )
    expect(settled).toBe(40)
    for (const log of [leader, remote]) {
      expect(await rejectionOf(log.append('after'))).toBeInstanceOf(LogClosedError)
    }
    expect(await rejectionOf(remote.read({ after: 0 }))).toBeInstanceOf(LogClosedError)
    expect(await rejectionOf(remote.leader())).toBeInstanceOf(LogClosedError)
    await Promise.all([leader.close(), remote.close(), ...nodes.map((node) => node.close())])
  })
})

it('lets appends that wait for a leader hang nowhere when the log is closed', async () => {
  const { network, followers, leader, remote } = await openCuttableCluster()
  const [alone] = followers
  network.cut(idOf(leader), idOf(followers[1]!))
  await alone!.status.waitFor(({ role }) => role === 'candidate')
  const appending = [alone!, remote].flatMap((log) => [
    rejectionOf(log.append('a')),
    rejectionOf(log.append('b', { signal: new AbortController().signal })),
  ])
  await sleep(50)

  const start = performance.now()
  await Promise.all([alone!.close(), remote.close()])

  for (const error of await Promise.all(appending)) expect(error).toBeInstanceOf(LogClosedError)
  expect(performance.now() - start).toBeLessThan(500)
})

it('says once why the server has stopped', async () => {
  const inner = memoryStore()
  const faults: Error[] = []
  const store = storeAround(inner, {
    write: (batch, done) =>
      inner.write(batch, (failure) => done(faults[0] === undefined ? failure : { error: faults[0] })),
  })
  const { leader } = await openCluster({ ids: ['n1'], store: () => store })
  const fault = new Error('EIO')
  faults.push(fault)
  expect(await rejectionOf(leader.append('a'))).toBeInstanceOf(AppendOutcomeUnknownError)

  const error = await rejectionOf(leader.append('b'))

  expect(error).toBeInstanceOf(ServerStoppedError)
  expect(error).toBe(leader.ended)
  expect(error).toMatchObject({ message: 'group orders: the server has stopped: EIO', cause: fault })
})

it('says of many commands, of which the first parts are in, that the outcome of the whole is unknown', async () => {
  const network = smallMessages(1_000)
  const { followers, leader, nodes } = await openCluster({ network })
  const values = Array.from({ length: 4_000 }, (_, n) => `${n} `.padEnd(900, '.'))
  const appending = rejectionOf(followers[0]!.append(values, { timeoutMs: 400 }))
  await leader.status.waitFor(({ commitIndex }) => commitIndex > 20)

  for (const node of nodes) if (node.id !== idOf(followers[0]!)) await node.close()

  const error = await appending
  expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
  expect((error as Error).message).toMatch(/only the first \d+ of 4000 commands are known to be appended/)
})

it('gives many commands in parts one deadline together', async () => {
  const network = smallMessages(1_000)
  const { followers } = await openCluster({ network })
  const values = Array.from({ length: 20_000 }, () => 'x'.repeat(900))
  const start = performance.now()

  const error = await rejectionOf(followers[0]!.append(values, { timeoutMs: 200 }))

  expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
  expect(performance.now() - start).toBeLessThan(1_500)
})

it('does not send again what a leader took in and left behind, open, when it was closed', async () => {
  const { nodes, logs, leader, followers } = await openCluster()
  const { term } = leader.status.value
  const appending = followers.map((log, n) => rejectionOf(log.append(`${n}`)))
  await leader.status.waitFor(({ lastIndex }) => lastIndex === 4)

  await nodes[logs.indexOf(leader)]!.close()

  for (const error of await Promise.all(appending)) {
    expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
    expect(error).toMatchObject({ term })
  }
  const successor = await leaderOf(followers)
  await successor.append('last')
  // Here both had reached the successor: what is unknown may be in the log, once.
  expect(await textsIn(successor)).toEqual(['0', '1', 'last'])
})

it('does not wait out the deadline for a leader that fell with the answer, once it has a successor', async () => {
  const { network, leader, followers } = await openCuttableCluster()
  const { term } = leader.status.value
  const appending = rejectionOf(followers[0]!.append('taken in and never answered'))
  await leader.status.waitFor(({ lastIndex }) => lastIndex === 3)
  const start = performance.now()

  network.cut(idOf(leader))

  const error = await appending
  expect(error).toBeInstanceOf(AppendOutcomeUnknownError)
  expect(error).toMatchObject({ term })
  expect(performance.now() - start).toBeLessThan(3_000)
  expect(await followers[0]!.append('under the next')).toMatchObject({ term: expect.any(Number) })
})

it('goes on appending under a new leader as under the old', async () => {
  const { network, leader, followers, logs, remote } = await openCuttableCluster()
  const before = await Promise.all([followers[0]!.append('a'), remote.append('b')])
  network.cut(idOf(leader))

  const after = await Promise.all([followers[0]!.append('c'), remote.append('d')])

  expect(Math.min(...after.map(({ term }) => term))).toBeGreaterThan(before[0].term)
  network.heal()
  await appliedEverywhere(logs, { index: Math.max(...after.map(({ index }) => index)) })
  for (const log of logs) expect((await textsIn(log)).sort()).toEqual(['a', 'b', 'c', 'd'])
})

it('retries what the old leader had in its log and lost, and appends it once', async () => {
  const { network, leader, followers, logs } = await openCuttableCluster()
  const { term } = leader.status.value
  network.cut(idOf(leader))
  const lost = leader.append('lost at first')
  const alsoLost = leader.append(['also', 'lost at first'], { signal: new AbortController().signal })
  await leader.status.waitFor(({ lastIndex }) => lastIndex === 5)
  await followers[0]!.append('meanwhile')

  network.heal()

  const appended = [await lost, ...(await alsoLost)]
  for (const place of appended) expect(place.term).toBeGreaterThan(term)
  await appliedEverywhere(logs, { index: Math.max(...appended.map(({ index }) => index)) })
  for (const log of logs) {
    expect((await textsIn(log)).sort()).toEqual(['also', 'lost at first', 'lost at first', 'meanwhile'])
  }
})
