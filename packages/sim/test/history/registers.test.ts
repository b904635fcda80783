import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, test, vi } from 'vitest'
import { readHistory } from '../../src/history/historyText.ts'
import type { Operation } from '../../src/history/operation.ts'
import { checkRegisters } from '../../src/history/registers.ts'
import { SimRandom } from '../../src/random.ts'
import { drawRegisterRun } from './registerRun.ts'
import { drawRegisterHistory, registerDeed } from './smallHistories.ts'
import { isLinearizableByTrial } from './trial.ts'

// Machines are shared, and thousands of runs take their time.
vi.setConfig({ testTimeout: 60_000 })

interface Labelled {
  readonly name: string
  readonly isLinearizable: boolean
  readonly history: readonly Operation[]
}

const labelled = gunzipSync(readFileSync(new URL('labelled-histories/histories.jsonl.gz', import.meta.url)))
  .toString()
  .trim()
  .split('\n')
  .map((line): Labelled => {
    const { name, isLinearizable, history } = JSON.parse(line) as { name: string; isLinearizable: boolean; history: [] }
    const text = history.map((operation) => JSON.stringify(operation)).join('\n')
    return { name, isLinearizable, history: readHistory(text) }
  })

/** What was known when the operation returned, with or without its result. */
function upTo(history: readonly Operation[], last: Operation, isIncluded: boolean): Operation[] {
  const end = last.status === 'ok' ? last.return : Number.NaN
  return history
    .filter(({ call }) => call < end)
    .map((operation): Operation => {
      if (operation.status !== 'ok' || operation.return < end || (operation === last && isIncluded)) return operation
      return { ...operation, status: 'info' }
    })
}

describe('102 histories of a real store', () => {
  it('are there', () => {
    expect(labelled).toHaveLength(102)
    expect(labelled.filter(({ isLinearizable }) => isLinearizable)).toHaveLength(23)
  })

  it.each(labelled)('$name is linearizable: $isLinearizable', ({ isLinearizable, history }) => {
    const verdict = checkRegisters(history)
    expect(verdict).toMatchObject(isLinearizable ? { isLinearizable } : { isLinearizable, isDecided: true })
  })

  it('are linearizable up to the operation that is named as the first that fits nowhere, and not with it', () => {
    for (const { name, isLinearizable, history } of labelled) {
      if (isLinearizable) continue
      const verdict = checkRegisters(history)
      const named = verdict.isLinearizable ? undefined : verdict.operations[0]
      if (named === undefined) throw new Error(`${name}: the verdict names no operation`)
      expect(checkRegisters(upTo(history, named, false)), name).toEqual({ isLinearizable: true })
      expect(checkRegisters(upTo(history, named, true)), name).toMatchObject({ operations: [{ call: named.call }] })
    }
  })
})

it('agrees with a trial of all orders on small histories', () => {
  const random = new SimRandom(3)
  const counts = { yes: 0, no: 0 }
  for (let round = 0; round < 8_000; round++) {
    const history = drawRegisterHistory(random)
    const isLinearizable = isLinearizableByTrial(history, { value: null }, registerDeed)
    counts[isLinearizable ? 'yes' : 'no'] += 1
    expect(checkRegisters(history).isLinearizable, JSON.stringify(history)).toBe(isLinearizable)
  }
  expect(Math.min(counts.yes, counts.no)).toBeGreaterThan(2_000)
})

describe('runs of registers that are as they should be', () => {
  const draw = (seed: number) =>
    drawRegisterRun(new SimRandom(seed), { clients: 5, keys: 2, operations: 150, values: 4 })

  it('pass', () => {
    for (let seed = 0; seed < 200; seed++) {
      expect(checkRegisters(draw(seed)), `seed ${seed}`).toEqual({ isLinearizable: true })
    }
  })

  it('do not pass with a read of a value that nobody wrote', () => {
    for (let seed = 0; seed < 200; seed++) {
      const history = draw(seed)
      const read = history.find(({ op, status }) => op === 'read' && status === 'ok')
      const planted = history.map((operation): Operation => {
        return operation.op === 'read' && operation.status === 'ok' && operation === read
          ? { ...operation, out: 99 }
          : operation
      })
      expect(checkRegisters(planted), `seed ${seed}`).toMatchObject({ isDecided: true, operations: [{ out: 99 }] })
    }
  })
})

const write = (value: number, call: number, returned: number): Operation => {
  return { client: 1, key: 'a', op: 'write', value, call, status: 'ok', return: returned }
}
const read = (out: number | null, call: number, returned: number): Operation => {
  return { client: 2, key: 'a', op: 'read', out, call, status: 'ok', return: returned }
}

