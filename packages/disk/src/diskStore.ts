import {
  type Entry,
  type GroupId,
  type GroupWrite,
  type Index,
  type RecoveredGroup,
  type SnapshotDraft,
  type SnapshotHead,
  type SnapshotReader,
  type SnapshotWrite,
  type Store,
  type StoreFailure,
  type StoreIdentity,
  assertName,
  invariant,
} from '@quorate/core'
import type { AppendStream, GroupChange } from './appendStream.ts'
import { EntryReader, type ReadDone } from './entryReader.ts'
import { StoreClosedError } from './errors.ts'
import type { DiskEvent } from './events.ts'
import type { Done } from './filePort.ts'
import type { Folder } from './folder.ts'
import type { WriteDone } from './frameDraft.ts'
import { GroupLog } from './groupLog.ts'
import { SegmentRemoval } from './segmentRemoval.ts'
import { inOrder } from './sequence.ts'
import { SnapshotFiles } from './snapshotFiles.ts'

/** What an opened folder turned out to hold, and what is needed to go on with it. */
export interface OpenedStore {
  readonly folder: Folder
  readonly identity: StoreIdentity
  readonly stream: AppendStream
  readonly logs: readonly GroupLog[]
  readonly log: (event: DiskEvent) => void
  readonly unlock: (unlocked: Done) => void
  /** The number of the first segment. */
  readonly firstSegment: number
  /** The highest number that the file of a snapshot ever had. */
  readonly highestSnapshot: number
}

/** A node's log files: all its groups in one stream, with an index in memory; and the files of its snapshots. */
export class DiskStore implements Store {
  readonly identity: StoreIdentity
  readonly folder: string
  readonly #folder: Folder
  readonly #stream: AppendStream
  readonly #reader: EntryReader
  readonly #snapshots: SnapshotFiles
  readonly #removal: SegmentRemoval
  readonly #logs = new Map<GroupId, GroupLog>()
  readonly #unlock: (unlocked: Done) => void
  #highestNumber = 0
  #isClosed = false
  /** Who waits for the end of `close`; undefined once it has come. */
  #closers: WriteDone[] | undefined = []
  #closeFailure: StoreFailure | undefined

  /** Made by `openDiskStore`. */
  constructor({ folder, identity, stream, logs, log, unlock, firstSegment, highestSnapshot }: OpenedStore) {
    this.identity = identity
    this.folder = folder.path
    this.#folder = folder
    this.#stream = stream
    this.#unlock = unlock
    const reader = new EntryReader(folder, (error) => (error === undefined ? stream.failure : this.#fail(error)))
    this.#reader = reader
    const refusal = (): StoreFailure | undefined => (this.#isClosed ? this.#closedFailure() : stream.failure)
    const fail = (error: Error): StoreFailure => this.#fail(error)
    this.#snapshots = new SnapshotFiles({ folder, identity, log, refusal, fail }, highestSnapshot)
    const allLogs = (): Iterable<GroupLog> => this.#logs.values()
    this.#removal = new SegmentRemoval({ folder, identity, stream, reader, log, logs: allLogs }, firstSegment)
    for (const groupLog of logs) this.#add(groupLog)
  }

  get groups(): readonly GroupId[] {
    return [...this.#logs.keys()]
  }

  recover(group: GroupId): RecoveredGroup | undefined {
    return this.#logs.get(group)?.describe()
  }

  write(batch: readonly GroupWrite[], done: WriteDone): void {
    if (this.#isClosed || this.#stream.failure !== undefined) {
      return this.#folder.soon(() => done(this.#closedFailure()))
    }
    assertWritable(batch, this.#logs, this.#snapshots)
    const superseded: number[] = []
    const changes = batch.map((write) => this.#changeOf(write, superseded))
    const namesSnapshot = changes.some(({ snapshot }) => snapshot !== undefined)
    this.#stream.write(changes, namesSnapshot ? (failure) => this.#afterSnapshot(failure, superseded, done) : done)
  }

  read(
    group: GroupId,
    range: { readonly after: Index; readonly upTo: Index; readonly maxBytes: number },
    done: ReadDone,
  ): void {
    if (this.#isClosed) return this.#folder.soon(() => done(this.#closedFailure(), []))
    const failure = this.#stream.failure
    if (failure !== undefined) return this.#reader.answer(done, failure.error)
    if (range.upTo <= range.after) return this.#reader.answer(done, undefined)
    const log = this.#logs.get(group)
    const isGone = log !== undefined && range.after < log.logStartsAfter.index
    if (isGone) return this.#reader.answer(done, undefined)
    invariant(log !== undefined && range.upTo <= log.lastIndex, `group ${group} holds the entries it is asked for`)
    const last = lastThatFits(log, range)
    const isFlushed = this.#stream.isFlushed(log.placeOf(last))
    const carried = isFlushed ? undefined : carriedEntries(log, range.after, last)
    if (carried !== undefined) return this.#reader.answer(done, undefined, carried)
    invariant(isFlushed, `group ${group} is asked for flushed entries`)
    this.#reader.read(log, range.after + 1, last, done)
  }

  beginSnapshot(group: GroupId, head: SnapshotHead): SnapshotDraft {
    assertName('group', group)
    return this.#snapshots.write(group, head)
  }

  openSnapshot(group: GroupId): SnapshotReader {
    const { snapshot, description } = this.#logs.get(group) ?? {}
    invariant(snapshot !== undefined && description !== undefined, `group ${group} has a snapshot to be opened`)
    return this.#snapshots.read(snapshot.file, description)
  }

  close(done: (failure: StoreFailure | undefined) => void): void {
    if (this.#closers === undefined) return this.#folder.soon(() => done(this.#closeFailure))
    this.#closers.push(done)
    if (this.#isClosed) return
    this.#isClosed = true
    this.#removal.stop()
    this.#stream.mark('closed', (failure) => {
      this.#letGo((error) => this.#tellClosers(failure ?? (error && { error })))
    })
  }

  /** Closes all files, and lets others open the folder: whatever fails on the way. */
  #letGo(done: Done): void {
    inOrder(
      [
        (next) => this.#snapshots.close(() => next(undefined)),
        (next) => this.#removal.close(() => next(undefined)),
        (next) => this.#reader.close(() => next(undefined)),
      ],
      () => {
        this.#stream.close((closeError) => {
          this.#unlock((unlockError) => done(closeError ?? unlockError))
        })
      },
    )
  }

  /** From here on everything fails, with the first error. */
  #fail(error: Error): StoreFailure {
    this.#stream.fail(error)
    return this.#stream.failure ?? { error }
  }

  /** What the write is about. The file of a snapshot that it puts another in the place of is added to `superseded`. */
  #changeOf(write: GroupWrite, superseded: number[]): GroupChange {
    const log = this.#logs.get(write.group) ?? this.#beGroup(write.group)
    if (write.snapshot === undefined) return { log, write, snapshot: undefined }
    if (log.snapshot !== undefined) superseded.push(log.snapshot.file)
    return { log, write, snapshot: this.#snapshots.take(write.snapshot.snapshot.key) }
  }

  /** A write that names snapshots is flushed: what they stand for may go. */
  #afterSnapshot(failure: StoreFailure | undefined, superseded: readonly number[], done: WriteDone): void {
    if (failure === undefined && !this.#isClosed) {
      for (const file of superseded) this.#snapshots.supersede(file)
      this.#removal.consider()
    }
    done(failure)
  }

  #tellClosers(failure: StoreFailure | undefined): void {
    const closers = this.#closers ?? []
    this.#closers = undefined
    this.#closeFailure = failure
    for (const done of closers) done(failure)
  }

  #closedFailure(): StoreFailure {
    return this.#stream.failure ?? { error: new StoreClosedError(this.folder) }
  }

