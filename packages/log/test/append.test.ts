import { connectLog, EntryTooLargeError, memoryNetwork, type Appendable } from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { commandBytes } from '@quorate/core'
import { appliedEverywhere, closeAfterTest, openCluster, placesOf, rejectionOf, take } from './cluster.ts'
import { smallMessages } from './smallMessages.ts'

const utf8 = new TextEncoder()

describe('append', () => {
  it('answers where the command stands, one place behind the other', async () => {
    const { leader } = await openCluster({ ids: ['n1'] })
    const { term } = leader.status.value

    expect(await leader.append('a')).toEqual({ index: 3, term })
    expect(await leader.append(['b', 'c'])).toEqual([
      { index: 4, term },
      { index: 5, term },
    ])
    expect(await leader.append([])).toEqual([])
    expect(await leader.append('d')).toEqual({ index: 6, term })
    expect(await placesOf(leader, 4)).toEqual([
      [3, 'a'],
      [4, 'b'],
      [5, 'c'],
      [6, 'd'],
    ])
  })

  it('keeps the order of calls that do not wait for one another, on the leader as on a follower', async () => {
    const { leader, followers } = await openCluster()
    const names = Array.from({ length: 300 }, (_, n) => `${n}`)

    const atLeader = await Promise.all(names.map((name) => leader.append(`leader ${name}`)))
    const atFollower = await Promise.all(names.map((name) => followers[0]!.append(`follower ${name}`)))

    const first = atLeader[0]!.index
    expect(atLeader.map(({ index }) => index)).toEqual(names.map((_, n) => first + n))
    expect(atFollower.map(({ index }) => index)).toEqual(names.map((_, n) => first + 300 + n))
    const texts = (await take(followers[1]!, 600)).map((entry) => entry.text())
    expect(texts).toEqual([...names.map((name) => `leader ${name}`), ...names.map((name) => `follower ${name}`)])
  })

  it('takes text, bytes and either with a subject', async () => {
    const { leader, followers } = await openCluster()

    await leader.append([
      'grüße',
      new Uint8Array([0, 255, 1]),
      { data: 'x', subject: 'orders.new' },
      { data: Buffer.from([7]) },
      '',
    ])

    for (const log of [leader, ...followers]) {
      const [text, bytes, withSubject, buffer, empty] = await take(log, 5)
      expect(text).toMatchObject({ kind: 'command', subject: undefined, data: utf8.encode('grüße') })
      expect(text!.text()).toBe('grüße')
      expect(bytes!.data).toEqual(new Uint8Array([0, 255, 1]))
      expect(withSubject).toMatchObject({ subject: 'orders.new', data: utf8.encode('x') })
      expect(buffer!.data).toEqual(new Uint8Array([7]))
      expect(empty!.data).toEqual(new Uint8Array(0))
    }
  })

  it('stamps entries with a time that is the same on every server and never falls', async () => {
    const { leader, logs } = await openCluster()
    const before = Date.now()
    await leader.append(['a', 'b'])
    await leader.append('c')

    const [times, ...others] = await Promise.all(logs.map(async (log) => (await take(log, 3)).map(({ time }) => time)))

    expect(times!.every((time) => time >= before && time <= Date.now())).toBe(true)
    expect(times).toEqual([...times!].sort((a, b) => a - b))
    for (const other of others) expect(other).toEqual(times)
  })

  it('reaches the leader from a follower, and answers once the leader has applied it', async () => {
    const { leader, followers, logs } = await openCluster()
    expect(followers).toHaveLength(2)

    const appended = await followers[0]!.append('from a follower')

    expect(leader.lastApplied).toBeGreaterThanOrEqual(appended.index)
    expect(appended.term).toBe(leader.status.value.term)
    await appliedEverywhere(logs, appended)
    for (const log of logs) expect(await placesOf(log, 1)).toEqual([[appended.index, 'from a follower']])
  })

  it('copies the bytes: the caller may go on to use the buffer at once', async () => {
    const { leader, followers } = await openCluster()
    const sizes = [10, 1_024, 1_025, 70_000]
    for (const size of sizes) {
      for (const log of [leader, followers[0]!]) {
        const buffer = new Uint8Array(size).fill(1)
        const appending = log.append(buffer)
        const many = log.append([{ data: buffer }, buffer])
        buffer.fill(2)
        await Promise.all([appending, many])
      }
    }

    const entries = await take(leader, 6 * sizes.length)
    expect(entries.map(({ data }) => data.length)).toEqual(
      sizes.flatMap((size) => Array.from({ length: 6 }, () => size)),
    )
    expect(entries.filter(({ data }) => data.some((byte) => byte !== 1))).toEqual([])
  })

  it('lets small commands of a quiet log hold no memory of a busy one', async () => {
    const network = memoryNetwork()
    const { leader: quiet, nodes } = await openCluster({ ids: ['n1'], network })
    await nodes[0]!.bootstrap('payments', ['n1'])
    const busy = await nodes[0]!.openLog('payments')
    await busy.status.waitFor(({ role }) => role === 'leader')
    const remote = closeAfterTest(connectLog('payments', { network }))
    const buffers = new Set<ArrayBufferLike>()

    for (let n = 0; n < 40; n++) {
      await Promise.all([
        quiet.append(new Uint8Array(8)),
        ...Array.from({ length: 7 }, () => busy.append(new Uint8Array(1_000))),
      ])
      await remote.append(new Uint8Array(1_000))
    }

    for (const { data } of await take(quiet, 40)) buffers.add(data.buffer)
    expect([...buffers].map(({ byteLength }) => byteLength)).toEqual([8 * 1024])
  })

  it('gives a command above 1 KiB a buffer of its own', async () => {
    const { leader } = await openCluster({ ids: ['n1'] })
    await leader.append([new Uint8Array(1_024), new Uint8Array(1_025), new Uint8Array(1)])

    const entries = await take(leader, 3)

    expect(entries.map(({ data }) => data.buffer.byteLength)).toEqual([8 * 1024, 1_025, 8 * 1024])
  })

  it('brings commands that no single message can carry in parts, in order', async () => {
    const network = smallMessages(1_000)
    const { followers, leader } = await openCluster({ network })
    network.sent.length = 0
    const values = Array.from({ length: 50 }, (_, n) => `${n} `.padEnd(300, '.'))

    const appended = await followers[0]!.append(values)

    expect(appended.map(({ index }) => index)).toEqual(values.map((_, n) => appended[0]!.index + n))
    expect((await take(leader, 50)).map((entry) => entry.text())).toEqual(values)
    const sizes = network.sent.map((request) =>
      request.type === 'append' ? request.commands.reduce((sum, command) => sum + commandBytes(command), 0) : 0,
    )
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000)
    expect(sizes).toHaveLength(25)
  })

  it('puts the small appends of one turn into one message, and answers each with its own place', async () => {
    const network = smallMessages(10_000)
    const { followers, leader } = await openCluster({ network })
    network.sent.length = 0
    const texts = Array.from({ length: 20 }, (_, n) => `${n}`)

    const appended = await Promise.all(texts.map((text) => followers[0]!.append([text, `${text} again`])))

    expect(network.sent.filter(({ type }) => type === 'append')).toHaveLength(1)
    const stands = new Map((await take(leader, 40)).map((entry) => [entry.index, entry.text()]))
    expect(appended.map((places) => places.map(({ index }) => stands.get(index)))).toEqual(
      texts.map((text) => [text, `${text} again`]),
    )
  })

  it('puts no more appends of one turn into a message than it can carry', async () => {
    const network = smallMessages(1_000)
    const { followers, leader } = await openCluster({ network })
    network.sent.length = 0
    const texts = Array.from({ length: 21 }, (_, n) => `${n} `.padEnd(250, '.'))

    await Promise.all(texts.map((text) => followers[0]!.append(text)))

    const sizes = network.sent.map((request) => (request.type === 'append' ? request.commands.length : 0))
    expect(sizes).toEqual(Array.from({ length: 7 }, () => 3))
    expect((await take(leader, 21)).map((entry) => entry.text())).toEqual(texts)
  })

  it('refuses what no message can carry before anything of it is sent', async () => {
    const network = smallMessages(1_000)
    const { leader, followers, logs } = await openCluster({ network })
    network.sent.length = 0
    const remote = closeAfterTest(connectLog('orders', { network }))

    for (const log of [leader, followers[0]!, remote]) {
      const error = await rejectionOf(log.append(['small', 'x'.repeat(1_000)]))
      expect(error).toBeInstanceOf(EntryTooLargeError)
      expect(error).toMatchObject({ code: 'ENTRY_TOO_LARGE', maxBytes: 1_000, sizeBytes: 1_048 })
      const bySubject = rejectionOf(log.append({ data: '', subject: 's'.repeat(400) }))
      expect(await bySubject).toBeInstanceOf(EntryTooLargeError)
    }

    expect(network.sent.filter(({ type }) => type === 'append')).toEqual([])
    const fits = await leader.append('x'.repeat(1_000 - commandBytes({ data: new Uint8Array() })))
    await appliedEverywhere(logs, fits)
    expect(await placesOf(leader, 1)).toEqual([[fits.index, expect.any(String)]])
  })

  it('refuses what is no command as a fault of the caller, and says what it was', async () => {
    const network = memoryNetwork()
    const { leader } = await openCluster({ ids: ['n1'], network })
    const remote = closeAfterTest(connectLog('orders', { network }))
    const faults: [unknown, string][] = [
      [undefined, 'this is undefined'],
      [null, 'this is null'],
      [7, 'this is number'],
      [{}, 'an object with nothing in it'],
      [{ value: 1, text: 'x' }, 'an object with value, text'],
      [{ data: 5 }, 'an object with data'],
      [new ArrayBuffer(4), 'an object'],
      [['fine', 7], 'this is number'],
      [{ data: 'x', subject: 7 }, '7 is not a subject'],
      [{ data: 'x', subject: '' }, '"" is not a subject'],
      [{ data: 'x', subject: 'orders.*' }, '"orders.*" is not a subject'],
      [{ data: 'x', subject: 'orders..new' }, '"orders..new" is not a subject'],
      [{ data: 'x', subject: 'a b' }, '"a b" is not a subject'],
    ]

    for (const log of [leader, remote]) {
      for (const [value, told] of faults) {
        const error = await rejectionOf(log.append(value as Appendable))
        expect(error).toBeInstanceOf(TypeError)
        expect((error as Error).message).toContain(told)
      }
    }
    expect(leader.status.value.lastIndex).toBe(2)
  })
})
