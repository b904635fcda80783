import type { GroupWrite } from '@quorate/core'
import { type DiskJournal, SimDisk, SimRandom } from '@quorate/sim'
import { type DiskStore, openDiskStore } from '../src/index.ts'
import { attached } from './attached.ts'
import { History } from './history.ts'
import { close } from './storeCalls.ts'

export const FOLDER = '/store'
export const SEGMENT_BYTES = 4096

/** What was done to a disk, and what could have been known at each of its operations. */
export class RecordedHistory {
  readonly disk = new SimDisk({ keepsWholeJournal: true })
  /** What the store held after so many batches. */
  readonly #states: string[] = []
  /** After how many operations each batch was reported as flushed. */
  readonly #flushedAt: number[] = []
  /** Before which operation each batch was handed in. */
  readonly #handedInAt: number[] = []

  static async of(seed: number, batches: number, withSnapshots = false): Promise<RecordedHistory> {
    const recorded = new RecordedHistory()
    await recorded.#record(seed, batches, withSnapshots)
    return recorded
  }

  get journal(): DiskJournal {
    return this.disk.journal
  }

  /** What a store may hold after a crash behind the first `count` operations: what was flushed, or was on its way. */
  statesAfter(count: number): string[] {
    const flushed = this.#flushedAt.filter((at) => at <= count).length
    const handedIn = this.#handedInAt.filter((at) => at <= count).length
    return this.#states.slice(flushed, handedIn + 1)
  }

  async #record(seed: number, batches: number, withSnapshots: boolean): Promise<void> {
    const random = new SimRandom(seed)
    const history = new History(random, ['a', 'b'])
    this.#states.push(history.model.contents())
    const open = () =>
      openDiskStore({ folder: FOLDER, files: attached(this.disk), segmentBytes: SEGMENT_BYTES, random })
    let store = await open()
    for (let step = 0; step < batches; step += 1) {
      const batch = withSnapshots ? await history.nextWithSnapshots(store) : history.next()
      const written = this.#write(store, batch)
      this.#states.push(history.model.contents())
      // Two batches at a time now and then, which makes two frames of one or of two.
      if (step % 3 > 0) await written
      if (step % 7 !== 6) continue
      await close(store)
      store = await open()
    }
    await close(store)
  }

  #write(store: DiskStore, batch: GroupWrite[]): Promise<void> {
    const { operations } = this.journal
    this.#handedInAt.push(operations.length)
    return new Promise((resolve, reject) =>
      store.write(batch, (failure) => {
        if (failure !== undefined) return reject(failure.error)
        this.#flushedAt.push(operations.length)
        resolve()
      }),
    )
  }
}
