import type { GroupId, SnapshotDescription, SnapshotHead, StoreIdentity } from '@quorate/core'
import { decodeSnapshotHead, encodeSnapshotHead } from '@quorate/wire'
import { CorruptStoreError, ForeignStoreError } from './errors.ts'
import { type Folder, type StoreFile, settled, withFile } from './folder.ts'
import { identityBytes } from './identityFile.ts'
import { checksum, getInteger, putInteger, viewOf } from './layout.ts'
import { assertPrelude, writePrelude } from './prelude.ts'
import type { RecordedSnapshot } from './record.ts'

// The file of a snapshot: what it says of the log, then the state machine's part in blocks.
//
//   0    16  prelude, magic "QuorateS"
//   16   16  identity of the store
//   32    8  number of the file, from 1
//   40    8  length of the state machine's part in bytes
//   48    4  CRC-32 of the state machine's part
//   52    4  length of the group's name
//   56    4  length of the snapshot's head
//   60       name, head as it stands on the wire
//   ..    4  CRC-32 of all bytes before it
//   ..       the blocks, of 262,144 bytes each but for the last, and behind each
//         4  CRC-32 of the state machine's part up to there

/** As many bytes are read, and found whole, at a time. */
export const SNAPSHOT_BLOCK_BYTES = 256 * 1024
/** What stands behind each block: the checksum up to there. */
export const BLOCK_END_BYTES = 4

const FIXED_BYTES = 60
const CHECKSUM_BYTES = 4
const SNAPSHOT_FILE = /^(\d{10})\.snapshot$/
const SNAPSHOT_DRAFT = /^\d{10}\.snapshot\.new$/

export function snapshotFile(number: number): string {
  return `${String(number).padStart(10, '0')}.snapshot`
}

/** What the file is called until it is whole. */
export function snapshotDraftFile(number: number): string {
  return `${snapshotFile(number)}.new`
}

/** The number of the snapshot in a file of this name; undefined for a file that is none. */
export function snapshotNumber(name: string): number | undefined {
  const match = SNAPSHOT_FILE.exec(name)
  return match === null ? undefined : Number(match[1])
}

export function isSnapshotDraft(name: string): boolean {
  return SNAPSHOT_DRAFT.test(name)
}

/** Where the first block begins. */
export function firstBlockAt(group: GroupId, head: SnapshotHead): number {
  return FIXED_BYTES + group.length + encodeSnapshotHead(head).length + CHECKSUM_BYTES
}

/** What the blocks of so many bytes take, with what stands behind each. */
export function blocksLength(sizeBytes: number): number {
  return sizeBytes + Math.ceil(sizeBytes / SNAPSHOT_BLOCK_BYTES) * BLOCK_END_BYTES
}

/** What the file of a snapshot begins with. */
export function encodeSnapshotStart(
  { identity, number, group }: { identity: StoreIdentity; number: number; group: GroupId },
  description: SnapshotDescription,
): Uint8Array {
  const head = encodeSnapshotHead(description)
  const bytes = new Uint8Array(FIXED_BYTES + group.length + head.length + CHECKSUM_BYTES)
  const view = viewOf(bytes)
  writePrelude(bytes, 'QuorateS')
  bytes.set(identityBytes(identity), 16)
  putInteger(view, 32, number)
  putInteger(view, 40, description.sizeBytes)
  view.setUint32(48, description.checksum, true)
  view.setUint32(52, group.length, true)
  view.setUint32(56, head.length, true)
  bytes.set(Buffer.from(group, 'latin1'), FIXED_BYTES)
  bytes.set(head, FIXED_BYTES + group.length)
  const end = bytes.length - CHECKSUM_BYTES
  view.setUint32(end, checksum(bytes.subarray(0, end)), true)
  return bytes
}

/**
 * What the file says of the snapshot that the log names. Its blocks are not looked at, but for their length.
 * @throws CorruptStoreError, ForeignStoreError or NewerStoreFormatError unless it is the file of that snapshot.
 */
export function readSnapshotStart(
  folder: Folder,
  { identity, group }: { identity: StoreIdentity; group: GroupId },
  recorded: RecordedSnapshot,
): Promise<SnapshotDescription> {
  const name = snapshotFile(recorded.file)
  return withFile(folder, { name, mode: 'read' }, async (file) => {
    const bytes = await startOf(file)
    assertOwn(bytes, identity, file.path)
    return assertNamed(bytes, group, recorded, file)
  })
}

/** All that stands before the blocks. */
async function startOf(file: StoreFile): Promise<Uint8Array> {
  const fixed = new Uint8Array(Math.min(file.size, FIXED_BYTES))
  await settled((done) => file.readAt(fixed, 0, done))
  assertPrelude(fixed, 'QuorateS', file.path)
  const view = viewOf(fixed)
  const length =
    fixed.length < FIXED_BYTES
      ? Infinity
      : FIXED_BYTES + view.getUint32(52, true) + view.getUint32(56, true) + CHECKSUM_BYTES
  if (length > file.size) throw new CorruptStoreError(file.path, file.size, 'it ends within its head')
  const bytes = new Uint8Array(length)
  await settled((done) => file.readAt(bytes, 0, done))
  return bytes
}

function assertOwn(bytes: Uint8Array, identity: StoreIdentity, file: string): void {
  const end = bytes.length - CHECKSUM_BYTES
  if (viewOf(bytes).getUint32(end, true) !== checksum(bytes.subarray(0, end))) {
    throw new CorruptStoreError(file, 16, 'its head does not match its checksum')
  }
  if (Buffer.compare(bytes.subarray(16, 32), identityBytes(identity)) !== 0) {
    throw new ForeignStoreError(file, 'it carries the identity of another store')
  }
}

function assertNamed(
  bytes: Uint8Array,
  group: GroupId,
  { file: number, lastIncluded, lastTime, sizeBytes, checksum: sum }: RecordedSnapshot,
  { path, size }: StoreFile,
): SnapshotDescription {
  const view = viewOf(bytes)
  const headAt = FIXED_BYTES + view.getUint32(52, true)
  const name = Buffer.from(bytes.subarray(FIXED_BYTES, headAt)).toString('latin1')
  const head = headOf(bytes.subarray(headAt, bytes.length - CHECKSUM_BYTES), path, headAt)
  const isNamed =
    getInteger(view, 32) === number &&
    name === group &&
    getInteger(view, 40) === sizeBytes &&
    view.getUint32(48, true) === sum &&
    head.lastIncluded.index === lastIncluded.index &&
    head.lastIncluded.term === lastIncluded.term &&
    head.lastTime === lastTime
  if (!isNamed) throw new CorruptStoreError(path, 32, `it is not the snapshot that the log names of group ${group}`)
  const length = bytes.length + blocksLength(sizeBytes)
  if (size !== length) throw new CorruptStoreError(path, Math.min(size, length), `it has ${size} bytes, not ${length}`)
  return { ...head, sizeBytes, checksum: sum }
}

function headOf(bytes: Uint8Array, file: string, offset: number): SnapshotHead {
  try {
    return decodeSnapshotHead(bytes)
  } catch (error) {
    throw new CorruptStoreError(file, offset, 'the head of the snapshot cannot be decoded', { cause: error })
  }
}
