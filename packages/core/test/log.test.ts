import { entryBytes, type Entry, type LogPosition } from '@quorate/core'
import { describe, expect, it } from 'vitest'
import { Log } from '../src/state/log.ts'
import { TermRuns } from '../src/state/termRuns.ts'
import { logOf } from './world/serverWorld.ts'
import { TestRandom } from './world/testRandom.ts'

function filled(terms: readonly number[]): Log {
  const log = new Log()
  for (const entry of logOf(terms)) log.append(entry)
  return log
}

describe('a log', () => {
  it('has no holes, and its terms never fall', () => {
    const log = filled([1, 2])
    const [, , third, fourth] = logOf([1, 2, 2, 2]) as [Entry, Entry, Entry, Entry]
    expect(() => log.append(fourth)).toThrow('no holes')
    expect(() => log.append({ ...third, term: 1 })).toThrow('terms never fall')
    log.append(third)
    expect(log.last).toEqual({ index: 3, term: 2 })
  })

  it('is of term 0 before its first entry, and has no entry behind its last', () => {
    const log = filled([1, 2])
    expect([0, 1, 2, 3].map((index) => log.termAt(index))).toEqual([0, 1, 2, undefined])
    expect(log.holds({ index: 0, term: 0 })).toBe(true)
    expect(log.holds({ index: 0, term: 1 })).toBe(false)
    expect(log.holds({ index: 3, term: 0 })).toBe(false)
    expect(new Log().last).toEqual({ index: 0, term: 0 })
  })

  it('agrees with a plain list of terms, whatever is appended, cut and compacted', () => {
    const random = new TestRandom(2)
    for (let round = 0; round < 50; round++) {
      const log = new Log()
      let list: number[] = []
      let startsAfter = 0
      for (let step = 0; step < 60; step++) {
        if (random.happens(0.8)) {
          const term = (list.at(-1) ?? 1) + (random.happens(0.3) ? random.below(3) : 0)
          const entry: Entry = { kind: 'no-op', index: list.length + 1, term, time: 0 }
          log.append(entry)
          list.push(term)
        } else {
          const after = startsAfter + random.below(list.length - startsAfter + 2)
          log.truncateAfter(after)
          list = list.slice(0, after)
        }
        if (random.happens(0.1)) {
          startsAfter += random.below(list.length - startsAfter + 1)
          log.compact(startsAfter)
        }
        if (random.happens(0.02)) {
          const position = { index: list.length + random.below(3), term: (list.at(-1) ?? 1) + random.below(2) }
          log.restartAfter(position)
          startsAfter = position.index
          list = Array.from({ length: position.index }, (_, place) => list[place] ?? position.term)
          if (list.length > 0) list[list.length - 1] = position.term
        }
        if (random.happens(0.1)) log.shrinkCache(200, startsAfter + random.below(list.length - startsAfter + 1))
        expect(log.lastIndex).toBe(list.length)
        expect(log.lastTerm).toBe(list.at(-1) ?? 0)
        expect(log.startsAfter).toEqual({ index: startsAfter, term: list[startsAfter - 1] ?? 0 })
        for (let index = 1; index <= list.length; index++) {
          expect(log.termAt(index)).toBe(index < startsAfter ? undefined : list[index - 1])
        }
        const upTo = random.below(list.length + 3)
        const term = random.below(8)
        let expected: LogPosition = { index: 0, term: 0 }
        for (let index = Math.max(1, startsAfter); index <= Math.min(upTo, list.length); index++) {
          if (list[index - 1]! <= term) expected = { index, term: list[index - 1]! }
        }
        expect(log.lastUpToTerm(upTo, term)).toEqual(expected)
        const cached = log.cached(log.cachedAfter, log.lastIndex, Infinity)
        expect(cached?.map((entry) => entry.term)).toEqual(list.slice(log.cachedAfter))
        expect(log.cachedAfter).toBeGreaterThanOrEqual(startsAfter)
        expect(new TermRuns(log.termStarts, log.startsAfter).lastTerm).toBe(log.lastTerm)
        const copy = log.copy()
        expect([copy.startsAfter, copy.last, copy.termStarts]).toEqual([log.startsAfter, log.last, log.termStarts])
      }
    }
  })

  it('gives as many entries as fit, and at least one; none means none, undefined means: ask the store', () => {
    const log = filled([1, 1, 1, 1, 1])
    const one = entryBytes(logOf([1, 1])[1]!)
    const indexes = (entries: readonly Entry[] | undefined) => entries?.map(({ index }) => index)
    expect(indexes(log.cached(1, 5, 2 * one))).toEqual([2, 3])
    expect(indexes(log.cached(1, 5, 1))).toEqual([2])
    expect(indexes(log.cached(1, 3, Infinity))).toEqual([2, 3])
    expect(indexes(log.cached(5, 5, Infinity))).toEqual([])
    log.shrinkCache(1, 3)
    expect(log.cachedAfter).toBe(3)
    expect(log.cached(2, 5, Infinity)).toBeUndefined()
    expect(indexes(log.cached(3, 5, Infinity))).toEqual([4, 5])
  })

  it('lets go of nothing behind the given index, nor while it is small enough', () => {
    const log = filled([1, 1, 1, 1])
    log.shrinkCache(1_000_000, 4)
    expect(log.cachedAfter).toBe(0)
    log.shrinkCache(1, 0)
    expect(log.cachedAfter).toBe(0)
  })

  it('cut below what is in memory, goes on from there', () => {
    const log = filled([1, 1, 1, 1, 1])
    log.shrinkCache(1, 4)
    log.truncateAfter(2)
    expect(log.cachedAfter).toBe(2)
    log.append({ kind: 'no-op', index: 3, term: 2, time: 0 })
    expect(log.cached(2, 3, Infinity)).toMatchObject([{ index: 3, term: 2 }])
  })
})
