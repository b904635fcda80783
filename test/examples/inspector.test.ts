import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { memoryNetwork, memoryStore, openNode, type ReplicatedLog } from '@quorate/log'
import { createWebSocketInspector, createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'
import { createActor, createMachine, type InspectionEvent } from 'xstate'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startLoopbackRelay } from '../../examples/inspector/loopbackRelay.mjs'
import { plainInspection } from '../../examples/inspector/plainInspection.mjs'
import { NodeProcess } from '../setup/nodeProcess.ts'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe('main.mjs', () => {
  // What it prints is what its receiver got, in the order of arrival.
  test('shows how a leader is elected, ended and replaced, and ends by itself', { timeout: 30_000 }, async () => {
    const example = new NodeProcess(fileURLToPath(new URL('../../examples/inspector/main.mjs', import.meta.url)))
    expect(await example.end()).toBe('exit code 0')
    const lines = [...example.lines]
    const placeOf = (wanted: RegExp): number => lines.findIndex((line) => wanted.test(line))
    const expectInOrder = (...wanted: RegExp[]): void => {
      let after = -1
      for (const each of wanted) {
        const place = lines.findIndex((line, at) => at > after && each.test(line))
        expect(place, `${each} behind line ${after}:\n${lines.join('\n')}`).toBeGreaterThan(after)
        after = place
      }
    }

    for (const id of ['a', 'b', 'c']) {
      expectInOrder(
        RegExp(`^orders/${id} > follower: starts as following.contact.armed`),
        RegExp(`^orders/${id}: starts as follower`),
      )
    }

    const first = /Ending (\w):/.exec(lines[placeOf(/^Ending/)]!)![1]!
    const second = /^orders\/(\w) \[server\] leader/.exec(
      lines.filter((line) => /\[server\] leader/.test(line)).at(-1)!,
    )![1]!
    expect(second).not.toBe(first)

    for (const id of [first, second]) {
      expectInOrder(
        RegExp(`^orders/${id}: follower -> candidate in term `),
        RegExp(`^orders/${id}: candidate -> leader in term `),
      )
    }
    for (const id of ['a', 'b', 'c'].filter((other) => other !== first)) {
      expectInOrder(
        RegExp(`^orders/${first} > leader > ${id}: starts as probe`),
        RegExp(`^orders/${first} > leader > ${id}: probe -> replicate \\(appendEntries.accepted\\)`),
        /^The first leader:/,
        RegExp(`^    ${id} \\[peer\\] replicate`),
        RegExp(`^Ending ${first}:`),
        RegExp(`^orders/${first} > leader > ${id}: stopped`),
        RegExp(`^orders/${first} > leader: stopped`),
        RegExp(`^orders/${first}: leader -> stopped, done`),
        RegExp(`^orders/${second}: candidate -> leader`),
        /^The second leader:/,
      )
    }
    // The ended server is no longer in the tree, and the new leader asks for it in vain.
    const secondTree = lines.slice(placeOf(/^The second leader:/))
    expect(secondTree.filter((line) => / \[server\] /.test(line))).toHaveLength(2)
    expect(secondTree).toContain(`    ${first} [peer] probe`)
  })
})

