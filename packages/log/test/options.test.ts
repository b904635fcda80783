import { describe, expect, it } from 'vitest'
import { openCluster, openNodes, rejectionOf } from './cluster.ts'

const DURATIONS = [0, -1, Number.NaN, Infinity, 2 ** 31]

describe('an option that cannot be meant is a RangeError that names it, its value and what it may be', () => {
  it.each(DURATIONS)('a duration of %s', async (value) => {
    const { leader, nodes } = await openCluster({ ids: ['n1'] })
    const [other] = await openNodes({ ids: ['n2'] })
    const attempts: [string, Promise<unknown>][] = [
      ['joinTimeoutMs', nodes[0]!.openLog('other', { joinTimeoutMs: value })],
      ['timeoutMs', other!.bootstrap('other', ['n2'], { timeoutMs: value })],
      ['timeoutMs', leader.append('x', { timeoutMs: value })],
      ['timeoutMs', leader.readIndex({ timeoutMs: value })],
      ['timeoutMs', leader.changeMembers({ voters: ['n1'], timeoutMs: value })],
      ['timeoutMs', leader.recoverServer('n1', { timeoutMs: value })],
    ]
    for (const [name, attempt] of attempts) {
      const error = await rejectionOf(attempt)
      expect(error).toBeInstanceOf(RangeError)
      expect((error as Error).message).toContain(`${name} is ${value}; it must be above 0 and at most 2147483647`)
    }
  })

  it('an amount of compaction', async () => {
    const [node] = await openNodes({ ids: ['n1'] })
    await node!.bootstrap('orders', ['n1'])
    for (const [name, value] of Object.entries({ afterEntries: 0, afterBytes: 0.5, trailingEntries: -1 })) {
      const error = await rejectionOf(node!.openLog('orders', { compaction: { [name]: value } }))
      expect(error).toBeInstanceOf(RangeError)
      expect((error as Error).message).toContain(`compaction.${name} is ${value}; it must be a whole number`)
    }
    await node!.openLog('orders')
  })
})
