import { LOG_START, type ConfigurationEntry } from '@quorate/core'
import { groupWrite } from '../../src/contracts/store/groupWrite.ts'
import type { Breakage } from './caught.ts'
import { loopClock } from './loopClock.ts'
import { altered, type StoreChange } from './soundStore.ts'
import { callingBack, recovering } from './storeChanges.ts'

const RECOVERED = 'recovers hard state, last index, term starts, last time and configurations'
const REOPENED = 'holds, opened again, exactly what was written'

/** How a store goes wrong that is opened or closed. */
export const brokenStoreLives: readonly Breakage<StoreChange>[] = [
  [
    'loses the last entry when it is opened again',
    (store, opened) => {
      const cut = store.groups.flatMap((group) => {
        const { lastIndex } = store.recover(group) ?? { lastIndex: 0 }
        return lastIndex > 0 ? [groupWrite(group, { truncateAfter: lastIndex - 1 })] : []
      })
      if (opened > 1) store.write(cut, () => {})
      return store
    },
    REOPENED,
    /lastIndex is 14, not 15/,
  ],
  [
    'has another identity when it is opened again',
    (store, opened) => altered(store, { identity: `${store.identity}-${opened}` }),
    'keeps its identity when it is opened again',
    /the identity of a store that was opened again is/,
  ],
  [
    'has the identity of all others',
    (store) => altered(store, { identity: '00000000-0000-4000-8000-000000000000' }),
    'has an identity that no other store has',
    /two stores that were made apart have the identity 0000/,
  ],
  [
    'drops at its close what waits',
    (store) => {
      let isClosed = false
      return altered(store, {
        write: (batch, done) => {
          setTimeout(() => (isClosed ? done(undefined) : store.write(batch, done)), 1)
        },
        close: (done) => {
          isClosed = true
          setTimeout(() => store.close(done), 4)
        },
      })
    },
    'flushes at its close what was handed in',
    /groups has 0 elements/,
  ],
  [
    'says that it is closed before it calls back what waits',
    callingBack((done, failure) => void setTimeout(() => done(failure), 3)),
    'calls back what was handed in before it says that it is closed',
    /the last callback is "write 20", not "close"/,
  ],
  [
    'takes writes in silence when it is closed',
    (store) => altered(store, { close: (done) => loopClock.soon(() => done(undefined)) }),
    'answers a write after its close with a failure',
    /was reported as flushed/,
  ],
  [
    'answers reads when it is closed',
    (store) => altered(store, { close: (done) => loopClock.soon(() => done(undefined)) }),
    'answers a read after its close with a failure',
    /answered with 3 entries, and no failure/,
  ],
  [
    'never says that it is closed',
    (store) => altered(store, { close: () => {} }),
    'closes when nothing was ever asked of it',
    /close never called back/,
  ],
  [
    'writes nothing any more when it is opened again',
    (store, opened) =>
      opened > 1 ? altered(store, { write: (_, done) => loopClock.soon(() => done(undefined)) }) : store,
    'goes on, opened again, behind what it holds',
    /what is recovered of orders\.hardState/,
  ],
  [
    'guesses the time when it is opened again',
    (store, opened) => (opened > 1 ? recovering(({ lastTime }) => ({ lastTime: lastTime + 1 }))(store, 1) : store),
    'recovers, opened again, the highest time that a truncation left',
    /the last time that is recovered is 1800000000021/,
  ],
]

/** How a store goes wrong that is asked what it holds. */
export const brokenRecoveries: readonly Breakage<StoreChange>[] = [
  [
    'recovers one entry too few',
    recovering(({ lastIndex }) => ({ lastIndex: lastIndex - 1 })),
    RECOVERED,
    /lastIndex is 14, not 15/,
  ],
  [
    'recovers the start of the last term alone',
    recovering(({ termStarts }) => ({ termStarts: termStarts.slice(-1) })),
    RECOVERED,
    /termStarts/,
  ],
  [
    'recovers the last configuration alone',
    recovering(({ configurations }) => ({ configurations: configurations.slice(-1) })),
    RECOVERED,
    /configurations/,
  ],
  [
    'recovers no vote',
    recovering(({ hardState }) => ({ hardState: { ...hardState, votedFor: undefined } })),
    RECOVERED,
    /votedFor/,
  ],
  ['recovers no time', recovering(() => ({ lastTime: 0 })), RECOVERED, /lastTime is 0/],
  [
    'recovers a time that the last entry is above',
    recovering(({ lastTime }) => ({ lastTime: lastTime - 31 })),
    'recovers behind a truncation a time that no entry is above',
    /behind a truncation is \d+, not 1800000000020 to 1800000000050/,
  ],
  [
    'recovers an empty group of whatever it is asked for',
    (store) =>
      altered(store, {
        recover: (group) =>
          store.recover(group) ?? {
            hardState: { currentTerm: 0, votedFor: undefined },
            snapshot: undefined,
            logStartsAfter: LOG_START,
            lastIndex: 0,
            termStarts: [],
            lastTime: 0,
            configurations: [],
          },
      }),
    'holds no group at first',
    /of a group that was never written is/,
  ],
  [
    'takes a group without entries for none',
    (store) =>
      altered(store, {
        recover: (group) => (store.recover(group)?.lastIndex === 0 ? undefined : store.recover(group)),
      }),
    'recovers of a group of which it was told the hard state alone an empty log',
    /what is recovered is undefined/,
  ],
  [
    'takes the term of the last entry for the current one',
    recovering(({ hardState, termStarts }) => {
      const { currentTerm } = hardState
      return { hardState: { ...hardState, currentTerm: Math.max(currentTerm, termStarts.at(-1)?.term ?? 0) } }
    }),
    'recovers term 0 and no vote of a group of which it was told entries alone',
    /currentTerm is 3, not 0/,
  ],
  [
    'lists the groups that stood in it when it was opened',
    (store) => altered(store, { groups: [...store.groups] }),
    'lists the groups that were written, and recovers nothing of others',
    /groups has 0 elements, not 2/,
  ],
  [
    'recovers configurations that were truncated',
    (store) => {
      const configurations: ConfigurationEntry[] = []
      return altered(store, {
        write: (batch, done) => {
          for (const entry of batch.flatMap(({ entries }) => entries)) {
            if (entry.kind === 'configuration') configurations.push(entry)
          }
          store.write(batch, done)
        },
        recover: (group) => {
          const recovered = store.recover(group)
          return recovered && { ...recovered, configurations: [...configurations] }
        },
      })
    },
    'forgets the configurations and term starts that a truncation takes away',
    /configurations has 2 elements, not 1/,
  ],
]
