import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { OccupiedFolderError } from './errors.ts'
import { FolderStore, holdsStore, namesIn } from './folderStore.ts'

/** The store that groups are written to. */
export interface Target {
  readonly store: FolderStore
  /** Whether it comes into use only when `use` has ended. */
  readonly isStaged: boolean
}

/**
 * Opens the store in `folder`, or makes one where there is none, for as long as `use` takes. A new one is made beside it, under
 * another name, and takes its own only when all is written: a process that dies before leaves a folder
 * `<folder>.unfinished-...`, which can go.
 * @throws OccupiedFolderError where something else stands there.
 */
export async function withTarget<Result>(folder: string, use: (target: Target) => Promise<Result>): Promise<Result> {
  if (await holdsStore(folder)) return useStore(await FolderStore.open(folder), false, use)
  await assertFree(folder)
  const path = resolve(folder)
  const parent = dirname(path)
  const draft = unfinishedName(path)
  await mkdir(draft, { recursive: true })
  try {
    const result = await useStore(await FolderStore.create(draft, folder), true, use)
    await rmdir(path).catch(ignoreAbsence)
    await rename(draft, path)
    await flushFolder(parent)
    return result
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}

/** What a file or folder is called until it is whole. */
export function unfinishedName(path: string): string {
  return `${path}.unfinished-${randomBytes(4).toString('hex')}`
}

/** @throws OccupiedFolderError where something stands that is no store. */
export async function assertFree(folder: string): Promise<void> {
  const isFile = await stat(folder).then(
    (found) => !found.isDirectory(),
    () => false,
  )
  if (isFile || (await namesIn(folder)).length > 0) throw new OccupiedFolderError(folder)
}

async function useStore<Result>(
  store: FolderStore,
  isStaged: boolean,
  use: (target: Target) => Promise<Result>,
): Promise<Result> {
  try {
    return await use({ store, isStaged })
  } finally {
    await store.close()
  }
}

/** What was renamed in it is there after a power cut. */
export async function flushFolder(folder: string): Promise<void> {
  // Windows opens no folders, and needs none of this.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function ignoreAbsence(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
