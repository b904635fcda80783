import { expect, test } from 'vitest'
import { readHistory } from '../../src/history/historyText.ts'

test('a history is read line by line', () => {
  const text = `
{"client":0,"op":"append","key":"l","value":7,"call":0,"return":2,"status":"ok"}
{"client":1,"op":"read","key":"l","out":[7],"call":1,"return":3,"status":"ok","isStaleAllowed":true}

{"client":1,"op":"read","key":"r","out":null,"call":4,"return":5,"status":"ok","note":"not ours"}
{"client":1,"op":"read","key":"r","call":6,"return":7,"status":"fail"}
{"client":2,"op":"write","key":"r","value":1,"call":6,"return":null,"status":"info"}
{"client":3,"op":"cas","key":"r","expect":null,"value":2,"ok":false,"call":8,"return":9,"status":"ok"}\r
{"client":4,"op":"cas","key":"r","expect":1,"value":2,"call":8,"status":"info"}
`
  expect(readHistory(text)).toStrictEqual([
    { client: 0, op: 'append', key: 'l', value: 7, call: 0, return: 2, status: 'ok' },
    { client: 1, op: 'read', key: 'l', out: [7], call: 1, return: 3, status: 'ok', isStaleAllowed: true },
    { client: 1, op: 'read', key: 'r', out: null, call: 4, return: 5, status: 'ok' },
    { client: 1, op: 'read', key: 'r', call: 6, return: 7, status: 'fail' },
    { client: 2, op: 'write', key: 'r', value: 1, call: 6, status: 'info' },
    { client: 3, op: 'cas', key: 'r', expect: null, value: 2, ok: false, call: 8, return: 9, status: 'ok' },
    { client: 4, op: 'cas', key: 'r', expect: 1, value: 2, call: 8, status: 'info' },
  ])
})

const append = { client: 0, op: 'append', key: 'l', value: 7, call: 4, return: 5, status: 'ok' }
const read = { client: 0, op: 'read', key: 'l', out: 7, call: 4, return: 5, status: 'ok' }
const cas = { client: 0, op: 'cas', key: 'l', expect: 1, value: 7, ok: true, call: 4, return: 5, status: 'ok' }

test.each<[object, string]>([
  [{ ...append, client: '0' }, 'client is "0", and must be a number'],
  [{ ...append, op: 'incr' }, `op is "incr", and must be 'append', 'read', 'write' or 'cas'`],
  [{ ...append, key: 3 }, 'key is 3, and must be a string'],
  [{ ...append, value: null }, 'value is null, and must be a number'],
  [{ ...append, value: undefined }, 'value is missing, and must be a number'],
  [{ ...append, call: '4' }, 'call is "4", and must be a number'],
  [{ ...append, return: undefined }, 'return is missing, and must be a number'],
  [{ ...append, return: 3 }, 'return is 3, and must be at least its call, 4'],
  [{ ...append, return: '5', status: 'info' }, 'return is "5", and must be a number'],
  [{ ...append, status: 'done' }, `status is "done", and must be 'ok', 'fail' or 'info'`],
  [{ ...append, op: 'write', value: [7] }, 'value is [7], and must be a number'],
  [
    { ...read, out: undefined },
    'out is missing, and must be an array of numbers, a number, or null for a register without one',
  ],
  [
    { ...read, out: [7, null] },
    'out is [7,null], and must be an array of numbers, a number, or null for a register without one',
  ],
  [{ ...read, isStaleAllowed: 1 }, 'isStaleAllowed is 1, and must be true, false or left out'],
  [{ ...cas, ok: undefined }, 'ok is missing, and must be true, or false for a cas that compared unequal'],
  [{ ...cas, expect: undefined }, 'expect is missing, and must be a number, or null for a register without one'],
  [[append], `it is ${JSON.stringify([append])}, and must be an object with the fields of an operation`],
])('of %j the line is told, and what is wrong', (line, problem) => {
  const text = `${JSON.stringify(append)}\n\n${JSON.stringify(line)}`
  expect(() => readHistory(text)).toThrow(new SyntaxError(`line 3 of the history: ${problem}`))
})

test('of what is not JSON the line is told', () => {
  expect(() => readHistory('{"client":0')).toThrow(/^line 1 of the history: .*JSON/)
})

test('of a number that is too large for one the line is told', () => {
  const text = JSON.stringify(append).replace('"call":4', '"call":1e999')
  expect(() => readHistory(text)).toThrow(
    new SyntaxError('line 1 of the history: call is Infinity, and must be a number'),
  )
})
