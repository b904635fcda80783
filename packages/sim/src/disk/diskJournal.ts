import type { CrashFate } from './crashFate.ts'
import { crashImage } from './crashImage.ts'
import type { DiskOperation } from './diskOperation.ts'
import { DiskState, type DiskImage } from './diskState.ts'

/** Everything that happened to a disk, from which any state that a crash could have left is made. */
export class DiskJournal {
  readonly operations: DiskOperation[] = []
  readonly #start: DiskImage
  #replayed: DiskState

  constructor(start: DiskImage) {
    this.#start = start
    this.#replayed = DiskState.from(start)
  }

  /** What is found after a crash behind the first `count` operations. Quickest when `count` never falls. */
  imageAfter(count: number, fate: CrashFate): Map<string, Uint8Array> {
    const image = crashImage(this.stateAfter(count), fate)
    return new Map([...image].map(([path, bytes]) => [path, bytes.bytes()]))
  }

  /** Both sides of the disk behind the first `count` operations, until the next call. */
  stateAfter(count: number): DiskState {
    if (this.#replayed.count > count) this.#replayed = DiskState.from(this.#start)
    for (const operation of this.operations.slice(this.#replayed.count, count)) this.#replayed.apply(operation)
    return this.#replayed
  }
}
