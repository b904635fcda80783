import { toError } from '../errors.ts'
import type { GroupId } from '../identifiers.ts'
import type { Clock, GroupWrite, Store, StoreFailure } from '../ports.ts'

export type WriteDone = (failure: StoreFailure | undefined) => void

/**
 * A node's way to its store. It knows which groups have a write under way, since a server must not start from what is
 * not flushed yet; and it keeps the first failure, since nothing that the store says after one can be trusted.
 */
export class Writes {
  readonly #store: Store
  readonly #clock: Clock
  readonly #underWay = new Map<GroupId, number>()
  #awaited: { readonly group: GroupId; readonly callback: () => void }[] = []
  #failure: StoreFailure | undefined

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Final: the store is not written to any more, nor asked what it holds. */
  get failure(): StoreFailure | undefined {
    return this.#failure
  }

  isQuiet(group: GroupId): boolean {
    return !this.#underWay.has(group)
  }

  /** Calls back, in a later turn, once no write of the group is under way. */
  whenQuiet(group: GroupId, callback: () => void): void {
    if (!this.isQuiet(group)) this.#awaited.push({ group, callback })
    else {
      this.#clock.soon(() => {
        // Another write may have begun by then.
        if (this.isQuiet(group)) callback()
        else this.#awaited.push({ group, callback })
      })
    }
  }

  /** A write of the group counts as under way from the moment it is taken from the server. */
  begin(group: GroupId): void {
    this.#underWay.set(group, (this.#underWay.get(group) ?? 0) + 1)
  }

  /** Hands over writes that were begun. `done` is called once, in a later turn. */
  handOver(batch: readonly GroupWrite[], done: WriteDone): void {
    const finish: WriteDone = (failure) => {
      if (failure !== undefined) this.#failure ??= failure
      for (const { group } of batch) this.#end(group)
      done(failure)
    }
    if (this.#failure !== undefined) {
      this.#clock.soon(() => finish(this.#failure))
      return
    }
    try {
      this.#store.write(batch, finish)
    } catch (error) {
      this.#clock.soon(() => finish({ error: toError(error) }))
    }
  }

  #end(group: GroupId): void {
    const left = (this.#underWay.get(group) ?? 1) - 1
    if (left > 0) {
      this.#underWay.set(group, left)
      return
    }
    this.#underWay.delete(group)
    const awaited = this.#awaited.filter((one) => one.group === group)
    if (awaited.length === 0) return
    this.#awaited = this.#awaited.filter((one) => one.group !== group)
    for (const { callback } of awaited) this.whenQuiet(group, callback)
  }
}
