import { describe, expect, it } from 'vitest'
import { hasQuorum, majorityOf, quorumIndex } from '../src/quorum/majority.ts'
import { TestRandom } from './world/testRandom.ts'

describe('a majority', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ])('of %i is %i', (count, majority) => {
    expect(majorityOf(count)).toBe(majority)
  })

  it('any two majorities of one set share a server, and no set has two that do not', () => {
    for (let count = 1; count < 20; count++) expect(2 * majorityOf(count)).toBeGreaterThan(count)
  })

  it('of a joint configuration is one of each set', () => {
    const voters = [
      ['a', 'b', 'c'],
      ['c', 'd', 'e'],
    ]
    const agree = (...ids: string[]): boolean => hasQuorum(voters, (id) => ids.includes(id))
    expect(agree('a', 'b', 'c')).toBe(false)
    expect(agree('a', 'b', 'd', 'e')).toBe(true)
    expect(agree('b', 'c', 'd')).toBe(true)
    expect(agree('c', 'd', 'e')).toBe(false)
  })

  it('nobody is no majority of nobody', () => {
    expect(hasQuorum([[]], () => true)).toBe(false)
    expect(quorumIndex([[]], () => 9)).toBe(0)
    expect(quorumIndex([], () => 9)).toBe(0)
  })

  it('has reached an index exactly when each set has a majority at or above it', () => {
    const random = new TestRandom(11)
    for (let round = 0; round < 2000; round++) {
      const ids = Array.from({ length: 1 + random.below(7) }, (_, n) => `s${n}`)
      const voters = random.happens(0.5) ? [ids] : [ids, ids.filter(() => random.happens(0.7)), ids.slice(0, 1)]
      const reached = new Map(ids.map((id) => [id, random.below(12)]))
      const indexOf = (id: string): number => reached.get(id)!
      let expected = 0
      for (let index = 1; index <= 12; index++) {
        if (hasQuorum(voters, (id) => indexOf(id) >= index)) expected = index
      }
      expect(quorumIndex(voters, indexOf)).toBe(expected)
    }
  })
})
