import type { Entry, GroupWrite } from '@quorate/core'
import type { SimRandom } from '@quorate/sim'
import { Model } from './model.ts'
import { change, command, configuration } from './storeCalls.ts'

/** Writes that a Raft server could make, one after the other. */
export class History {
  readonly model = new Model()
  readonly #random: SimRandom
  readonly #groups: readonly string[]

  constructor(random: SimRandom, groups: readonly string[]) {
    this.#random = random
    this.#groups = groups
  }

  /** The next batch, taken into the model. */
  next(): GroupWrite[] {
    const batch = this.#groups
      .filter(() => this.#random.below(this.#groups.length) === 0)
      .map((group) => this.#turn(group))
    if (batch.length === 0) return this.next()
    this.model.write(batch)
    return batch
  }

  #turn(group: string): GroupWrite {
    const term = this.model.currentTerm(group)
    const isNewTerm = term === 0 || this.#random.below(4) === 0
    const currentTerm = isNewTerm ? term + 1 + this.#random.below(2) : term
    const votes = [undefined, 'n1', 'n2', 'a-rather-long-name-of-a-server']
    const hardState = isNewTerm ? { currentTerm, votedFor: votes[this.#random.below(votes.length)] } : undefined
    const lastIndex = this.model.lastIndex(group)
    const truncateAfter = this.#random.below(5) === 0 ? this.#random.below(lastIndex + 1) : undefined
    const first = (truncateAfter ?? lastIndex) + 1
    const entries = Array.from({ length: this.#random.below(4) }, (_, place) => this.#entry(first + place, currentTerm))
    return change(group, { hardState, truncateAfter, entries })
  }

  #entry(index: number, term: number): Entry {
    const kind = this.#random.below(8)
    if (kind === 0) return configuration(index, term)
    if (kind === 1) return { index, term, time: index * 10, kind: 'no-op' }
    // Empty sectors, and sectors with little in them, look most like what a crash leaves.
    if (kind === 2) return command(index, term, new Uint8Array(this.#random.below(3000)))
    if (kind === 3) return command(index, term, new Uint8Array(2000).fill(3, 1100, 1101))
    return command(index, term, this.#random.bytes(kind === 4 ? 1900 : this.#random.below(300)))
  }
}
