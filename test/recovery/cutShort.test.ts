import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openDiskStore } from '@quorate/disk'
import { memoryNetwork, NotLeaderError, openLog, type ReplicatedLog } from '@quorate/log'
import { inspectStore } from 'quorate'
import { expect, it, vi } from 'vitest'
import { folder } from '../nats/members.ts'
import { CommandLine, quorate } from './commandLine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const SETTINGS = { heartbeatIntervalMs: 5, electionTimeoutMinMs: 10, electionTimeoutMaxMs: 20 }

async function openAlone(at: string, group: string, isNew = false): Promise<ReplicatedLog> {
  return openLog(group, {
    id: 'a',
    network: memoryNetwork(),
    store: await openDiskStore({ folder: at, segmentBytes: 4 * 1024 * 1024 }),
    settings: SETTINGS,
    ...(isNew && { bootstrap: ['a'] }),
  })
}

/** A log of 24 MB, and where it ends. */
async function largeLog(at: string): Promise<number> {
  const log = await openAlone(at, 'orders', true)
  let last = 0
  for (let round = 0; round < 24; round++) {
    const places = await log.append(Array.from({ length: 1000 }, () => Buffer.alloc(1000, round)))
    last = places.at(-1)!.index
  }
  await log.close()
  return last
}

function bytesOf(at: string): number {
  try {
    return readdirSync(at).reduce((sum, name) => sum + statSync(join(at, name)).blocks * 512, 0)
  } catch {
    return 0
  }
}

/** Ends it once it has written something of the group, and before it has written all. */
async function killWithin(line: CommandLine, written: () => number): Promise<void> {
  const before = written()
  while (written() < before + 3 * 1024 * 1024) await new Promise((resolve) => setTimeout(resolve, 2))
  await line.kill()
}

it('a recovery or restore whose process is killed leaves no half group that opens', async () => {
  const at = folder()
  const last = await largeLog(join(at, 'a'))
  const unfinished = (): string[] => readdirSync(at).filter((name) => name.includes('unfinished'))
  const writtenBeside = (): number => unfinished().reduce((sum, name) => sum + bytesOf(join(at, name)), 0)

  // Into a folder of its own: it does not stand before it is whole.
  const recover = ['recover', 'a', '--to', 'new', '--id', 'a', '--yes']
  await killWithin(new CommandLine(recover, at), writtenBeside)
  expect(readdirSync(at)).not.toContain('new')
  expect(unfinished()).toHaveLength(1)
  expect((await quorate(at, ...recover)).code).toBe(0)
  const recovered = await openAlone(join(at, 'new'), 'orders')
  expect((await recovered.append('goes on')).index).toBeGreaterThan(last)
  await recovered.close()

  // Into a store that stands: the group has no servers before it is whole.
  expect((await quorate(at, 'backup', 'a', '--group', 'orders', '--to', 'orders.backup')).code).toBe(0)
  const standing = join(at, 'standing')
  await (await openAlone(standing, 'others', true)).close()
  const restore = ['restore', 'orders.backup', '--to', 'standing', '--id', 'a']
  await killWithin(new CommandLine(restore, at), () => bytesOf(standing))
  const half = (await inspectStore(standing)).groups.find(({ group }) => group === 'orders')
  expect(half).toMatchObject({ isUnfinished: true, servers: [] })
  expect(half!.last.index).toBeLessThan(last)
  const log = await openAlone(standing, 'orders')
  await expect(log.append('to nobody', { timeoutMs: 500 })).rejects.toThrow(NotLeaderError)
  await log.close()
  expect((await quorate(at, ...restore)).code).toBe(0)
  const restored = await openAlone(standing, 'orders')
  expect((await restored.append('goes on')).index).toBeGreaterThan(last)
  await restored.close()
  const others = await openAlone(standing, 'others')
  await others.append('goes on too')
  await others.close()
})
