import type { Entry, GroupWrite, RecoveredGroup, Store, StoreFailure } from '@quorate/core'
import { altered, type StoreChange } from './soundStore.ts'

export type WriteDone = (failure: StoreFailure | undefined) => void

/** A store whose writes are other ones than those it was given. */
export function writing(change: (write: GroupWrite, store: Store) => GroupWrite[]): StoreChange {
  return (store) =>
    altered(store, {
      write: (batch, done) =>
        store.write(
          batch.flatMap((write) => change(write, store)),
          done,
        ),
    })
}

/** A store whose writes call back in another way. */
export function callingBack(
  call: (done: WriteDone, failure: StoreFailure | undefined, count: number) => void,
): StoreChange {
  return (store) => {
    let count = 0
    return altered(store, {
      write: (batch, done) => store.write(batch, (failure) => call(done, failure, ++count)),
    })
  }
}

/** A store that recovers something else. */
export function recovering(change: (recovered: RecoveredGroup) => Partial<RecoveredGroup>): StoreChange {
  return (store) =>
    altered(store, {
      recover: (group) => {
        const recovered = store.recover(group)
        return recovered && { ...recovered, ...change(recovered) }
      },
    })
}

/** A store that reads something else. */
export function reading(change: (entries: readonly Entry[]) => readonly Entry[]): StoreChange {
  return (store) =>
    altered(store, {
      read: (group, range, done) => store.read(group, range, (failure, entries) => done(failure, change(entries))),
    })
}

/** A store that reads another range than the one it is asked for. */
export function readingRange(
  change: (range: { after: number; upTo: number; maxBytes: number }) => object,
): StoreChange {
  return (store) =>
    altered(store, { read: (group, range, done) => store.read(group, { ...range, ...change(range) }, done) })
}
