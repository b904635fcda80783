import type { Entry, GroupId, GroupWrite, HardState, Index, Term } from '@quorate/core'
import type { SimRandom } from '../../random.ts'
import { sampleCommand, sampleConfiguration, sampleNoOp } from '../sampleEntries.ts'
import { groupWrite } from './groupWrite.ts'
import { StoreModel } from './storeModel.ts'

const GROUPS: readonly GroupId[] = ['orders', 'stock', 'a-group-with-a-longer-name', 'g']
const VOTES: readonly HardState['votedFor'][] = [undefined, 'n1', 'n2', 'a-server-with-a-longer-name']
const DATA_BYTES: readonly number[] = [0, 1, 30, 300, 5_000]

/** Batches as servers could write them, one after the other, and a model that has taken them all. */
export class StoreHistory {
  readonly model = new StoreModel()
  readonly #random: SimRandom

  constructor(random: SimRandom) {
    this.#random = random
  }

  /** The next batch. The model has taken it. */
  next(): GroupWrite[] {
    const groups = this.#random.some(GROUPS, 0.4)
    const batch = (groups.length === 0 ? [this.#random.pick(GROUPS)] : groups).map((group) => this.#turn(group))
    this.model.write(batch)
    return batch
  }

  /** A server truncates when a leader's entries contradict its own, and takes those in their place (§5.3). */
  #turn(group: GroupId): GroupWrite {
    const held = this.model.recover(group)
    const lastIndex = held?.lastIndex ?? 0
    const hardState = this.#hardState(held?.hardState.currentTerm ?? 0)
    const term = hardState?.currentTerm ?? held?.hardState.currentTerm ?? 1
    const truncateAfter = this.#random.happens(0.2) ? this.#random.below(lastIndex + 1) : undefined
    const last = truncateAfter ?? lastIndex
    const count = this.#random.below(6) + (truncateAfter === undefined ? 0 : 1)
    return groupWrite(group, { hardState, truncateAfter, entries: this.#entries(last, count, term) })
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
