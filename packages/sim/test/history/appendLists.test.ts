import { describe, expect, it, test, vi } from 'vitest'
import { checkAppendLists } from '../../src/history/appendLists.ts'
import type { Operation } from '../../src/history/operation.ts'
import { SimRandom } from '../../src/random.ts'
import { drawListRun, withFinalReads, type ListRun } from './listRun.ts'
import {
  plantAllowedStaleRead,
  plantDuplicate,
  plantFailedAppend,
  plantForesight,
  plantLostAppend,
  plantPhantom,
  plantPhantomInRead,
  plantReorderedList,
  plantReorderedRead,
  plantStaleRead,
  type Plant,
} from './planting.ts'
import { drawListHistory, listDeed } from './smallHistories.ts'
import { isLinearizableByTrial } from './trial.ts'

// Machines are shared, and thousands of runs take their time.
vi.setConfig({ testTimeout: 60_000 })

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed)

const ends: { end: string; check: (run: ListRun) => ReturnType<typeof checkAppendLists> }[] = [
  { end: 'the lists in the end', check: ({ history, finalLists }) => checkAppendLists(history, finalLists) },
  { end: 'reads in the end', check: (run) => checkAppendLists(withFinalReads(run)) },
]

function draw(seed: number, random = new SimRandom(seed)): ListRun {
  return drawListRun(random, { clients: 2 + (seed % 7), keys: 1 + (seed % 3), operations: 160 })
}

