import type {
  Entry,
  GroupId,
  GroupWrite,
  Index,
  SnapshotHead,
  Store,
  StoreFailure,
  StoredSnapshot,
} from '@quorate/core'
import { Callbacks, type Expected } from '../callbacks.ts'
import { ContractBrokenError } from '../contractBrokenError.ts'
import { assertSame } from '../difference.ts'
import { Waiting, type Patience } from '../patience.ts'
import { sampleState } from './sampleSnapshot.ts'
import { DraftBench, ReaderBench } from './snapshotBench.ts'
import type { StoreModel } from './storeModel.ts'

/** Where a store can be opened: a folder, a piece of memory. */
export interface StorePlace {
  /** Opens the store of this place. It is blank at first; what was opened here before has been closed by then. */
  open(): Promise<Store>
  /** Clears up. Called once, after the last store that was opened here was closed. */
  remove?(): Promise<void>
}

/** What a contract needs to put stores to the test. */
export interface StoreHarness extends Patience {
  /** A place of its own for each call, with nothing in it. */
  place(): Promise<StorePlace>
  /** Whether a store that is opened again holds what it held. True unless given; without it nothing is opened twice. */
  readonly isLasting?: boolean
  /**
   * Whether a store object goes on after its close, for whoever takes it over within the process. Unless given, what is
   * asked of a closed store must fail.
   */
  readonly servesAfterClose?: boolean
}

/** Promises by their titles, and how to put each to the test. */
export type StoreTests = Readonly<Record<string, (bench: StoreBench) => Promise<void>>>

type Failed = readonly [failure: StoreFailure | undefined]
type WasRead = readonly [failure: StoreFailure | undefined, entries: readonly Entry[]]

const ALL_BYTES = 1e9

/** A store in a place of its own, as the cases of a contract deal with it. */
export class StoreBench {
  readonly callbacks: Callbacks
  readonly waiting: Waiting
  readonly harness: StoreHarness
  readonly #place: StorePlace
  #store: Store
  #isClosed = false
  #calls = 0

  private constructor(harness: StoreHarness, place: StorePlace, store: Store) {
    this.harness = harness
    this.waiting = new Waiting(harness)
    this.callbacks = new Callbacks(this.waiting)
    this.#place = place
    this.#store = store
  }

  static async open(harness: StoreHarness): Promise<StoreBench> {
    const place = await harness.place()
    return new StoreBench(harness, place, await place.open())
  }

  get store(): Store {
    return this.#store
  }

