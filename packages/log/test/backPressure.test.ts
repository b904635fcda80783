import { BackpressureError, connectLog, memoryNetwork, type LogStateMachine, type ReplicatedLog } from '@quorate/log'
import { describe, expect, it } from 'vitest'
import { closeAfterTest, openNodes, rejectionOf, sleep } from './cluster.ts'

/** Takes nothing until it is let go. */
class Held implements LogStateMachine {
  #release: () => void = () => {}
  readonly #held = new Promise<void>((resolve) => {
    this.#release = resolve
  })

  apply(): Promise<void> {
    return this.#held
  }

  release(): void {
    this.#release()
  }
}

const network = memoryNetwork()
let groups = 0

/** A group of one whose leader takes in 100 KB, and applies nothing for now. */
async function held(): Promise<{ log: ReplicatedLog; machine: Held; group: string }> {
  const id = `n${++groups}`
  const [node] = await openNodes({ ids: [id], network, settings: { maxPendingBytes: 100_000 } })
  const group = `group-${groups}`
  await node!.bootstrap(group, [id])
  const machine = new Held()
  const log = await node!.openLog(group, { stateMachine: machine })
  await log.status.waitFor(({ role, lastApplied }) => role === 'leader' && lastApplied >= 2)
  return { log, machine, group }
}

const large = 'x'.repeat(60_000)

describe('an append to a leader that has enough in hand', () => {
  it('waits, and is appended once there is room', async () => {
    const { log, machine, group } = await held()
    const remote = closeAfterTest(connectLog(group, { network }))
    const first = log.append(large)
    const waiting = [log.append(large), remote.append(large)]
    await sleep(50)
    expect(log.status.value.lastIndex).toBe(3)
    machine.release()
    await first
    const places = await Promise.all(waiting)
    expect(new Set(places.map(({ index }) => index))).toEqual(new Set([4, 5]))
  })

  it('throws at once if it is to, and nothing was appended', async () => {
    const { log, machine, group } = await held()
    const remote = closeAfterTest(connectLog(group, { network }))
    const first = log.append(large)
    for (const appending of [log.append(large, { whenBusy: 'throw' }), remote.append(large, { whenBusy: 'throw' })]) {
      const error = await rejectionOf(appending)
      expect(error).toBeInstanceOf(BackpressureError)
      expect(error).toMatchObject({ code: 'BACKPRESSURE', group, maxPendingBytes: 100_000 })
      expect((error as BackpressureError).pendingBytes).toBeGreaterThan(60_000)
    }
    machine.release()
    await first
    expect(log.status.value.lastIndex).toBe(3)
  })

  it('throws when its time is over, and nothing was appended', async () => {
    const { log, machine } = await held()
    const first = log.append(large)
    expect(await rejectionOf(log.append(large, { timeoutMs: 100 }))).toBeInstanceOf(BackpressureError)
    machine.release()
    await first
    expect(log.status.value.lastIndex).toBe(3)
  })

  it('takes no other word for what to do', async () => {
    const { log, machine } = await held()
    machine.release()
    expect(await rejectionOf(log.append('x', { whenBusy: 'drop' as 'wait' }))).toMatchObject({
      message: expect.stringContaining('whenBusy is "drop"'),
    })
  })
})

describe('settings that change', () => {
  it('do so for all groups of a node, or not at all', async () => {
    const [node] = await openNodes({ ids: ['changing'], network })
    node!.reconfigure({ maxPendingBytes: 5_000 })
    expect(node!.settings.maxPendingBytes).toBe(5_000)
    expect(() => node!.reconfigure({ maxPendingBytes: 7_000, cacheBytes: -1 })).toThrow('cacheBytes is -1')
    expect(node!.settings.maxPendingBytes).toBe(5_000)
  })
})