describe.each(ends)('with $end', ({ check }) => {
  it(`passes ${SEEDS.length} runs of lists that are as they should be`, () => {
    for (const seed of SEEDS) expect(check(draw(seed)), `seed ${seed}`).toEqual({ isLinearizable: true })
  })

  it.each<[string, Plant, RegExp]>([
    ['an acknowledged append that is lost', plantLostAppend, /is lost|comes before/],
    ['a value that is there twice', plantDuplicate, /holds \d+ twice/],
    ['a value that nobody appended', plantPhantom, /holds -7 that nobody appended/],
    ['a value in one read that nobody appended', plantPhantomInRead, /-7 \(?that nobody appended/],
    ['a value whose append failed', plantFailedAppend, /must not be there: client \d+'s append of \d+ .* failed/],
    ['a read that sees another order', plantReorderedRead, /at place \d+, but/],
    ['lists in an order that the times exclude', plantReorderedList, /comes before|at place/],
    ['a read that misses what had been appended', plantStaleRead, /comes before/],
    ['a read that sees what is appended later', plantForesight, /comes before/],
  ])(`finds, in ${SEEDS.length} runs of ${SEEDS.length}, %s`, (_, plant, reason) => {
    for (const seed of SEEDS) {
      const random = new SimRandom(seed)
      const planted = plant(draw(seed, random), random)
      if (planted === undefined) throw new Error(`seed ${seed} has no place for the fault`)
      const verdict = check(planted)
      expect(verdict, `seed ${seed}`).toMatchObject({ isLinearizable: false, isDecided: true })
      expect(verdict, `seed ${seed}`).toMatchObject({ reason: expect.stringMatching(reason) })
    }
  })

  it('lets a read be stale where that is allowed, and only there', () => {
    for (const seed of SEEDS) {
      const random = new SimRandom(seed)
      const planted = plantAllowedStaleRead(draw(seed, random), random)
      if (planted === undefined) throw new Error(`seed ${seed} has no read that may be stale`)
      expect(check(planted), `seed ${seed}`).toEqual({ isLinearizable: true })
      const history = planted.history.map((operation): Operation => {
        return operation.op === 'read' ? { ...operation, isStaleAllowed: false } : operation
      })
      expect(check({ ...planted, history }), `seed ${seed}`).toMatchObject({ isLinearizable: false })
    }
  })
})

it('agrees with a trial of all orders on small histories', () => {
  const random = new SimRandom(7)
  const counts = { yes: 0, no: 0 }
  for (let round = 0; round < 6_000; round++) {
    const history = drawListHistory(random)
    const isLinearizable = isLinearizableByTrial(history, [], listDeed)
    counts[isLinearizable ? 'yes' : 'no'] += 1
    expect(checkAppendLists(history).isLinearizable, JSON.stringify(history)).toBe(isLinearizable)
  }
  expect(Math.min(counts.yes, counts.no)).toBeGreaterThan(1_000)
})

it('checks 100,000 operations, and finds one fault among them', () => {
  const random = new SimRandom(1)
  const run = drawListRun(random, { clients: 20, keys: 100, operations: 100_000 })
  expect(checkAppendLists(run.history, run.finalLists)).toEqual({ isLinearizable: true })
  const planted = plantReorderedRead(run, random)
  expect(planted && checkAppendLists(planted.history, planted.finalLists)).toMatchObject({ isLinearizable: false })
})

describe('the verdict', () => {
  const append = (value: number, call: number, returned: number): Operation => {
    return { client: 1, key: 'a', op: 'append', value, call, status: 'ok', return: returned }
  }
  const read = (out: number[], call: number, returned: number): Operation => {
    return { client: 2, key: 'a', op: 'read', out, call, status: 'ok', return: returned }
  }

  test('names the key, values and times of a stale read, and its operations', () => {
    const history = [append(5, 0, 1), append(6, 2, 4), read([5], 5, 7), read([5, 6], 8, 9)]
    expect(checkAppendLists(history)).toEqual({
      isLinearizable: false,
      isDecided: true,
      key: 'a',
      reason:
        "by the values, client 2's read of [5] (called at 5, returned at 7) comes before " +
        "client 1's append of 6 (called at 2, returned at 4), but the latter had returned when the former was called",
      operations: [history[2], history[1]],
    })
  })

  test('names two reads that see different orders, or the list in the end', () => {
    const history = [append(5, 0, 9), append(6, 0, 9), read([6], 0, 9), read([5, 6], 0, 9)]
    expect(checkAppendLists(history)).toMatchObject({
      reason:
        "client 2's read of [6] (called at 0, returned at 9) has 6 at place 0, " +
        "but client 2's read of [5, 6] (called at 0, returned at 9) has 5 there",
      operations: [history[2], history[3]],
    })
    expect(checkAppendLists(history, new Map([['a', [5]]]))).toMatchObject({
      reason: expect.stringMatching(/has 6 at place 0, but the list in the end has 5 there$/),
      operations: [history[2]],
    })
    expect(checkAppendLists(history, new Map([['a', [6]]]))).toMatchObject({
      reason: expect.stringMatching(/^client 2's read of \[5, 6\].* has 5 at place 0, but the list in the end has 6/),
    })
    expect(checkAppendLists([append(5, 0, 9), read([5], 0, 9)], new Map())).toMatchObject({
      reason: expect.stringMatching(/has 5 at place 0, but the list in the end ends before it$/),
    })
  })

  test('names an append that is lost', () => {
    const history = [append(5, 0, 1)]
    expect(checkAppendLists(history, new Map([['a', []]]))).toMatchObject({
      key: 'a',
      reason: "client 1's append of 5 (called at 0, returned at 1) is lost: the list in the end lacks it",
      operations: history,
    })
  })

  test('shows of a long list its end', () => {
    const history = [read([1, 2, 3, 4, 5, 6], 0, 1)]
    expect(checkAppendLists(history)).toMatchObject({
      reason: expect.stringContaining("client 2's read of […, 3, 4, 5, 6] of 6 values (called at 0"),
    })
  })

  test('takes what touches in time for overlapping', () => {
    expect(checkAppendLists([append(5, 0, 3), read([], 3, 4), read([5], 5, 6)]).isLinearizable).toBe(true)
    expect(checkAppendLists([append(5, 0, 2), read([], 3, 4), read([5], 5, 6)]).isLinearizable).toBe(false)
  })

  test('takes a key that the lists in the end lack for an empty list, and counts their other keys', () => {
    expect(checkAppendLists([append(5, 0, 1)], new Map())).toMatchObject({ reason: expect.stringContaining('is lost') })
    const phantom = checkAppendLists([], new Map([['b', [3]]]))
    expect(phantom).toMatchObject({ key: 'b', reason: 'the list in the end holds 3 that nobody appended' })
  })
})

test.each<[string, Operation[], RegExp]>([
  [
    'a value that is appended twice',
    [
      { client: 1, key: 'a', op: 'append', value: 5, call: 0, status: 'fail' },
      { client: 1, key: 'a', op: 'append', value: 5, call: 1, status: 'info' },
    ],
    /key a: client 1's append of 5 .* append the same value\. Give every append/,
  ],
  [
    'an operation of a register',
    [{ client: 1, key: 'a', op: 'write', value: 5, call: 0, status: 'info' }],
    /key a is checked as a list, but there is client 1's write of 5/,
  ],
  [
    'a read of a register',
    [{ client: 1, key: 'a', op: 'read', out: null, call: 0, status: 'ok', return: 1 }],
    /key a is checked as a list, but there is client 1's read of null/,
  ],
  [
    'a call at no time',
    [{ client: 1, key: 'a', op: 'append', value: 5, call: Number.NaN, status: 'info' }],
    /its call must be a finite number/,
  ],
  [
    'a return at no time',
    [{ client: 1, key: 'a', op: 'append', value: 5, call: 1, status: 'ok', return: Number.NaN }],
    /cannot return before it was called/,
  ],
])('refuses %s', (_, history, message) => {
  expect(() => checkAppendLists(history)).toThrow(RangeError)
  expect(() => checkAppendLists(history)).toThrow(message)
})
