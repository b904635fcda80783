import type { Breakage } from './caught.ts'
import { loopClock } from './loopClock.ts'
import { altered, type StoreChange } from './soundStore.ts'
import { type WriteDone, callingBack } from './storeChanges.ts'

const WRITE_ORDER = 'calls back each write once, in a later turn, in the order of the calls'
const READ_ORDER = 'calls back each read once, in a later turn, in the order of the calls'
const RECOVERED = 'recovers hard state, last index, term starts, last time and configurations'

/** How callbacks of stores go wrong. */
export const brokenStoreCallbacks: readonly Breakage<StoreChange>[] = [
  [
    'drops a callback',
    callingBack((done, failure, count) => count !== 7 && done(failure)),
    WRITE_ORDER,
    /never called back/,
  ],
  [
    'calls back twice',
    callingBack((done, failure, count) => {
      done(failure)
      if (count === 7) done(failure)
    }),
    WRITE_ORDER,
    /called back 2 times/,
  ],
  [
    'calls back twice, the second time much later',
    callingBack((done, failure, count) => {
      done(failure)
      if (count === 60) setTimeout(() => done(failure), 2)
    }),
    WRITE_ORDER,
    /called back 2 times/,
  ],
  [
    'calls back from within the call',
    (store) => altered(store, { write: (batch, done) => store.write(batch, () => {}) ?? done(undefined) }),
    WRITE_ORDER,
    /from within a call/,
  ],
  [
    'calls back in pairs turned round',
    (store) => {
      const held: WriteDone[] = []
      const turned = callingBack((done, failure, count) => {
        if (count % 2 === 1) held.push(done)
        else for (const late of [done, ...held.splice(0)]) late(failure)
      })
      return turned(store, 1)
    },
    WRITE_ORDER,
    /the order of the callbacks\[0\] is "write 2"/,
  ],
  [
    'answers a small read before a large one',
    (store) =>
      altered(store, {
        read: (group, range, done) =>
          store.read(group, range, (failure, entries) => {
            if (entries.length < 10) done(failure, entries)
            else loopClock.soon(() => done(failure, entries))
          }),
      }),
    READ_ORDER,
    /the order of the callbacks/,
  ],
  [
    'answers an empty read from within the call',
    (store) =>
      altered(store, {
        read: (group, range, done) => {
          if (range.after === range.upTo) done(undefined, [])
          else store.read(group, range, done)
        },
      }),
    'reads nothing of a range that is empty',
    /from within a call/,
  ],
  [
    'fails though it is well',
    callingBack((done) => done({ error: new Error('no space left') })),
    RECOVERED,
    /failed, on a store that is well: no space left/,
  ],
  [
    'takes no writes from within a callback',
    (store) => {
      let isCallingBack = false
      return altered(store, {
        write: (batch, done) => {
          if (isCallingBack) return
          store.write(batch, (failure) => {
            isCallingBack = true
            done(failure)
            isCallingBack = false
          })
        },
      })
    },
    'takes a write from within a callback, behind those that wait',
    /write 3 never called back/,
  ],
]
