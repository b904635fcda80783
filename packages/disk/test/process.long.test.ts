import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SimRandom } from '@quorate/sim'
import { close } from './storeCalls.ts'
import { StoreProcess, buildChild } from './storeProcess.ts'
import { openWritten } from './writtenEntries.ts'

const KILLS = 100

let built: string
let folder: string

beforeAll(async () => {
  built = await buildChild()
  folder = mkdtempSync(join(tmpdir(), 'quorate-kills-'))
})

afterAll(() => {
  for (const made of [built, folder]) rmSync(made, { recursive: true })
})

test(`${KILLS} times kill -9 at random moments: nothing that was reported as flushed is lost`, async () => {
  const random = new SimRandom(1)
  let flushed = 0
  let previous = 0
  let whileOpening = 0
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const child = new StoreProcess(built, 'write', folder)
    // Every other one may be killed while it opens what the one before left.
    if (kill % 2 === 0) await child.first()
    await new Promise((resolve) => setTimeout(resolve, random.between(0, kill % 2 === 0 ? 150 : 400)))
    await child.kill()
    const [first = ''] = child.lines
    if (first === '') whileOpening += 1
    else expect(Number(first.split(' ')[1]), `kill ${kill}: ${first}`).toBeGreaterThanOrEqual(flushed)
    flushed = Math.max(flushed, child.lastFlushed())
    if (kill % 5 > 0) continue
    const { store, lastIndex } = await openWritten(folder, { flushed, after: previous })
    await close(store)
    previous = lastIndex
  }
  console.log(
    `${flushed} entries reported, ${whileOpening} of ${KILLS} processes killed before they had opened the store`,
  )
  expect(flushed).toBeGreaterThan(KILLS * 10)
})
