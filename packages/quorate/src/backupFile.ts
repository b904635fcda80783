import { createReadStream } from 'node:fs'
import { access, type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { SnapshotDescription } from '@quorate/core'
import { type BackupCounts, type BackupHead, type BackupPart, decodeBackup } from '@quorate/wire'
import { FileExistsError } from './errors.ts'
import { flushFolder, unfinishedName } from './targetFolder.ts'

const READ_BYTES = 256 * 1024

/** What a whole backup says and holds. */
export interface BackupSummary {
  readonly file: string
  readonly sizeBytes: number
  readonly head: BackupHead
  readonly snapshot: SnapshotDescription | undefined
  readonly counts: BackupCounts
}

/**
 * Reads a backup, part by part: what comes is what was written, and that it is whole is known once its `end` has come.
 * @throws ForeignBackupError, NewerBackupError, DamagedBackupError, BackupCutShortError
 */
export function readBackup(file: string): AsyncGenerator<BackupPart, undefined> {
  return decodeBackup(createReadStream(file, { highWaterMark: READ_BYTES }))
}

/**
 * Reads a backup to its end, and says what it holds.
 * @throws ForeignBackupError, NewerBackupError, DamagedBackupError, BackupCutShortError when it is not whole.
 */
export async function verifyBackup(file: string): Promise<BackupSummary> {
  let head: BackupHead | undefined
  let snapshot: SnapshotDescription | undefined
  let counts: BackupCounts | undefined
  for await (const part of readBackup(file)) {
    if (part.type === 'head') head = part.head
    else if (part.type === 'snapshot') snapshot = part.description
    else if (part.type === 'end') counts = part.counts
  }
  const { size: sizeBytes } = await stat(file)
  return { file, sizeBytes, head: head!, snapshot, counts: counts! }
}

/**
 * Writes what `log.backup()` gives to a file, flushed; it has its name once it is whole. What it is called until then goes if
 * the backup fails.
 * @throws FileExistsError; and what `bytes` throws.
 */
export async function writeBackup(file: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await assertAbsent(file)
  const draft = unfinishedName(file)
  const handle = await open(draft, 'wx')
  try {
    try {
      for await (const piece of bytes) await writeAll(handle, piece)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await assertAbsent(file)
    await rename(draft, file)
    await flushFolder(dirname(resolve(file)))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += (await handle.write(bytes, written)).bytesWritten
}

async function assertAbsent(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (isThere) throw new FileExistsError(file)
}
