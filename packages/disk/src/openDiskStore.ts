import { randomUUID } from 'node:crypto'
import type { Random, StoreIdentity } from '@quorate/core'
import { AppendStream } from './appendStream.ts'
import { DiskStore } from './diskStore.ts'
import { CorruptStoreError } from './errors.ts'
import type { DiskEvent } from './events.ts'
import type { Done, FilePort } from './filePort.ts'
import { Folder, type StoreFile, obtained, settled, withFile } from './folder.ts'
import { FIRST_START, FREED_FILE, decodeFreedFile } from './freedFile.ts'
import type { GroupLog } from './groupLog.ts'
import { IDENTITY_FILE, NEW_IDENTITY_FILE, decodeIdentityFile, encodeIdentityFile } from './identityFile.ts'
import { removeLeftovers } from './leftovers.ts'
import { isBlank } from './logEnd.ts'
import { makeFile } from './newFile.ts'
import { nodeFiles } from './nodeFiles.ts'
import { assertPrelude } from './prelude.ts'
import {
  type Cut,
  type LastFrame,
  type RecoveredLog,
  type SegmentSpan,
  readFile,
  recoverLog,
  seedOf,
} from './recovery.ts'
import { SEGMENT_HEAD_BYTES, segmentFile, segmentNumber, usualSegmentBytes } from './segment.ts'
import { SegmentChain } from './segmentChain.ts'
import { makeSegment, writeZeros } from './segmentMaker.ts'
import { readSnapshotStart, snapshotFile, snapshotNumber } from './snapshotFile.ts'

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024
const SMALLEST_SEGMENT_BYTES = 4096
const LARGEST_SEGMENT_BYTES = 1024 * 1024 * 1024

export interface DiskStoreOptions {
  /** Of this store alone; made when it does not stand. */
  readonly folder: string
  /** How large a log file becomes. The first ones are smaller. */
  readonly segmentBytes?: number
  /** The file system; `nodeFiles()` unless given. */
  readonly files?: FilePort
  /** Makes the identity of a new store. */
  readonly random?: Pick<Random, 'uuid'>
  /** Told what an operator may want to know. */
  readonly log?: (event: DiskEvent) => void
}

/**
 * Opens the store in `folder`, or makes one in an empty folder. All of it is read and checked first.
 * @throws StoreLockedError while another holds the folder.
 * @throws CorruptStoreError when something that was flushed is damaged or missing; nothing is changed then.
 * @throws ForeignStoreError, NewerStoreFormatError
 * @throws StorageFailedError when the operating system refuses.
 */
export async function openDiskStore(options: DiskStoreOptions): Promise<DiskStore> {
  const {
    segmentBytes = DEFAULT_SEGMENT_BYTES,
    files = nodeFiles(),
    random = { uuid: randomUUID },
    log = () => {},
  } = options
  assertSegmentBytes(segmentBytes)
  const folder = new Folder(options.folder, files)
  await settled((done) => folder.make(done))
  const unlock = await obtained<(unlocked: Done) => void>((done) => folder.lock(done))
  try {
    return await open({ folder, segmentBytes, random, log, unlock })
  } catch (error) {
    // The first error says more than one that may follow from it.
    await new Promise<void>((resolve) => unlock(() => resolve()))
    throw error
  }
}

interface Opening {
  readonly folder: Folder
  readonly segmentBytes: number
  readonly random: Pick<Random, 'uuid'>
  readonly log: (event: DiskEvent) => void
  readonly unlock: (unlocked: Done) => void
}

async function open(opening: Opening): Promise<DiskStore> {
  const { folder, log, segmentBytes, unlock } = opening
  const names = await obtained<readonly string[]>((done) => folder.list(done))
  const stands = names.includes(IDENTITY_FILE)
  const { identity, span } = stands ? await look(folder, names) : await create(opening, names)
  const recovered = await recoverLog(folder, identity, span)
  await readSnapshots(folder, identity, names, recovered.logs)
  await settle(opening, recovered)
  // A new store has made its own of what stood there.
  if (stands) await removeLeftovers(folder, { names, first: span.start.number, logs: recovered.logs })
  const { end, prepared, logs, lastFrame } = recovered
  const chain = new SegmentChain({ folder, identity, segmentBytes, log }, prepared)
  const file = await obtained<StoreFile>((done) => folder.open(segmentFile(end.segment.number), 'write', done))
  const stream = new AppendStream({ folder, chain, seed: seedOf(identity), log }, end, file)
  await beginUse(stream)
  const firstSegment = span.start.number
  const segments = span.last - firstSegment + 1
  const entries = logs.reduce((sum, { lastIndex, logStartsAfter }) => sum + lastIndex - logStartsAfter.index, 0)
  const closedCleanly = lastFrame === undefined || lastFrame.kind === 'closed'
  for (const { group, damagedIndexes } of logs) {
    if (damagedIndexes.length > 0) log({ type: 'entries.damaged', folder: folder.path, group, indexes: damagedIndexes })
  }
  log({ type: 'store.opened', folder: folder.path, segments, groups: logs.length, entries, closedCleanly })
  const highestSnapshot = Math.max(recovered.highestSnapshot, ...snapshotNumbers(names))
  return new DiskStore({ folder, identity, stream, logs, log, unlock, firstSegment, highestSnapshot })
}

interface Found {
  readonly identity: StoreIdentity
  readonly span: SegmentSpan
}