describe('plainInspection', () => {
  /** Makes text of what it is given later than any inspector does: when it is asked for. */
  class LateInspector {
    readonly #events: InspectionEvent[] = []
    readonly inspect = { next: (event: InspectionEvent) => void this.#events.push(event) }

    get texts(): readonly string[] {
      return this.#events.map((event) =>
        JSON.stringify(event, (name, value: unknown) => (name === 'logic' ? undefined : value)),
      )
    }

    get snapshots(): readonly { value: unknown; context: { currentTerm?: number } }[] {
      return this.#events.flatMap((event) => (event.type === '@xstate.snapshot' ? [event.snapshot as never] : []))
    }
  }

  async function openLeader(inspect: (event: InspectionEvent) => void): Promise<ReplicatedLog> {
    const node = await openNode({ id: 'a', network: memoryNetwork(), store: memoryStore(), inspect })
    closing.push(() => node.close())
    await node.bootstrap('g', ['a'])
    const log = await node.openLog('g')
    await log.status.waitFor(({ role }) => role === 'leader')
    return log
  }

  test('lets no command out, nor anything that grows with the log', async () => {
    const inspector = new LateInspector()
    const log = await openLeader(plainInspection(inspector, 'a'))
    await log.append(Array.from({ length: 1_000 }, () => 'a secret'))
    await log.close()

    expect(inspector.snapshots.map(({ value }) => value)).toEqual(expect.arrayContaining(['leader', 'stopped']))
    for (const text of inspector.texts) {
      expect(text.length).toBeLessThan(1_000)
      expect(text).not.toContain('data')
    }
  })

  test('gives what stood at that moment, however late it is looked at', async () => {
    const inspector = new LateInspector()
    await openLeader(plainInspection(inspector, 'a'))
    const { snapshots } = inspector
    expect(snapshots.at(0)?.context.currentTerm).toBe(1)
    expect(snapshots.at(-1)?.context.currentTerm).toBeGreaterThan(1)
  })

  test('is silent while no chart changes its state', async () => {
    const inspector = new LateInspector()
    let raw = 0
    const plain = plainInspection(inspector, 'a')
    const log = await openLeader((event) => {
      raw++
      plain(event)
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    const before = { texts: inspector.texts.length, raw }
    for (let count = 0; count < 20; count++) await log.append('x')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(raw).toBeGreaterThan(before.raw + 20)
    expect(inspector.texts).toHaveLength(before.texts)
  })

  test('keeps the servers of different processes apart, which count their sessions alike', async () => {
    const inspector = new LateInspector()
    await openLeader(plainInspection(inspector, 'a'))
    expect(inspector.texts).not.toEqual([])
    for (const text of inspector.texts) {
      const { rootId, actorRef } = JSON.parse(text) as { rootId: string; actorRef: { sessionId: string } }
      expect([rootId, actorRef.sessionId]).toEqual([
        expect.stringMatching(/^a\/x:\d+$/),
        expect.stringMatching(/^a\/x:\d+$/),
      ])
    }
  })
})

describe('startLoopbackRelay', () => {
  async function startRelay(): Promise<string> {
    const relay = await startLoopbackRelay()
    closing.push(() => relay.close())
    return relay.url
  }

  function receive(server: string): StatelyInspectionEvent[] {
    const messages: StatelyInspectionEvent[] = []
    createWebSocketReceiver({ server }).subscribe((message) => messages.push(message))
    return messages
  }

  test('tells a late receiver of the actors that live, as they stand, and of no others', async () => {
    const url = await startRelay()
    const inspector = createWebSocketInspector({ url })
    closing.push(() => inspector.stop())
    const early = receive(url)
    const machine = createMachine({ id: 'lamp', initial: 'off', states: { off: { on: { press: 'on' } }, on: {} } })
    const start = () => createActor(machine, { inspect: (event) => inspector.inspect.next?.(event) }).start()
    const lamp = start()
    const broken = start()
    // Before it is connected, the inspector drops all but the last 200 events.
    await vi.waitFor(() => expect(early.length).toBeGreaterThan(0))
    // More than any ring buffer keeps.
    for (let count = 0; count < 300; count++) lamp.send({ type: 'look' })
    lamp.send({ type: 'press' })
    broken.stop()
    const end = { sessionId: broken.sessionId, snapshot: { status: 'stopped' } }
    await vi.waitFor(() => expect(early.at(-1)).toMatchObject(end))

    const late = receive(url)
    await vi.waitFor(() => expect(late).toHaveLength(2))
    expect(late[0]).toMatchObject({ type: '@xstate.actor', sessionId: lamp.sessionId })
    expect(late[1]).toMatchObject({ type: '@xstate.snapshot', sessionId: lamp.sessionId, snapshot: { value: 'on' } })
  })

  test.each([
    ['https://elsewhere.example', 401],
    ['http://localhost.elsewhere.example', 401],
    ['http://localhost:8080', 101],
    [undefined, 101],
  ])('answers a page from %s with %d', async (origin, wanted) => {
    const url = await startRelay()
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...(origin === undefined ? {} : { origin }),
    }
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const dialled = request(url.replace('ws:', 'http:'), { headers })
      dialled.on('upgrade', ({ statusCode }, socket) => {
        socket.destroy()
        resolve(statusCode)
      })
      dialled.on('response', ({ statusCode }) => resolve(statusCode))
      dialled.on('error', reject)
      dialled.end()
    })
    expect(status).toBe(wanted)
  })
})
