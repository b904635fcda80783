import { randomUUID } from 'node:crypto'
import {
  type Entry,
  type GroupId,
  type GroupUuid,
  type HardState,
  type Index,
  type LogPosition,
  type Origin,
  type ServerId,
  type SnapshotDescription,
  type StoredSnapshot,
  type Term,
  invariant,
  isSameSnapshot,
} from '@quorate/core'
import { GroupExistsError, OtherServerError, UnfinishedGroupError } from './errors.ts'
import type { FolderStore } from './folderStore.ts'
import { isUnfinished, latestConfiguration, reportOn } from './groupReport.ts'
import { entryOfNewGroup, headOfNewGroup } from './newGroup.ts'

/** The log of a former group, as it is read: of a store, or of a backup. */
export interface FormerLog {
  readonly groupUuid: GroupUuid
  readonly snapshot: SnapshotDescription | undefined
  /** The entry before the first that is there. */
  readonly startsAfter: LogPosition
  readonly last: LogPosition
  /** No term that was ever heard of is higher. */
  readonly highestTerm: Term
  /** All data of the snapshot, then all entries, in order. */
  readonly parts: AsyncIterable<FormerPart>
}

export type FormerPart =
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'entries'; readonly entries: readonly Entry[] }

export interface FoundingOptions {
  readonly store: FolderStore
  readonly group: GroupId
  /** The one server of the new group. */
  readonly id: ServerId
  readonly reason: Origin['reason']
  readonly former: FormerLog
  /** Whether the store comes into use only when all is written. If not, what is written must make sense at any moment. */
  readonly isStaged: boolean
  readonly now?: () => number
}

/** A group that was founded anew. */
export interface FoundedGroup {
  readonly group: GroupId
  readonly groupUuid: GroupUuid
  readonly origin: Origin
  /** Where its first configuration stands: the last entry. */
  readonly index: Index
}

/** What of the new group stands in the store already, from an attempt that was cut short. */
interface Begun {
  readonly groupUuid: GroupUuid
  /** Its snapshot stands there. */
  readonly hasSnapshot: boolean
}

/**
 * Writes into a store the log of a former group as that of a new one with one server. Until the last entry is flushed, the
 * configuration behind all others, the group has no servers.
 */
export async function foundGroup(options: FoundingOptions): Promise<FoundedGroup> {
  const { store, group, id, reason, former, now = Date.now } = options
  const begun = begunOf(options)
  const { groupUuid } = begun
  const term = Math.max(former.highestTerm, former.last.term, store.termOf(group)) + 1
  // Nobody else can have been elected in it.
  const hardState: HardState = { currentTerm: term, votedFor: id }
  const writer = new GroupWriter(options, begun, hardState)
  for await (const part of former.parts) {
    if (part.type === 'data') await writer.addData(part.bytes)
    else await writer.addEntries(part.entries)
  }
  await writer.flush()
  const { last } = writer
  const isWhole = last.index === former.last.index && last.term === former.last.term
  invariant(isWhole, `the former log is read up to entry ${former.last.index}`)
  const origin: Origin = { groupUuid: former.groupUuid, lastIndex: last.index, reason }
  const members = [{ id, store: store.identity }]
  const configuration = { groupUuid, origin, members, voters: [[id]] }
  const index = last.index + 1
  await writer.append({ kind: 'configuration', index, term, time: Math.max(writer.lastTime, now()), configuration })
  return { group, groupUuid, origin, index }
}

/** @throws OtherServerError, GroupExistsError, UnfinishedGroupError */
function begunOf({ store, group, id, former }: FoundingOptions): Begun {
  const owner = reportOn(store).groups.find((each) => each.id !== undefined && each.id !== id)?.id
  if (owner !== undefined) throw new OtherServerError(store.folder, owner, id)
  const found = store.find(group)
  if (found === undefined) return { groupUuid: randomUUID(), hasSnapshot: false }
  const { configuration } = latestConfiguration(found)
  const { groupUuid } = configuration
  if (!isUnfinished(configuration)) throw new GroupExistsError(store.folder, group, groupUuid)
  if (found.snapshot === undefined) return { groupUuid, hasSnapshot: false }
  const isSame = former.snapshot !== undefined && isSameSnapshot(former.snapshot, found.snapshot)
  if (!isSame) throw new UnfinishedGroupError(store.folder, group)
  return { groupUuid, hasSnapshot: true }
}

/** Writes the former log, in as many writes as it takes. */
class GroupWriter {
  readonly #options: FoundingOptions
  readonly #begun: Begun
  readonly #hardState: HardState
  readonly #draft: ReturnType<FolderStore['beginSnapshot']> | undefined
  #stored: StoredSnapshot | undefined
  #isFirst = true
  #waiting: Entry[] = []
  last: LogPosition
  lastTime: number

  constructor(options: FoundingOptions, begun: Begun, hardState: HardState) {
    const { store, group, former } = options
    const { snapshot, startsAfter } = former
    this.#options = options
    this.#begun = begun
    this.#hardState = hardState
    this.last = begun.hasSnapshot ? snapshot!.lastIncluded : startsAfter
    this.lastTime = snapshot?.lastTime ?? 0
    if (snapshot === undefined || begun.hasSnapshot) return
    this.#draft = store.beginSnapshot(group, headOfNewGroup(snapshot, begun.groupUuid))
  }

  async addData(bytes: Uint8Array): Promise<void> {
    await this.#draft?.write(bytes)
  }

  async addEntries(entries: readonly Entry[]): Promise<void> {
    const { groupUuid } = this.#begun
    for (const entry of entries) {
      if (entry.index <= this.last.index) continue
      invariant(entry.index === this.last.index + 1, `entry ${this.last.index} is followed by the next one`)
      this.#waiting.push(entryOfNewGroup(entry, groupUuid))
      this.last = { index: entry.index, term: entry.term }
      this.lastTime = Math.max(this.lastTime, entry.time)
    }
    // A log that ends before its snapshot does is none: what the snapshot stands for comes in one write with it.
    const { former, isStaged } = this.#options
    if (isStaged || this.last.index >= (former.snapshot?.lastIncluded.index ?? 0)) await this.flush()
  }

  /** Behind the last entry. */
  async append(entry: Entry): Promise<void> {
    this.#waiting.push(entry)
    await this.flush()
  }

  async flush(): Promise<void> {
    const { store, group, former } = this.#options
    const isFirst = this.#isFirst
    if (this.#waiting.length === 0 && !isFirst) return
    if (this.#draft !== undefined && this.#stored === undefined) this.#stored = await this.#finished(this.#draft)
    const entries = this.#waiting
    this.#waiting = []
    this.#isFirst = false
    const named = { snapshot: this.#stored!, logStartsAfter: former.startsAfter }
    await store.write({
      group,
      hardState: isFirst ? this.#hardState : undefined,
      truncateAfter: isFirst ? this.#truncateAfter : undefined,
      snapshot: isFirst && this.#draft !== undefined ? named : undefined,
      entries,
    })
  }

  /** Behind what an attempt before has left, all comes once more. */
  get #truncateAfter(): Index | undefined {
    const { store, group, former } = this.#options
    if (store.find(group) === undefined) return undefined
    return this.#begun.hasSnapshot ? former.snapshot!.lastIncluded.index : 0
  }

  async #finished(draft: ReturnType<FolderStore['beginSnapshot']>): Promise<StoredSnapshot> {
    const stored = await draft.finish()
    const isSame = isSameSnapshot(stored.description, this.#options.former.snapshot!)
    invariant(isSame, 'the snapshot is read as it was described')
    return stored
  }
}
