import type { SnapshotDraft, SnapshotReader, SnapshotWrite } from '@quorate/core'
import { groupWrite } from '../../src/contracts/store/groupWrite.ts'
import type { Breakage } from './caught.ts'
import { loopClock } from './loopClock.ts'
import { altered, alteredDraft, alteredReader, type StoreChange } from './soundStore.ts'
import { recovering, writing } from './storeChanges.ts'

const DESCRIBED = 'describes a snapshot by its head, its size and its checksum'
const BYTES = 'gives back the bytes of a snapshot, from anywhere, at most maxBytes and at least one'
const OWNED = "keeps a copy of the pieces it is given, and gives out pieces that are the caller's"
const PLACES = 'puts a snapshot in the place of the middle of a log, of its end, and of more than there is'
const PARTS = 'sets hard state, truncates, takes a snapshot and appends in one write, in this order'
const SIDE_BY_SIDE = 'takes snapshots of several groups side by side, to each its own'
const PINNED = 'keeps a snapshot readable that is open, though another takes its place'
const UNFLUSHED = 'opens a snapshot whose write is not flushed yet'
const NAMED = 'keeps a snapshot that is discarded when a write has named it'
const REOPENED = 'holds, opened again, the snapshot, and the log that begins behind it'
const CLOSED = 'answers what is asked of snapshots after its close with a failure'

/** A store that writes snapshots in another way. */
function drafting(change: (draft: SnapshotDraft) => Partial<SnapshotDraft>): StoreChange {
  return (store) =>
    altered(store, {
      beginSnapshot: (group, head) => {
        const draft = store.beginSnapshot(group, head)
        return alteredDraft(draft, change(draft))
      },
    })
}

/** A store that reads snapshots in another way. */
function readingSnapshots(change: (reader: SnapshotReader) => Partial<SnapshotReader>): StoreChange {
  return (store) =>
    altered(store, {
      openSnapshot: (group) => {
        const reader = store.openSnapshot(group)
        return alteredReader(reader, change(reader))
      },
    })
}

/** A store that takes other snapshots than those it was given. */
function adopting(change: (snapshot: SnapshotWrite) => SnapshotWrite | undefined): StoreChange {
  return writing((write) => [{ ...write, snapshot: write.snapshot && change(write.snapshot) }])
}

