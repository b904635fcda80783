import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDiskStore } from '../src/index.ts'
import { change, close, command, write } from './storeCalls.ts'
import { StoreProcess, buildChild } from './storeProcess.ts'
import { openWritten } from './writtenEntries.ts'

let built: string
let folder: string
const children: StoreProcess[] = []

beforeAll(async () => {
  built = await buildChild()
})

afterAll(() => rmSync(built, { recursive: true }))

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'quorate-process-')))
})

afterEach(async () => {
  for (const child of children.splice(0)) await child.kill()
  rmSync(folder, { recursive: true })
})

function start(mode: 'hold' | 'write' | 'leave', place = folder): StoreProcess {
  const child = new StoreProcess(built, mode, place)
  children.push(child)
  return child
}

describe('one store a folder', () => {
  test('in this process', async () => {
    const store = await openDiskStore({ folder })
    const second = openDiskStore({ folder: join(folder, '.') })
    await expect(second).rejects.toMatchObject({ code: 'STORE_LOCKED', holderPid: process.pid })
    await close(store)
    await close(await openDiskStore({ folder }))
    expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([])
  })

  test('against another process, until it ends', async () => {
    const child = start('hold')
    expect(await child.first()).toBe('opened 0')
    await expect(openDiskStore({ folder })).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      folder,
      holderPid: child.process.pid,
    })
    await child.kill()
    await close(await openDiskStore({ folder }))
  })

  test('against a process that is paused', async () => {
    const child = start('hold')
    await child.first()
    child.signal('SIGSTOP')
    await expect(openDiskStore({ folder })).rejects.toMatchObject({ code: 'STORE_LOCKED', holderPid: undefined })
    child.signal('SIGCONT')
  })

  test('in a folder whose path is longer than the address of a socket', async () => {
    const long = join(folder, 'x'.repeat(120))
    mkdirSync(long)
    const child = start('hold', long)
    await child.first()
    await expect(openDiskStore({ folder: long })).rejects.toMatchObject({ holderPid: child.process.pid })
    await child.kill()
    await close(await openDiskStore({ folder: long }))
    expect(readdirSync(long).filter((name) => name.includes('lock'))).toEqual([])
  })

  test('when many come at once for what a killed process left', { timeout: 20_000 }, async () => {
    for (let round = 0; round < 2; round += 1) {
      const holder = start('hold')
      expect(await holder.first()).toMatch(/^opened/)
      await holder.kill()
      const rivals = Array.from({ length: 5 }, () => start('hold'))
      const own = Array.from({ length: 5 }, () => openDiskStore({ folder }).catch(() => undefined))
      const stores = (await Promise.all(own)).filter((store) => store !== undefined)
      const firsts = await Promise.all(rivals.map((rival) => rival.first()))
      const opened = firsts.filter((line) => line.startsWith('opened')).length
      // Our own may have been at it while the others were still starting.
      expect(stores.length + opened, firsts.join()).toBe(1)
      for (const store of stores) await close(store)
      for (const rival of rivals) await rival.kill()
    }
  })
})

test('a store that nobody closes does not keep its process alive', async () => {
  const child = start('leave')
  expect(await child.first()).toBe('opened 0')
  expect(await child.ended()).toBe(0)
  await close(await openDiskStore({ folder }))
})

test('a killed process loses nothing that it reported as flushed', { timeout: 20_000 }, async () => {
  let flushed = 0
  for (let round = 0; round < 5; round += 1) {
    const child = start('write')
    const [, opened] = (await child.first()).split(' ')
    expect(Number(opened)).toBeGreaterThanOrEqual(flushed)
    await new Promise((resolve) => setTimeout(resolve, 60 + 37 * round))
    await child.kill()
    flushed = Math.max(flushed, child.lastFlushed())
  }
  expect(flushed).toBeGreaterThan(100)
  const { store, lastIndex } = await openWritten(folder, { flushed })
  await write(store, change('g', { entries: [command(lastIndex + 1, 1)] }))
  await close(store)
})
