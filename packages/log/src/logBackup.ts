import {
  isSameSnapshot,
  LogCompactedError,
  NotCaughtUpError,
  type Entry,
  type GroupId,
  type HostedServer,
  type Index,
  type LogPosition,
  type PlacedConfiguration,
  type SnapshotReader,
  type Store,
} from '@quorate/core'
import { BackupEncoder } from '@quorate/wire'

export interface BackupOptions {
  /** Ends the loop by throwing the signal's reason. */
  readonly signal?: AbortSignal
}

/** What a backup is taken from. */
export interface BackupSource {
  readonly group: GroupId
  readonly hosted: HostedServer
  readonly store: Store
  /** Whether entries may go while the backup is made. */
  readonly isCompacted: boolean
  /** Why nothing comes any more. */
  readonly closedError: () => Error | undefined
  readonly wallTime: () => number
}

const PIECE_BYTES = 256 * 1024
const LOOK_AGAIN_MS = 10

/**
 * All that this server has applied when the loop begins, as the bytes of a file. A log that is compacted gives a snapshot
 * that is taken for it: it stands for everything up to itself, and what compactions take away meanwhile is not missed. A
 * log that never was gives its entries.
 */
export async function* backupLog(
  source: BackupSource,
  { signal }: BackupOptions,
): AsyncGenerator<Uint8Array, undefined> {
  const backup = new LogBackup(source, signal)
  const { hosted, isCompacted } = source
  // Not within a turn of the server: what it has decided in it is not handed over yet.
  await Promise.resolve()
  backup.assertGoesOn()
  if (isCompacted || hosted.server.state.snapshot !== undefined) yield* backup.withSnapshot()
  else yield* backup.ofWholeLog()
}

class LogBackup {
  readonly #source: BackupSource
  readonly #signal: AbortSignal | undefined
  readonly #encoder = new BackupEncoder()

  constructor(source: BackupSource, signal: AbortSignal | undefined) {
    this.#source = source
    this.#signal = signal
  }

  /** @throws the signal's reason, or why the log was closed. */
  assertGoesOn(): void {
    this.#signal?.throwIfAborted()
    const error = this.#source.closedError()
    if (error !== undefined) throw error
  }

  async *withSnapshot(): AsyncGenerator<Uint8Array, undefined> {
    await this.#takeSnapshot()
    const reader = await this.#openSnapshot()
    if (reader === undefined) return yield* this.ofWholeLog()
    const { description } = reader
    const { lastIncluded, configuration } = description
    try {
      yield this.#head(lastIncluded, configuration)
      yield this.#encoder.snapshot(description)
      for (let offset = 0; offset < description.sizeBytes;) {
        const bytes = await this.#readSnapshot(reader, offset)
        offset += bytes.length
        yield this.#encoder.data(bytes)
      }
    } finally {
      reader.close()
    }
    yield* this.#trailingEntries(lastIncluded)
    yield this.#encoder.end()
  }

  /** Nothing of it is ever to go, unless somebody asks for that now. */
  async *ofWholeLog(): AsyncGenerator<Uint8Array, undefined> {
    const { group, hosted } = this.#source
    const { log, lastApplied, configurations } = hosted.server.state
    const configuration = configurations.filter(({ index }) => index <= lastApplied).at(-1)
    if (configuration === undefined) throw new NotCaughtUpError(group, 1, lastApplied)
    yield this.#head({ index: lastApplied, term: log.termAt(lastApplied) ?? 0 }, configuration)
    yield this.#encoder.log({ index: 0, term: 0 })
    for (let after = 0; after < lastApplied;) {
      const entries = await this.#readEntries(after, lastApplied)
      after = entries.at(-1)?.index ?? after
      yield this.#encoder.entries(entries)
    }
    yield this.#encoder.end()
  }

  /** What of the log the snapshot stands for, and is there still: for those who read the entries themselves. */
  async *#trailingEntries(upTo: LogPosition): AsyncGenerator<Uint8Array, undefined> {
    let after = this.#beginning(upTo)
    yield this.#encoder.log(after)
    while (after.index < upTo.index) {
      const entries = await this.#readEntries(after.index, upTo.index).catch((error: unknown) => {
        if (error instanceof LogCompactedError) return []
        throw error
      })
      const last = entries.at(-1)
      if (last === undefined) {
        // Compacted while it was being read: it begins again, further on.
        after = this.#beginning(upTo, after.index)
        yield this.#encoder.log(after)
      } else {
        after = last
        yield this.#encoder.entries(entries)
      }
    }
  }

  /** Where the log begins by now, behind `read`; at the latest where the snapshot ends. */
  #beginning(upTo: LogPosition, read: Index = -1): LogPosition {
    const { startsAfter } = this.#source.hosted.server.state.log
    return startsAfter.index > read && startsAfter.index < upTo.index ? startsAfter : upTo
  }

  #head(last: LogPosition, configuration: PlacedConfiguration): Uint8Array {
    const { group, hosted, wallTime } = this.#source
    const { id, store } = hosted.server.state
    const { groupUuid } = configuration.configuration
    const time = Math.floor(wallTime())
    return this.#encoder.head({ group, groupUuid, server: id, store, time, isCommitted: true, last, configuration })
  }

  /** All entries stay: it is not for the log's sake. */
  #takeSnapshot(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#source.hosted.takeSnapshot(Number.MAX_SAFE_INTEGER, (outcome) => {
        if (outcome.type === 'failed') reject(outcome.error)
        else resolve()
      })
    })
  }

  /** The latest that the server has, once the store has it too. */
  async #openSnapshot(): Promise<SnapshotReader | undefined> {
    const { group, hosted, store } = this.#source
    const { state } = hosted.server
    for (;;) {
      this.assertGoesOn()
      const { snapshot, durability } = state
      if (snapshot === undefined) return undefined
      if (durability.snapshot === undefined) {
        const { lastWriteId } = durability
        while (durability.durableWriteId < lastWriteId) await this.#lookAgain()
        const reader = store.openSnapshot(group)
        if (isSameSnapshot(reader.description, state.snapshot ?? snapshot)) return reader
        reader.close()
      }
      await this.#lookAgain()
    }
  }

  async #lookAgain(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    this.assertGoesOn()
  }

  #readSnapshot(reader: SnapshotReader, offset: number): Promise<Uint8Array> {
    this.assertGoesOn()
    return new Promise((resolve, reject) => {
      reader.read(offset, PIECE_BYTES, (failure, bytes) => {
        if (failure === undefined) resolve(bytes)
        else reject(failure.error)
      })
    })
  }

  #readEntries(after: Index, upTo: Index): Promise<readonly Entry[]> {
    this.assertGoesOn()
    return new Promise((resolve, reject) => {
      this.#source.hosted.read(after, PIECE_BYTES, (error, entries) => {
        if (error === undefined) resolve(entries.filter(({ index }) => index <= upTo))
        else reject(error)
      })
    })
  }
}
