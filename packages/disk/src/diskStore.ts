import {
  type GroupId,
  type GroupWrite,
  type Index,
  type RecoveredGroup,
  type Store,
  type StoreFailure,
  type StoreIdentity,
  assertName,
  invariant,
} from '@quorate/core'
import type { AppendStream } from './appendStream.ts'
import { EntryReader, type ReadDone } from './entryReader.ts'
import { StoreClosedError } from './errors.ts'
import type { Done } from './filePort.ts'
import type { Folder } from './folder.ts'
import type { WriteDone } from './frameDraft.ts'
import { GroupLog } from './groupLog.ts'

/** What an opened folder turned out to hold, and what is needed to go on with it. */
export interface OpenedStore {
  readonly folder: Folder
  readonly identity: StoreIdentity
  readonly stream: AppendStream
  readonly logs: readonly GroupLog[]
  readonly unlock: (unlocked: Done) => void
}

/** A node's log files: all its groups in one stream, with an index in memory. */
export class DiskStore implements Store {
  readonly identity: StoreIdentity
  readonly folder: string
  readonly #folder: Folder
  readonly #stream: AppendStream
  readonly #reader: EntryReader
  readonly #logs = new Map<GroupId, GroupLog>()
  readonly #unlock: (unlocked: Done) => void
  #highestNumber = 0
  #isClosed = false
  /** Who waits for the end of `close`; undefined once it has come. */
  #closers: WriteDone[] | undefined = []
  #closeFailure: StoreFailure | undefined

  /** Made by `openDiskStore`. */
  constructor({ folder, identity, stream, logs, unlock }: OpenedStore) {
    this.identity = identity
    this.folder = folder.path
    this.#folder = folder
    this.#stream = stream
    this.#unlock = unlock
    this.#reader = new EntryReader(folder, (error) => {
      if (error !== undefined) stream.fail(error)
      return stream.failure
    })
    for (const log of logs) this.#add(log)
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
    assertWritable(batch, this.#logs)
    const logs = batch.map(({ group }) => this.#logs.get(group) ?? this.#beGroup(group))
    this.#stream.write(batch, logs, done)
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
    invariant(log !== undefined && range.upTo <= log.lastIndex, `group ${group} holds the entries it is asked for`)
    const last = lastThatFits(log, range)
    invariant(this.#stream.isFlushed(log.placeOf(last)), `group ${group} is asked for flushed entries`)
    this.#reader.read(log, range.after + 1, last, done)
  }

  close(done: (failure: StoreFailure | undefined) => void): void {
    if (this.#closers === undefined) return this.#folder.soon(() => done(this.#closeFailure))
    this.#closers.push(done)
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stream.mark('closed', (failure) => {
      this.#letGo((error) => this.#tellClosers(failure ?? (error && { error })))
    })
  }

  /** Closes all files, and lets others open the folder: whatever fails on the way. */
  #letGo(done: Done): void {
    this.#reader.close(() => {
      this.#stream.close((closeError) => {
        this.#unlock((unlockError) => done(closeError ?? unlockError))
      })
    })
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
function assertWritable(batch: readonly GroupWrite[], logs: ReadonlyMap<GroupId, GroupLog>): void {
  if (batch.length > 1) {
    invariant(new Set(batch.map(({ group }) => group)).size === batch.length, 'a group stands once in a batch')
  }
  for (const { group, hardState, truncateAfter, entries } of batch) {
    const lastIndex = logs.get(group)?.lastIndex
    if (lastIndex === undefined) assertName('group', group)
    if (hardState?.votedFor !== undefined) assertName('server', hardState.votedFor)
    let next = Math.min(lastIndex ?? 0, truncateAfter ?? Infinity) + 1
    for (const { index } of entries) {
      // The message costs more than the comparison.
      if (index !== next) invariant(false, `group ${group}: entry ${index} follows entry ${next - 1}`)
      next += 1
    }
  }
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
