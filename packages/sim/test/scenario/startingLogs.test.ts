import { describe, expect, it } from 'vitest'
import { cluster } from '@quorate/sim'

describe('the logs that a cluster begins with', () => {
  it('stand on the disks, with terms that a group can have', async () => {
    const c = await cluster(3, { logs: { s1: [1, 1, 2], s2: [1, 1, 2] }, terms: { s3: 1 } })
    c.expect.durable('s1', [1, 1, 2])
    c.expect.log('s3', [1])
    c.expect.term('s1', 2)
    c.expect.term('s3', 1)
    c.expect.committed('s1', 0)
  })

  it('hold equal entries where they agree: a leader that finds them so sends nothing again', async () => {
    const c = await cluster(3, { logs: { s1: [1, 2, 2], s2: [1, 2, 2], s3: [1, 2] } })
    await c.elect('s1')
    await c.settle()
    await c.heartbeat('s1')
    await c.settle()
    for (const id of ['s1', 's2', 's3']) c.expect.applied(id, ['2/2', '3/2'])
  })

  it('bind the votes of terms that were led: nobody leads one of them again', async () => {
    const c = await cluster(3, { logs: { s1: [1, 2] }, terms: { s3: 1 } })
    c.expect.vote('s2', 's1')
    await c.stand('s3')
    c.expect.noLeader()
  })

  it.each([
    [{ logs: { s4: [1] } }, 'there is no server s4; there are s1, s2, s3'],
    [{ terms: { s4: 1 } }, 'there is no server s4; there are s1, s2, s3'],
    [{ logs: { s1: [] } }, 'the log of s1 is empty: its first entry must be of term 1'],
    [{ logs: { s1: [2] } }, 'the log of s1 is 2: its first entry must be of term 1'],
    [{ logs: { s1: [1, 3, 2] } }, 'the log of s1 is 1 3 2: terms are whole numbers that never fall along a log'],
    [{ logs: { s1: [1, 1.5] } }, 'the log of s1 is 1 1.5: terms are whole numbers'],
    [
      { logs: { s1: [1, 2, 3], s2: [1, 1, 3] } },
      's1 and s2 both have an entry 3/3, and differ before it (1 2 3, 1 1 3)',
    ],
    [
      { logs: { s1: [1, 3] }, terms: { s1: 2 } },
      'the term of s1 is 2, and its log ends with an entry of term 3; give 3',
    ],
    [
      { logs: { s1: [1, 3] }, terms: { s2: 2, s3: 2 } },
      'the log of s1 has an entry of term 3, which only 1 of 3 servers have reached: no majority can have elected',
    ],
  ])('are refused when no group can have them: %j', async (starting, message) => {
    await expect(cluster(3, starting)).rejects.toThrow(RangeError)
    await expect(cluster(3, starting)).rejects.toThrow(message)
  })
})
