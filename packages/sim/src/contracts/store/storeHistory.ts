import {
  LOG_START,
  type Entry,
  type GroupId,
  type GroupWrite,
  type HardState,
  type Index,
  type LogPosition,
  type RecoveredGroup,
  type SnapshotHead,
  type SnapshotWrite,
  type StoredSnapshot,
  type Term,
} from '@quorate/core'
import type { SimRandom } from '../../random.ts'
import { sampleCommand, sampleConfiguration, sampleNoOp } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import { sampleHead } from './sampleSnapshot.ts'
import { StoreModel } from './storeModel.ts'

const GROUPS: readonly GroupId[] = ['orders', 'stock', 'a-group-with-a-longer-name', 'g']
const VOTES: readonly HardState['votedFor'][] = [undefined, 'n1', 'n2', 'a-server-with-a-longer-name']
const DATA_BYTES: readonly number[] = [0, 1, 30, 300, 5_000]
const STATE_BYTES: readonly number[] = [0, 1, 300, 5_000]

/** Stores a snapshot, to be named in a write. */
export type StoresSnapshot = (group: GroupId, head: SnapshotHead, sizeBytes: number) => Promise<StoredSnapshot>

/** Batches as servers could write them, one after the other, and a model that has taken them all. */
export class StoreHistory {
  readonly model = new StoreModel()
  readonly #random: SimRandom

  constructor(random: SimRandom) {
    this.#random = random
  }

  /** The next batch. The model has taken it. */
  async next(storesSnapshot: StoresSnapshot): Promise<GroupWrite[]> {
    const groups = this.#random.some(GROUPS, 0.4)
    const batch: GroupWrite[] = []
    for (const group of groups.length === 0 ? [this.#random.pick(GROUPS)] : groups) {
      batch.push(await this.#turn(group, storesSnapshot))
    }
    this.model.write(batch)
    return batch
  }

  /**
   * A server truncates when a leader's entries contradict its own, and takes those in their place (§5.3), but nothing
   * that a snapshot stands for.
   */
  async #turn(group: GroupId, storesSnapshot: StoresSnapshot): Promise<GroupWrite> {
    const held = this.model.recover(group)
    const lastIndex = held?.lastIndex ?? 0
    const hardState = this.#hardState(held?.hardState.currentTerm ?? 0)
    const term = hardState?.currentTerm ?? held?.hardState.currentTerm ?? 1
    const lowest = held?.snapshot?.lastIncluded.index ?? 0
    const truncateAfter = this.#random.happens(0.2) ? lowest + this.#random.below(lastIndex - lowest + 1) : undefined
    const left = truncateAfter ?? lastIndex
    const place = this.#random.happens(0.15) ? this.#snapshotPlace(group, held, left, term) : undefined
    const snapshot = place && (await this.#stored(group, place, storesSnapshot))
    const last = Math.max(left, snapshot?.logStartsAfter.index ?? 0)
    const count = this.#random.below(6) + (truncateAfter === undefined ? 0 : 1)
    return groupWrite(group, { hardState, truncateAfter, snapshot, entries: this.#entries(last, count, term) })
  }

  /** A server takes a snapshot of what it has, and keeps some entries; or it gets one of more than it has (§7). */
  #snapshotPlace(
    group: GroupId,
    held: RecoveredGroup | undefined,
    left: Index,
    term: Term,
  ): { lastIncluded: LogPosition; logStartsAfter: LogPosition } | undefined {
    const lowest = (held?.snapshot?.lastIncluded.index ?? 0) + 1
    if (lowest > left || this.#random.happens(0.3)) {
      const lastIncluded = { index: Math.max(lowest, left + this.#random.below(20)), term }
      return { lastIncluded, logStartsAfter: lastIncluded }
    }
    const startsAfter = held?.logStartsAfter ?? LOG_START
    const positionOf = (index: Index): LogPosition => {
      const entry = this.model.entries(group)[index - startsAfter.index - 1]
      return entry === undefined ? startsAfter : { index, term: entry.term }
    }
    const lastIncluded = positionOf(this.#random.pick([left, lowest + this.#random.below(left - lowest + 1)]))
    const kept = this.#random.pick([0, this.#random.below(lastIncluded.index - startsAfter.index + 1)])
    return { lastIncluded, logStartsAfter: positionOf(lastIncluded.index - kept) }
  }

  async #stored(
    group: GroupId,
    { lastIncluded, logStartsAfter }: { lastIncluded: LogPosition; logStartsAfter: LogPosition },
    storesSnapshot: StoresSnapshot,
  ): Promise<SnapshotWrite> {
    const head = sampleHead(lastIncluded.index, lastIncluded.term)
    return { snapshot: await storesSnapshot(group, head, this.#random.pick(STATE_BYTES)), logStartsAfter }
  }

  #hardState(currentTerm: Term): HardState | undefined {
    if (currentTerm > 0 && !this.#random.happens(0.3)) return undefined
    return { currentTerm: currentTerm + 1 + this.#random.below(2), votedFor: this.#random.pick(VOTES) }
  }

  #entries(after: Index, count: number, term: Term): Entry[] {
    return Array.from({ length: count }, (_, place) => this.#entry(after + 1 + place, term))
  }

  #entry(index: Index, term: Term): Entry {
    const kind = this.#random.next()
    if (kind < 0.1) return sampleConfiguration(index, term)
    if (kind < 0.2) return sampleNoOp(index, term)
    const command = sampleCommand(index, term, this.#random.bytes(this.#random.pick(DATA_BYTES)))
    return this.#random.happens(0.3) ? { ...command, subject: `orders.${index % 7}` } : command
  }
}