/** The store that stands. */
async function look(folder: Folder, names: readonly string[]): Promise<Found> {
  const identity = decodeIdentityFile(await readFile(folder, IDENTITY_FILE), folder.pathOf(IDENTITY_FILE))
  const start = names.includes(FREED_FILE)
    ? decodeFreedFile(await readFile(folder, FREED_FILE), identity, folder.pathOf(FREED_FILE))
    : FIRST_START
  const numbers = segmentNumbers(names)
  // Segment 1 is made before the identity is, and none is ever removed before `freed` says so.
  const last = Math.max(start.number, numbers.at(-1) ?? 0)
  for (let { number } = start; number <= last; number += 1) {
    if (!numbers.includes(number)) throw new CorruptStoreError(folder.pathOf(segmentFile(number)), 0, MISSING)
  }
  return { identity, span: { start, last } }
}

/** The head of each group's snapshot: what it says of the group belongs to the log. */
async function readSnapshots(
  folder: Folder,
  identity: StoreIdentity,
  names: readonly string[],
  logs: readonly GroupLog[],
): Promise<void> {
  for (const log of logs) {
    const { group, snapshot } = log
    if (snapshot === undefined) continue
    const name = snapshotFile(snapshot.file)
    if (!names.includes(name)) throw new CorruptStoreError(folder.pathOf(name), 0, MISSING)
    log.description = await readSnapshotStart(folder, { identity, group }, snapshot)
  }
}

const MISSING = 'the file is missing'

/** A new store. Its identity comes last: a crash before leaves a folder in which nothing was ever promised. */
async function create({ folder, segmentBytes, random, log }: Opening, names: readonly string[]): Promise<Found> {
  await assertNeverUsed(folder, names)
  const identity = random.uuid()
  await settled((done) => makeSegment(folder, { number: 1, bytes: usualSegmentBytes(1, segmentBytes) }, identity, done))
  const bytes = encodeIdentityFile(identity)
  await settled((done) =>
    makeFile(
      folder,
      { draftName: NEW_IDENTITY_FILE, name: IDENTITY_FILE, fill: (file, filled) => file.writeAt(bytes, 0, filled) },
      done,
    ),
  )
  log({ type: 'store.created', folder: folder.path, identity })
  return { identity, span: { start: FIRST_START, last: 1 } }
}

/** Without an identity there may be a first segment without a frame, and nothing else of ours. */
async function assertNeverUsed(folder: Folder, names: readonly string[]): Promise<void> {
  const numbers = segmentNumbers(names)
  const later = names.find((name) => name === FREED_FILE || snapshotNumber(name) !== undefined)
  if (later !== undefined)
    throw new CorruptStoreError(folder.pathOf(IDENTITY_FILE), 0, `${MISSING}, and ${later} stands`)
  if (numbers.length === 0) return
  const first = segmentFile(numbers[0] ?? 1)
  const bytes = await readFile(folder, first)
  assertPrelude(bytes, 'QuorateL', folder.pathOf(first))
  if (numbers.length === 1 && numbers[0] === 1 && isBlank(bytes, SEGMENT_HEAD_BYTES)) return
  throw new CorruptStoreError(folder.pathOf(IDENTITY_FILE), 0, `${MISSING}, though the log stands`)
}

function segmentNumbers(names: readonly string[]): number[] {
  return names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b)
}

function snapshotNumbers(names: readonly string[]): number[] {
  return names.flatMap((name) => snapshotNumber(name) ?? [])
}

/** Makes what was read the truth: what was cut cannot come back, and what was kept cannot go. */
async function settle({ folder, log }: Opening, { cuts, lastFrame }: RecoveredLog): Promise<void> {
  for (const cut of cuts) {
    await cutOff(folder, cut)
    const { offset, reason } = cut
    log({ type: 'tail.cut', file: folder.pathOf(segmentFile(cut.segment)), offset, bytes: cut.end - offset, reason })
  }
  if (lastFrame !== undefined) await writeAgain(folder, lastFrame)
  await settled((done) => folder.flush(done))
}

function cutOff(folder: Folder, { segment, offset, end }: Cut): Promise<void> {
  return withFile(folder, { name: segmentFile(segment), mode: 'write' }, async (file) => {
    await settled((done) => writeZeros(file, offset, end, done))
    await settled((done) => file.flush(done))
  })
}

/**
 * The last frame may have been read from the cache of the operating system without being on the disk: the process was
 * killed before the flush, or the flush failed, after which the cache no longer knows that the bytes are to be written.
 */
function writeAgain(folder: Folder, { segment, offset, bytes }: LastFrame): Promise<void> {
  return withFile(folder, { name: segmentFile(segment), mode: 'write' }, async (file) => {
    await settled((done) => file.writeAt(bytes, offset, done))
    await settled((done) => file.flush(done))
  })
}

/** A frame that vouches for all before it: from here on, damage there cannot be taken for a write that was cut short. */
async function beginUse(stream: AppendStream): Promise<void> {
  const failure = await new Promise<Error | undefined>((resolve) => stream.mark('opened', (f) => resolve(f?.error)))
  if (failure === undefined) return
  await new Promise<void>((resolve) => stream.close(() => resolve()))
  throw failure
}

function assertSegmentBytes(bytes: number): void {
  const isSound = Number.isSafeInteger(bytes) && bytes >= SMALLEST_SEGMENT_BYTES && bytes <= LARGEST_SEGMENT_BYTES
  if (!isSound)
    throw new RangeError(`segmentBytes is ${bytes}: give ${SMALLEST_SEGMENT_BYTES} to ${LARGEST_SEGMENT_BYTES}`)
}
