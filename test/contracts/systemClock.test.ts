import { afterAll, beforeAll, describe, it } from 'vitest'
import { systemClock } from '@quorate/log'
import { clockContract } from '@quorate/sim'
import { openLoopback, type Loopback } from './loopback.ts'

let loopback: Loopback

beforeAll(async () => {
  loopback = await openLoopback(8)
})

afterAll(() => loopback.close())

describe("the process's own clock", () => {
  const harness = { clock: () => systemClock, arrive: (callback: () => void) => loopback.arrive(callback) }
  for (const { title, run } of clockContract(harness)) it(title, run)
})