  /** Hands a batch over, and does not wait. */
  beginWrite(batch: readonly GroupWrite[], then?: () => void): Expected<Failed> {
    const expected = this.callbacks.expect<Failed>(`write ${++this.#calls}`, then)
    this.callbacks.during(expected.name, () => this.#store.write(batch, (failure) => expected.callback(failure)))
    return expected
  }

  /** Asks for entries, and does not wait. */
  beginRead(group: GroupId, after: Index, upTo: Index, maxBytes = ALL_BYTES): Expected<WasRead> {
    const name = `read ${++this.#calls} (of ${group}, after ${after} up to ${upTo}, at most ${maxBytes} bytes)`
    const expected = this.callbacks.expect<WasRead>(name)
    this.callbacks.during(name, () =>
      this.#store.read(group, { after, upTo, maxBytes }, (failure, entries) => expected.callback(failure, entries)),
    )
    return expected
  }

  /** Closes, and does not wait. */
  beginClose(): Expected<Failed> {
    this.#isClosed = true
    const expected = this.callbacks.expect<Failed>('close')
    this.callbacks.during('close', () => this.#store.close((failure) => expected.callback(failure)))
    return expected
  }

  /** @throws ContractBrokenError when the write fails. */
  async write(...batch: GroupWrite[]): Promise<void> {
    await this.succeeded(this.beginWrite(batch))
  }

  /** @throws ContractBrokenError when the read fails. */
  async read(group: GroupId, after: Index, upTo: Index, maxBytes = ALL_BYTES): Promise<readonly Entry[]> {
    return this.entriesOf(this.beginRead(group, after, upTo, maxBytes))
  }

  async entriesOf(expected: Expected<WasRead>): Promise<readonly Entry[]> {
    const [failure, entries] = await this.callbacks.valuesOf(expected)
    if (failure !== undefined)
      throw new ContractBrokenError(`${expected.name} failed, on a store that is well: ${failure.error.message}`)
    return entries
  }

  async succeeded(expected: Expected<Failed>): Promise<void> {
    const [failure] = await this.callbacks.valuesOf(expected)
    if (failure !== undefined)
      throw new ContractBrokenError(`${expected.name} failed, on a store that is well: ${failure.error.message}`)
  }

  beginSnapshot(group: GroupId, head: SnapshotHead): DraftBench {
    const what = `snapshot ${++this.#calls} (of ${group}, up to entry ${head.lastIncluded.index})`
    let draft: DraftBench | undefined
    this.callbacks.during(what, () => {
      draft = new DraftBench(this.callbacks, what, this.#store.beginSnapshot(group, head))
    })
    return draft as DraftBench
  }

  /** Writes a snapshot of samples, in two pieces of different size. @throws ContractBrokenError when that fails. */
  async storeSnapshot(group: GroupId, head: SnapshotHead, sizeBytes: number): Promise<StoredSnapshot> {
    const draft = this.beginSnapshot(group, head)
    const state = sampleState(head.lastIncluded, sizeBytes)
    const cut = Math.ceil(sizeBytes / 3)
    for (const piece of [state.subarray(0, cut), state.subarray(cut)]) if (piece.length > 0) await draft.write(piece)
    return draft.finish()
  }

  openSnapshot(group: GroupId): ReaderBench {
    const what = `the snapshot of ${group} that was opened as ${++this.#calls}`
    let reader: ReaderBench | undefined
    this.callbacks.during(`opening ${what}`, () => {
      reader = new ReaderBench(this.callbacks, what, this.#store.openSnapshot(group))
    })
    return reader as ReaderBench
  }

  /** All bytes of the group's snapshot. @throws ContractBrokenError when a read fails. */
  async readSnapshot(group: GroupId): Promise<Uint8Array> {
    const reader = this.openSnapshot(group)
    const bytes = await reader.readAll()
    reader.close()
    return bytes
  }

  /** Closes the store, and opens it again. */
  async reopen(): Promise<void> {
    if (!this.#isClosed) await this.succeeded(this.beginClose())
    this.#store = await this.#place.open()
    this.#isClosed = false
  }

  /** @throws ContractBrokenError when the store tells anything else of its groups than the model does. */
  assertRecovers(model: StoreModel): void {
    assertSame('groups', model.groups, [...this.#store.groups].sort())
    for (const group of model.groups) {
      assertSame(`what is recovered of ${group}`, model.recover(group), this.#store.recover(group))
    }
  }

  /** @throws ContractBrokenError when the store holds anything else than the model does. */
  async assertHolds(model: StoreModel): Promise<void> {
    this.assertRecovers(model)
    for (const group of model.groups) {
      const { snapshot, logStartsAfter, lastIndex = 0 } = model.recover(group) ?? {}
      const [entries, after] = [model.entries(group), logStartsAfter?.index ?? 0]
      if (entries.length > 0) assertSame(`the log of ${group}`, entries, await this.read(group, after, lastIndex))
      if (snapshot === undefined) continue
      const state = sampleState(snapshot.lastIncluded, snapshot.sizeBytes)
      assertSame(`the snapshot of ${group}`, state, await this.readSnapshot(group))
    }
  }

  /** Whatever was expected has come, once. */
  finish(): Promise<void> {
    return this.callbacks.finish()
  }

  /** Lets go of store and place, whatever state they are in. */
  async dispose(): Promise<void> {
    if (!this.#isClosed) {
      let isDone = false
      this.#store.close(() => {
        isDone = true
      })
      // A store that is broken enough never says so; the case has told what is wrong with it.
      await this.waiting
        .until(
          () => isDone,
          () => 'close never called back',
        )
        .catch(() => {})
    }
    await this.#place.remove?.()
  }
}