/** How snapshots go wrong, and the logs that begin behind them. */
export const brokenSnapshots: readonly Breakage<StoreChange>[] = [
  [
    'describes all snapshots by the same checksum',
    drafting((draft) => ({
      finish: (done) =>
        draft.finish((failure, stored) => {
          done(failure, stored && { ...stored, description: { ...stored.description, checksum: 1 } })
        }),
    })),
    DESCRIBED,
    /checksum is 1, not 0/,
  ],
  [
    'takes a piece from within the call',
    drafting((draft) => ({
      write: (bytes, done) => {
        draft.write(bytes, () => {})
        done(undefined)
      },
    })),
    DESCRIBED,
    /from within a call/,
  ],
  [
    'gives more than maxBytes',
    readingSnapshots((reader) => ({ read: (offset, maxBytes, done) => reader.read(offset, maxBytes + 1, done) })),
    BYTES,
    /with maxBytes 1, of 600000 2 bytes came/,
  ],
  [
    'gives nothing where less than a block is asked for',
    readingSnapshots((reader) => ({
      read: (offset, maxBytes, done) => reader.read(offset, maxBytes < 1_000 ? 0 : maxBytes, done),
    })),
    BYTES,
    /with maxBytes 1, of 1 0 bytes came/,
  ],
  [
    'reads from the beginning of a block',
    readingSnapshots((reader) => ({
      read: (offset, maxBytes, done) => reader.read(offset - (offset % 512), maxBytes, done),
    })),
    BYTES,
    /from byte 1 with maxBytes 1000, of 1 has 1 bytes, not 0/,
  ],
  [
    'reads zeros behind the end',
    readingSnapshots((reader) => ({
      read: (offset, maxBytes, done) =>
        reader.read(offset, maxBytes, (failure, bytes) => done(failure, bytes.length > 0 ? bytes : new Uint8Array(1))),
    })),
    BYTES,
    /has 1 bytes, not 0/,
  ],
  [
    'goes on using the pieces it was given',
    drafting((draft) => {
      const pieces: Uint8Array[] = []
      return {
        write: (bytes, done) => {
          pieces.push(bytes)
          loopClock.soon(() => done(undefined))
        },
        finish: (done) => {
          for (const piece of pieces) draft.write(piece, () => {})
          draft.finish(done)
        },
      }
    }),
    OWNED,
    /whose piece was used again has 0 as byte 0/,
  ],
  [
    'gives out the bytes that it keeps',
    readingSnapshots((reader) => {
      const kept = new Map<number, Uint8Array>()
      return {
        read: (offset, maxBytes, done) =>
          reader.read(offset, maxBytes, (failure, bytes) => {
            kept.set(offset, kept.get(offset) ?? bytes)
            done(failure, kept.get(offset) ?? bytes)
          }),
      }
    }),
    OWNED,
    /read once more has 0 as byte 0/,
  ],
  ['takes no snapshots', adopting(() => undefined), PLACES, /snapshot is undefined/],
  [
    'keeps no entries before a snapshot',
    adopting(({ snapshot }) => ({ snapshot, logStartsAfter: snapshot.description.lastIncluded })),
    PLACES,
    /logStartsAfter\.index is 4, not 0/,
  ],
  [
    'tells of configurations that are gone',
    (store) => {
      let first: readonly object[] = []
      return recovering(({ configurations }) => {
        if (first.length === 0) first = configurations
        return { configurations: [...configurations, ...first.slice(configurations.length)] as never }
      })(store, 1)
    },
    PLACES,
    /configurations has 2 elements, not 1/,
  ],
  [
    'takes the time of an empty log for none',
    recovering(({ lastTime, termStarts }) => ({ lastTime: termStarts.length === 0 ? 0 : lastTime })),
    PLACES,
    /lastTime is 0, not/,
  ],
  [
    'takes a snapshot behind the entries that come with it',
    (store) =>
      altered(store, {
        write: (batch, done) => {
          const snapshots = batch.flatMap(({ group, snapshot }) => (snapshot ? [groupWrite(group, { snapshot })] : []))
          store.write(
            batch.map((write) => ({ ...write, snapshot: undefined })),
            () => {},
          )
          store.write(snapshots, done)
        },
      }),
    PARTS,
    /what is recovered of orders/,
  ],
  [
    'takes the first snapshot of a batch alone',
    (store) =>
      altered(store, {
        write: (batch, done) =>
          store.write(
            batch.map((write, place) => (place === 0 ? write : { ...write, snapshot: undefined })),
            done,
          ),
      }),
    SIDE_BY_SIDE,
    /what is recovered of stock/,
  ],
  [
    'reads from the first entry on that is there',
    (store) =>
      altered(store, {
        read: (group, range, done) => {
          const { index } = store.recover(group)?.logStartsAfter ?? { index: 0 }
          store.read(group, { ...range, after: Math.max(range.after, index) }, done)
        },
      }),
    'reads no entries whose first is gone',
    /from what is gone on has 5 elements, not 0/,
  ],
  [
    'reads the latest snapshot, whichever is open',
    (store) =>
      altered(store, {
        openSnapshot: (group) =>
          alteredReader(store.openSnapshot(group), {
            read: (offset, maxBytes, done) => store.openSnapshot(group).read(offset, maxBytes, done),
          }),
      }),
    PINNED,
    /at byte 0 of 600000 1000 bytes came|another has taken the place of|at byte \d+ of 600000 0 bytes came/,
  ],
  [
    'knows a snapshot only once its write is flushed',
    (store) => {
      const flushed = new Set<string>()
      return altered(store, {
        write: (batch, done) =>
          store.write(batch, (failure) => {
            for (const { group, snapshot } of batch) if (snapshot !== undefined) flushed.add(group)
            done(failure)
          }),
        openSnapshot: (group) => {
          if (!flushed.has(group)) throw new Error('there is no snapshot')
          return store.openSnapshot(group)
        },
      })
    },
    UNFLUSHED,
    /opening the snapshot of orders .* threw Error: there is no snapshot/,
  ],
  [
    'drops whatever is discarded',
    (store) => {
      const dropped = new Set<number>()
      return altered(store, {
        beginSnapshot: (group, head) => {
          const draft = store.beginSnapshot(group, head)
          return alteredDraft(draft, {
            discard: () => {
              dropped.add(head.lastIncluded.index)
              draft.discard()
            },
          })
        },
        openSnapshot: (group) => {
          const reader = store.openSnapshot(group)
          if (!dropped.has(reader.description.lastIncluded.index)) return reader
          return alteredReader(reader, {
            read: (_, __, done) => loopClock.soon(() => done(undefined, new Uint8Array())),
          })
        },
      })
    },
    NAMED,
    /at byte 0 of 1000 0 bytes came/,
  ],
  [
    'never ends what is discarded under way',
    drafting((draft) => {
      let isDiscarded = false
      return {
        write: (bytes, done) => draft.write(bytes, (failure) => (isDiscarded ? undefined : done(failure))),
        discard: () => {
          isDiscarded = true
          draft.discard()
        },
      }
    }),
    'goes on when snapshots are discarded, also while a call of theirs is under way',
    /the write of 600000 bytes to snapshot .* never called back/,
  ],
  [
    'holds no snapshot when it is opened again',
    (store, opened) => (opened > 1 ? recovering(() => ({ snapshot: undefined }))(store, opened) : store),
    REOPENED,
    /snapshot is undefined/,
  ],
  [
    'takes a snapshot that was finished for the latest when it is opened again',
    (store, opened) => {
      const finished = opened === 1 ? undefined : store.recover('orders')?.snapshot
      const index = (finished?.lastIncluded.index ?? 0) + 1
      const later = finished && { ...finished, lastIncluded: { ...finished.lastIncluded, index } }
      return recovering(({ snapshot }) => ({ snapshot: snapshot && (later ?? snapshot) }))(store, opened)
    },
    'forgets, opened again, a snapshot that no write has named',
    /lastIncluded\.index is 7, not 6/,
  ],
  [
    'writes snapshots when it is closed',
    (store) => altered(store, { close: (done) => loopClock.soon(() => done(undefined)) }),
    CLOSED,
    /succeeded, of a store that was closed/,
  ],
]
