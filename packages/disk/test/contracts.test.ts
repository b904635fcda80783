import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { storeContract, type StoreHarness } from '@quorate/sim'
import { openDiskStore } from '../src/index.ts'

/** Folders on the file system of this machine. */
function folders(segmentBytes: number | undefined): StoreHarness {
  const options = segmentBytes === undefined ? {} : { segmentBytes }
  return {
    patienceMs: 10_000,
    quietMs: 10,
    place: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'quorate-disk-'))
      return {
        open: () => openDiskStore({ folder, ...options }),
        remove: async () => rmSync(folder, { recursive: true }),
      }
    },
  }
}

describe.each([4096, undefined])('a store on the file system, with segmentBytes %s', (segmentBytes) => {
  for (const { title, run } of storeContract(folders(segmentBytes))) it(title, run, 20_000)
})
