import { expect } from 'vitest'
import { type DiskEvent, type DiskStore, openDiskStore } from '../src/index.ts'
import { read } from './storeCalls.ts'

/**
 * Opens what `writingChild.ts` has written, and finds all that it reported as flushed, and each entry with its term: the
 * two are written together or not at all. Entries up to `after` are not looked at again.
 */
export async function openWritten(
  folder: string,
  { flushed, after = 0, log = () => {} }: { flushed: number; after?: number; log?: (event: DiskEvent) => void },
): Promise<{ store: DiskStore; lastIndex: number }> {
  const store = await openDiskStore({ folder, log })
  const { lastIndex = 0, hardState } = store.recover('g') ?? {}
  expect(lastIndex).toBeGreaterThanOrEqual(flushed)
  expect(hardState?.currentTerm ?? 0).toBe(lastIndex)
  const entries = lastIndex === after ? [] : await read(store, 'g', after, lastIndex)
  expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: lastIndex - after }, (_, n) => after + n + 1))
  return { store, lastIndex }
}
