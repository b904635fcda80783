import { MemoryStore, type SnapshotDraft, type SnapshotReader, type Store, type StoreFailure } from '@quorate/core'
import { SimRandom } from '../../src/random.ts'
import type { StoreHarness } from '../../src/contracts/index.ts'
import { BRIEF } from './caught.ts'
import { loopClock } from './loopClock.ts'

/** Makes something else of a sound store. `opened` counts how often the place was opened. */
export type StoreChange = (store: Store, opened: number) => Store

const random = new SimRandom(1)

/** Places of sound stores, all changed by `change`. What a place holds lasts as long as the place. */
export function storesLike(change: StoreChange = (store) => store): StoreHarness {
  return {
    ...BRIEF,
    place: async () => {
      const memory = new MemoryStore({ clock: loopClock, random })
      let opened = 0
      return { open: async () => change(soundStore(memory), ++opened) }
    },
  }
}

/** `store` with some of its methods replaced. */
export function altered(store: Store, changes: Partial<Store>): Store {
  return {
    get identity() {
      return store.identity
    },
    get groups() {
      return store.groups
    },
    recover: (group) => store.recover(group),
    write: (batch, done) => store.write(batch, done),
    read: (group, range, done) => store.read(group, range, done),
    beginSnapshot: (group, head) => store.beginSnapshot(group, head),
    openSnapshot: (group) => store.openSnapshot(group),
    close: (done) => store.close(done),
    ...changes,
  }
}

/** `draft` with some of its methods replaced. */
export function alteredDraft(draft: SnapshotDraft, changes: Partial<SnapshotDraft>): SnapshotDraft {
  return {
    write: (bytes, done) => draft.write(bytes, done),
    finish: (done) => draft.finish(done),
    discard: () => draft.discard(),
    ...changes,
  }
}

/** `reader` with some of its methods replaced. */
export function alteredReader(reader: SnapshotReader, changes: Partial<SnapshotReader>): SnapshotReader {
  return {
    description: reader.description,
    read: (offset, maxBytes, done) => reader.read(offset, maxBytes, done),
    close: () => reader.close(),
    ...changes,
  }
}

/** Keeps what `memory` keeps, and all that the port promises. */
function soundStore(memory: MemoryStore): Store {
  let closed: StoreFailure | undefined
  return altered(memory, {
    write: (batch, done) => {
      if (closed !== undefined) return loopClock.soon(() => done(closed))
      const writes = batch.map((write) => {
        const isBehindEnd = (write.truncateAfter ?? 0) > (memory.recover(write.group)?.lastIndex ?? 0)
        return isBehindEnd ? { ...write, truncateAfter: undefined } : write
      })
      memory.write(writes, done)
    },
    read: (group, range, done) => {
      if (closed !== undefined) loopClock.soon(() => done(closed, []))
      else memory.read(group, range, done)
    },
    beginSnapshot: (group, head) => {
      const draft = memory.beginSnapshot(group, head)
      return alteredDraft(draft, {
        write: (bytes, done) => {
          if (closed !== undefined) loopClock.soon(() => done(closed))
          else draft.write(bytes, done)
        },
      })
    },
    openSnapshot: (group) => {
      const reader = memory.openSnapshot(group)
      return alteredReader(reader, {
        read: (offset, maxBytes, done) => {
          if (closed !== undefined) loopClock.soon(() => done(closed, new Uint8Array()))
          else reader.read(offset, maxBytes, (failure, bytes) => done(failure, bytes.slice()))
        },
      })
    },
    close: (done) => {
      closed = { error: new Error('the store is closed') }
      memory.close(done)
    },
  })
}