describe('the verdict', () => {
  test('names the operation that fits nowhere, and what the register can hold', () => {
    const history = [write(5, 0, 4), write(6, 1, 3), read(null, 5, 6), read(6, 7, 8)]
    expect(checkRegisters(history)).toEqual({
      isLinearizable: false,
      isDecided: true,
      key: 'a',
      reason:
        "client 2's read of null (called at 5, returned at 6) fits nowhere: " +
        'in every order of what had returned before it, the register then holds 5 or 6',
      operations: [history[2]],
    })
  })

  test('says of a cas how it compared', () => {
    const cas: Operation = {
      client: 3,
      key: 'a',
      op: 'cas',
      expect: 5,
      value: 6,
      ok: false,
      call: 2,
      status: 'ok',
      return: 3,
    }
    expect(checkRegisters([write(5, 0, 1), cas])).toMatchObject({
      reason: expect.stringMatching(/^client 3's cas from 5 to 6, compared unequal \(.* the register then holds 5$/),
    })
  })

  test('has a word for a register that holds nothing yet', () => {
    expect(checkRegisters([read(5, 0, 1)])).toMatchObject({ reason: expect.stringMatching(/then holds null$/) })
  })

  test('takes what touches in time for overlapping', () => {
    expect(checkRegisters([write(5, 0, 3), read(null, 3, 4)]).isLinearizable).toBe(true)
    expect(checkRegisters([write(5, 0, 2), read(null, 3, 4)]).isLinearizable).toBe(false)
  })

  test('lets what stays without an answer happen late, never, or not before its call', () => {
    const late: Operation = { client: 3, key: 'a', op: 'write', value: 6, call: 4, status: 'info' }
    expect(checkRegisters([late, write(5, 5, 6), read(5, 7, 8), read(6, 100, 101)]).isLinearizable).toBe(true)
    expect(checkRegisters([late, write(5, 5, 6), read(5, 100, 101)]).isLinearizable).toBe(true)
    expect(checkRegisters([late, read(6, 1, 3)]).isLinearizable).toBe(false)
  })
})

describe('a search', () => {
  const unanswered = (value: number, client: number): Operation => {
    return { client, key: 'a', op: 'write', value, call: client, status: 'info' }
  }

  test('tries no second order of what only sees', () => {
    const reads = Array.from({ length: 40 }, () => read(5, 2, 10))
    expect(checkRegisters([write(5, 0, 1), ...reads, read(99, 11, 12)], { maxSteps: 200 })).toMatchObject({
      isDecided: true,
      operations: [{ out: 99 }],
    })
  })

  test('tries no second order of what stays without an answer and does the same', () => {
    const writes = Array.from({ length: 40 }, (_, client) => unanswered(client % 2, client))
    expect(checkRegisters([...writes, read(99, 50, 51)], { maxSteps: 100_000 })).toMatchObject({
      isDecided: true,
      operations: [{ out: 99 }],
    })
  })

  test('lets each of what does the same without an answer happen once', () => {
    const writes = Array.from({ length: 30 }, (_, client) => unanswered(client < 28 ? client : 28, client))
    const twice = [...writes, read(28, 50, 51), write(99, 52, 53), read(28, 54, 55)]
    expect(checkRegisters(twice)).toEqual({ isLinearizable: true })
    // Whatever happened of the others, there is no third.
    const thrice = [...writes.slice(26), ...twice.slice(-3), write(99, 56, 57), read(28, 58, 59)]
    expect(checkRegisters(thrice)).toMatchObject({ isDecided: true, operations: [{ call: 58 }] })
  })
})

describe('a search that hits its bound', () => {
  // Whatever the order of the writes, nobody has written what is read.
  const writes = Array.from({ length: 9 }, (_, value) => write(value, 0, 10))
  const hard = [...writes, read(99, 11, 12)]

  test('counts as failed, and says that it was given up', () => {
    expect(checkRegisters(hard)).toMatchObject({ isLinearizable: false, isDecided: true })
    expect(checkRegisters(hard, { maxSteps: 500 })).toMatchObject({
      isLinearizable: false,
      isDecided: false,
      key: 'a',
      reason: expect.stringMatching(/^undecided after 500 steps.*Raise maxSteps/),
      operations: [{ client: 2 }],
    })
    expect(checkRegisters(hard, { maxSteps: 5 })).toMatchObject({ isDecided: false, operations: [] })
  })

  test('does not hide that another key is not linearizable', () => {
    const other = { ...read(7, 0, 1), key: 'b' }
    expect(checkRegisters([...hard, other], { maxSteps: 500 })).toMatchObject({ isDecided: true, key: 'b' })
  })
})

test.each<[string, Operation, RegExp]>([
  [
    'an append',
    { client: 1, key: 'a', op: 'append', value: 5, call: 0, status: 'fail' },
    /there is client 1's append of 5/,
  ],
  [
    'a read of a list',
    { client: 1, key: 'a', op: 'read', out: [], call: 0, status: 'ok', return: 1 },
    /key a is checked as a register, but there is client 1's read of \[\]/,
  ],
  [
    'a read that may be stale',
    { client: 1, key: 'a', op: 'read', out: 5, call: 0, status: 'ok', return: 1, isStaleAllowed: true },
    /may be stale, which only reads of lists can be/,
  ],
])('refuses %s', (_, operation, message) => {
  expect(() => checkRegisters([operation])).toThrow(RangeError)
  expect(() => checkRegisters([operation])).toThrow(message)
})

test.each([0, 1.5, Number.NaN, Infinity])('refuses a bound of %d steps', (maxSteps) => {
  expect(() => checkRegisters([], { maxSteps })).toThrow(
    new RangeError(`maxSteps is ${maxSteps}; it must be a whole number from 1 to 16000000`),
  )
})
