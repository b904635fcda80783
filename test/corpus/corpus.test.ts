import { readFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeSystemPart } from '@quorate/core'
import { openDiskStore } from '@quorate/disk'
import { type LogEntry, memoryNetwork, openLog } from '@quorate/log'
import {
  decodeBackup,
  decodeClientReply,
  decodeClientRequest,
  decodeEntry,
  decodeFrame,
  decodeSnapshotHead,
} from '@quorate/wire'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { close, foundBy, heldBy, openSmall } from './openedStore.mjs'
import { plainValue } from './plainValue.mjs'
import { type RecordedKind, recordInto, recordedFiles, recordedStores } from './recordedFolder.mjs'
import { folderOf, recordedVersions } from './recordedVersions.ts'
import { TIME } from './samples/entries.mjs'

const DECODERS: Readonly<Record<RecordedKind, (bytes: Uint8Array) => unknown>> = {
  frame: (bytes) => decodeFrame(bytes),
  clientRequest: decodeClientRequest,
  clientReply: decodeClientReply,
  entry: decodeEntry,
  snapshotHead: decodeSnapshotHead,
  systemPart: (bytes) => {
    const { keys, machineVersion } = decodeSystemPart(bytes, TIME)
    return { keys: keys.sweep(), machineVersion }
  },
  backup: partsOf,
}

async function partsOf(bytes: Uint8Array): Promise<unknown[]> {
  const parts: unknown[] = []
  for await (const part of decodeBackup(inPieces(bytes))) parts.push(plainValue(part))
  return parts
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
}

/** The files below `folder`, with what is in them. */
async function contentOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const named = paths.map((path) => [path.slice(folder.length + 1).replaceAll('\\', '/'), path] as const)
  named.sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map(named.map(([name, path]) => [name, readFileSync(path, 'latin1')]))
}

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-corpus-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe.each(recordedVersions)('what version %s wrote', (version) => {
  const recorded = folderOf(version)

  test.each(recordedFiles(recorded))('is read as it was meant: $path', async ({ path, kind, value }) => {
    const bytes = readFileSync(join(recorded, path))
    expect(plainValue(await DECODERS[kind](bytes))).toEqual(value)
  })

  test.each(recordedStores(recorded))('opens with all that it held: store %s', async (name, value) => {
    // A copy: whoever opens a store writes to it.
    const copy = join(folder, name)
    await cp(join(recorded, 'stores', name), copy, { recursive: true })
    const { store, events } = await openSmall(copy)
    try {
      expect(plainValue({ ...foundBy(events), groups: await heldBy(store) })).toEqual(value)
    } finally {
      await close(store)
    }
  })

  // Later versions may record other stores; this one tells whether a whole server goes on from what an earlier one left.
  test.runIf(recordedStores(recorded).some(([name]) => name === 'server'))(
    'is what a server goes on from',
    async () => {
      const copy = join(folder, 'server')
      await cp(join(recorded, 'stores/server'), copy, { recursive: true })
      const applied: string[] = []
      const stateMachine = {
        apply: (entries: readonly LogEntry[]) => void applied.push(...entries.map((entry) => entry.text())),
        snapshot: () => [],
        restore: async (pieces: AsyncIterable<Uint8Array>) => {
          for await (const piece of pieces) applied.push(Buffer.from(piece).toString())
        },
      }
      const store = await openDiskStore({ folder: copy })
      const log = await openLog('orders', { id: 'n1', network: memoryNetwork(), store, stateMachine })
      try {
        // Its first attempt was that other version's.
        expect(await log.append('an order', { idempotencyKey: 'order 17' })).toEqual({ index: 3, term: 1 })
        const { index } = await log.append('another')
        await log.status.waitFor(({ lastApplied }) => lastApplied >= index)
        const followed = [6, 7, 8].map((place) => `entry ${place} of term 1`)
        expect(applied).toEqual(['the state of orders at 5', ...followed, 'another'])
      } finally {
        await log.close()
      }
    },
  )

  test('lies there beside a manifest, all of it', async () => {
    const files = [...(await contentOf(recorded)).keys()].filter((path) => !path.endsWith('/manifest.json'))
    const told = recordedFiles(recorded).map(({ path }) => path.replaceAll('\\', '/'))
    const stores = recordedStores(recorded).map(([name]) => `stores/${name}/`)
    const untold = files.filter((path) => !told.includes(path) && !stores.some((start) => path.startsWith(start)))
    expect(untold).toEqual([])
  })
})

// Where it does not, bytes have changed: what a release wrote stands, and a folder is recorded for the version to come.
test('the newest recording is what the present version writes, byte for byte', async () => {
  const now = join(folder, 'now')
  await recordInto(now)
  const [written, recorded] = [await contentOf(now), await contentOf(folderOf(recordedVersions.at(-1)!))]
  expect([...written.keys()]).toEqual([...recorded.keys()])
  expect([...written.keys()].filter((path) => written.get(path) !== recorded.get(path))).toEqual([])
})
