import type { Breakage } from './caught.ts'
import { loopClock } from './loopClock.ts'
import { altered, type StoreChange } from './soundStore.ts'
import { writing } from './storeChanges.ts'

const PARTS = 'sets hard state, truncates and appends in one write, in this order'
const BATCH = 'writes in one batch what several groups changed, to each its own'

/** How writes go wrong. */
export const brokenStoreWrites: readonly Breakage<StoreChange>[] = [
  ['forgets truncations', writing((write) => [{ ...write, truncateAfter: undefined }]), PARTS, /lastIndex is 7, not 4/],
  [
    'truncates behind the new entries',
    (store) =>
      altered(store, {
        write: (batch, done) => {
          store.write(
            batch.map((write) => ({ ...write, truncateAfter: undefined })),
            () => {},
          )
          store.write(
            batch.map((write) => ({ ...write, hardState: undefined, entries: [] })),
            done,
          )
        },
      }),
    PARTS,
    /what is recovered of orders/,
  ],
  [
    'takes a truncation to nothing for none',
    writing((write) => [{ ...write, truncateAfter: write.truncateAfter || undefined }]),
    'truncates a whole log, and takes another in its place',
    /lastIndex is 6, not 2/,
  ],
  [
    'keeps the vote of a term that is over',
    writing((write, store) => {
      const votedFor = write.hardState?.votedFor ?? store.recover(write.group)?.hardState.votedFor
      return [write.hardState === undefined ? write : { ...write, hardState: { ...write.hardState, votedFor } }]
    }),
    'forgets the vote of a term that is over',
    /votedFor is "n1", not undefined/,
  ],
  [
    'resets the hard state where a write names none',
    writing((write) => [{ ...write, hardState: write.hardState ?? { currentTerm: 0, votedFor: undefined } }]),
    'leaves alone what a write does not name',
    /hardState/,
  ],
  [
    'writes the first group of a batch alone',
    (store) => altered(store, { write: (batch, done) => store.write(batch.slice(0, 1), done) }),
    BATCH,
    /groups has 2 elements, not 3/,
  ],
  [
    'gives a group what was written for another',
    (store) =>
      altered(store, {
        write: (batch, done) =>
          store.write(
            batch.map((write) => ({ ...write, group: batch.at(-1)?.group ?? write.group })),
            done,
          ),
      }),
    BATCH,
    /groups/,
  ],
  [
    'drops groups beyond 256',
    (store) => altered(store, { write: (batch, done) => store.write(batch.slice(0, 256), done) }),
    'takes a batch of many groups',
    /groups\[175\] is "group-26", not "group-256"/,
  ],
  [
    'says nothing of an empty batch',
    (store) => altered(store, { write: (batch, done) => (batch.length > 0 ? store.write(batch, done) : undefined) }),
    'takes a batch without groups',
    /never called back/,
  ],
  [
    'says that it has flushed, and writes later',
    (store) =>
      altered(store, {
        write: (batch, done) => {
          loopClock.soon(() => done(undefined))
          setTimeout(() => store.write(batch, () => {}), 3)
        },
      }),
    'has flushed a write when it calls back: the entries can be read from within the callback',
    /read from within the callbacks/,
  ],
  [
    'performs waiting writes with the last first',
    (store) => {
      const waiting: (() => void)[] = []
      return altered(store, {
        write: (batch, done) => {
          waiting.push(() => store.write(batch, done))
          loopClock.soon(() => waiting.pop()?.())
        },
      })
    },
    'performs writes that wait together in the order of the calls',
    /what is recovered of orders/,
  ],
  [
    'takes a truncation behind the end for one of everything',
    writing((write, store) => {
      const { lastIndex } = store.recover(write.group) ?? { lastIndex: 0 }
      return [(write.truncateAfter ?? 0) > lastIndex ? { ...write, truncateAfter: 0 } : write]
    }),
    'removes nothing by a truncation behind the end of the log',
    /what is recovered of orders/,
  ],
  ...[1, 2, 3].map(forgetfulOfVotes),
]

/** It takes a history to find this one. */
function forgetfulOfVotes(seed: number): Breakage<StoreChange> {
  const change: StoreChange = (store) => {
    let votes = 0
    return altered(store, {
      write: (batch, done) => {
        const isForgotten = batch.some(({ hardState }) => hardState !== undefined) && ++votes % 4 === 0
        store.write(isForgotten ? batch.map((write) => ({ ...write, hardState: undefined })) : batch, done)
      },
    })
  }
  const title = `equals a plain model after each of 80 random batches (seed ${seed})`
  return [`forgets a vote once in a while (seed ${seed})`, change, title, /hardState/]
}
