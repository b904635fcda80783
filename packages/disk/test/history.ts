import type { Entry, GroupWrite, LogPosition, SnapshotWrite } from '@quorate/core'
import type { SimRandom } from '@quorate/sim'
import type { DiskStore } from '../src/index.ts'
import { Model } from './model.ts'
import { change, command, configuration, headAt, storeSnapshot } from './storeCalls.ts'

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
    const batch = this.#someGroups().map((group) => this.#turn(group, undefined))
    this.model.write(batch)
    return batch
  }

  /** The next batch, of which some writes name snapshots that `store` was given before. */
  async nextWithSnapshots(store: DiskStore): Promise<GroupWrite[]> {
    const batch: GroupWrite[] = []
    for (const group of this.#someGroups()) {
      const snapshot = this.#random.below(3) === 0 ? await this.#snapshot(store, group) : undefined
      batch.push(this.#turn(group, snapshot))
    }
    this.model.write(batch)
    return batch
  }

  #someGroups(): string[] {
    const groups = this.#groups.filter(() => this.#random.below(this.#groups.length) === 0)
    return groups.length === 0 ? this.#someGroups() : groups
  }

  #turn(group: string, snapshot: SnapshotWrite | undefined): GroupWrite {
    const term = this.model.currentTerm(group)
    const isNewTerm = term === 0 || this.#random.below(4) === 0
    const currentTerm = isNewTerm ? term + 1 + this.#random.below(2) : term
    const votes = [undefined, 'n1', 'n2', 'a-rather-long-name-of-a-server']
    const hardState = isNewTerm ? { currentTerm, votedFor: votes[this.#random.below(votes.length)] } : undefined
    const lastIndex = this.model.lastIndex(group)
    // What a snapshot stands for is not truncated.
    const lowest = Math.max(this.model.startOf(group).lastIncluded.index, this.#lastKept(group, snapshot))
    const truncateAfter = this.#random.below(5) === 0 ? lowest + this.#random.below(lastIndex - lowest + 1) : undefined
    const first = Math.max(truncateAfter ?? lastIndex, snapshot?.logStartsAfter.index ?? 0) + 1
    const entries = Array.from({ length: this.#random.below(4) }, (_, place) => this.#entry(first + place, currentTerm))
    return change(group, { hardState, truncateAfter, snapshot, entries })
  }

  /** A snapshot that a server takes of its log leaves it as it is up to there; any other one is of another log. */
  #lastKept(group: string, snapshot: SnapshotWrite | undefined): number {
    const index = snapshot?.snapshot.description.lastIncluded.index ?? 0
    return index > this.model.lastIndex(group) ? 0 : index
  }

  /** Of what the group has, with some entries kept, or of more than it has. */
  async #snapshot(store: DiskStore, group: string): Promise<SnapshotWrite> {
    const { lastIncluded, logStartsAfter } = this.model.startOf(group)
    const lastIndex = this.model.lastIndex(group)
    const lowest = lastIncluded.index + 1
    let included: LogPosition = { index: Math.max(lowest, lastIndex + 1 + this.#random.below(5)), term: 1 }
    let start = included
    if (lowest <= lastIndex && this.#random.below(4) > 0) {
      included = this.model.positionAt(group, lowest + this.#random.below(lastIndex - lowest + 1))
      const kept = this.#random.below(2) * this.#random.below(included.index - logStartsAfter.index + 1)
      start = this.model.positionAt(group, included.index - kept)
    }
    const state = this.#random.bytes([0, 5, 700][this.#random.below(3)] ?? 0)
    const snapshot = await storeSnapshot(store, group, headAt(included.index, included.term), state)
    this.model.noteState(snapshot.description, state)
    return { snapshot, logStartsAfter: start }
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
