import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { NodeProcess } from '../setup/nodeProcess.ts'

const main = fileURLToPath(new URL('../../examples/existing-nats-service/main.mjs', import.meta.url))

test('every instance has every accepted order, once and in the same place, although one was killed', async () => {
  const example = new NodeProcess(main)
  expect(await example.end()).toBe('exit code 0')

  const lines = [...example.lines]
  expect(lines.splice(0, 1)).toEqual(['accepted: orders 1 to 10'])
  expect(lines.splice(0, 2).sort()).toEqual(['accepted: orders 11 to 20', 'killed: the instance that led'])
  expect(lines.splice(0, 2)).toEqual(['started again, on its folder', 'accepted: orders 16 to 30'])

  const books = lines.splice(0, 3).map((line) => /^(\w): 30 orders, 465 in all, (.*)$/.exec(line))
  expect(books.map((book) => book?.[1])).toEqual(['a', 'b', 'c'])
  expect(new Set(books.map((book) => book?.[2])).size).toBe(1)
  const all = Array.from({ length: 30 }, (_, place) => `order-${place + 1}`)
  expect(books[0]?.[2]?.split(' ').sort()).toEqual(all.sort())

  expect(lines.sort()).toEqual(['a', 'b', 'c'].map((id) => `${id} left the log and said so over its own connection`))
}, 60_000)