  #beGroup(group: GroupId): GroupLog {
    const log = new GroupLog(group, this.#highestNumber + 1)
    this.#add(log)
    return log
  }

  #add(log: GroupLog): void {
    this.#logs.set(log.group, log)
    this.#highestNumber = Math.max(this.#highestNumber, log.number)
  }
}

/** Checked before any of the batch is taken in: what could not be read back must leave no trace. */
function assertWritable(
  batch: readonly GroupWrite[],
  logs: ReadonlyMap<GroupId, GroupLog>,
  snapshots: SnapshotFiles,
): void {
  if (batch.length > 1) {
    invariant(new Set(batch.map(({ group }) => group)).size === batch.length, 'a group stands once in a batch')
  }
  for (const { group, hardState, truncateAfter, snapshot, entries, repaired = [] } of batch) {
    const log = logs.get(group)
    if (log === undefined) assertName('group', group)
    if (hardState?.votedFor !== undefined) assertName('server', hardState.votedFor)
    const left = Math.min(log?.lastIndex ?? 0, truncateAfter ?? Infinity)
    if (left < (log?.logStartsAfter.index ?? 0))
      invariant(false, `group ${group}: what stands in a snapshot is not truncated`)
    if (snapshot !== undefined) assertAdoptable(group, log, snapshot, snapshots)
    for (const entry of repaired) {
      const isWanted = entry.index <= left && log?.lacks(entry) === true
      invariant(isWanted, `group ${group}: entry ${entry.index} is one that cannot be read, and stays in the log`)
    }
    let next = Math.max(left, snapshot?.logStartsAfter.index ?? 0) + 1
    for (const { index } of entries) {
      // The message costs more than the comparison.
      if (index !== next) invariant(false, `group ${group}: entry ${index} follows entry ${next - 1}`)
      next += 1
    }
  }
}

function assertAdoptable(
  group: GroupId,
  log: GroupLog | undefined,
  { snapshot, logStartsAfter }: SnapshotWrite,
  snapshots: SnapshotFiles,
): void {
  const { index } = snapshot.description.lastIncluded
  const former = log?.snapshot?.lastIncluded.index ?? 0
  const isOwn = snapshots.unnamed(snapshot.key)?.group === group
  invariant(isOwn, `group ${group} has finished snapshot ${snapshot.key}, and no write has named it before`)
  invariant(index > former, `group ${group}: a snapshot up to ${index} cannot follow one up to ${former}`)
  const isWithin = logStartsAfter.index <= index && logStartsAfter.index >= (log?.logStartsAfter.index ?? 0)
  invariant(
    isWithin,
    `group ${group}: with a snapshot up to ${index} the log cannot begin behind ${logStartsAfter.index}`,
  )
}

/** The entries from memory, if they are flushed and are just being written once more. */
function carriedEntries({ carried }: GroupLog, after: Index, last: Index): readonly Entry[] | undefined {
  const entries = carried?.filter(({ index }) => index > after && index <= last)
  return entries?.at(-1)?.index === last ? entries : undefined
}

function lastThatFits(log: GroupLog, range: { after: Index; upTo: Index; maxBytes: number }): Index {
  let last = range.after + 1
  let bytes = log.lengthOf(last)
  while (last < range.upTo && bytes + log.lengthOf(last + 1) <= range.maxBytes) {
    last += 1
    bytes += log.lengthOf(last)
  }
  return last
}
