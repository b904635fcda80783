import { type CrashFate, type DiskImage, SimDisk, type SimRandom } from '@quorate/sim'
import { openDiskStore } from '../src/index.ts'
import { checksum } from '../src/layout.ts'
import { attached } from './attached.ts'
import { type Closeness, formsAfter } from './crashForms.ts'
import { FOLDER, type RecordedHistory, SEGMENT_BYTES } from './recordedHistory.ts'
import { contentsOf } from './storeCalls.ts'
import type { Tally } from './tally.ts'

/** Opens what crashes leave, and counts. Two forms that leave the same are opened, and counted, once. */
export class CrashImages {
  readonly #recorded: RecordedHistory
  readonly #tally: Tally
  #seenAt = -1
  readonly #seen = new Set<string>()

  constructor(recorded: RecordedHistory, tally: Tally) {
    this.#recorded = recorded
    this.#tally = tally
  }

  /** Every form of crash, behind each of the operations. */
  async openAll(random: SimRandom, closeness: Closeness): Promise<void> {
    const { journal } = this.#recorded
    for (let count = 0; count <= journal.operations.length; count += 1) {
      for (const { form, what, fate } of formsAfter(journal, count, random, closeness)) {
        await this.#open(count, form, what, fate)
      }
    }
  }

  async #open(count: number, form: string, what: string, fate: CrashFate): Promise<void> {
    const image = this.#recorded.journal.imageAfter(count, fate)
    if (this.#wasSeen(count, image)) return
    await assertRecovers(this.#recorded, count, image, `${form}, ${what}`)
    this.#tally.add(form)
  }

  #wasSeen(count: number, image: DiskImage): boolean {
    if (count !== this.#seenAt) this.#seen.clear()
    this.#seenAt = count
    const key = [...image].map(([path, bytes]) => `${path} ${bytes.length} ${checksum(bytes)}`).join()
    const wasSeen = this.#seen.has(key)
    this.#seen.add(key)
    return wasSeen
  }
}

/** Opens what a crash left, and finds a state that was flushed or on its way. The disk it was opened on comes back. */
export async function assertRecovers(
  recorded: RecordedHistory,
  count: number,
  image: DiskImage,
  what: string,
): Promise<SimDisk> {
  const disk = new SimDisk({ image, keepsWholeJournal: true })
  try {
    const store = await openDiskStore({ folder: FOLDER, files: attached(disk), segmentBytes: SEGMENT_BYTES })
    const found = await contentsOf(store)
    if (!recorded.statesAfter(count).includes(found)) throw new Error(`it holds ${found}`)
    return disk
  } catch (error) {
    throw new Error(`after operation ${count}, ${what}: ${String(error)}`, { cause: error })
  }
}
