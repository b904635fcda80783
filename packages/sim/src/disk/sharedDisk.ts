import type { DiskCall } from './diskCall.ts'
import { DiskJournal } from './diskJournal.ts'
import type { DiskOperation } from './diskOperation.ts'
import { DiskState, type DiskImage } from './diskState.ts'

/** What all processes on a disk share, one after the other. */
export class SharedDisk {
  state: DiskState
  /** Everything since the power went, or the disk was made; only when it is kept. */
  journal: DiskJournal | undefined
  fault: ((call: DiskCall) => Error | undefined) | undefined
  capacityBytes = Infinity
  /** Who holds a folder, by the number of the process. */
  readonly locks = new Map<string, number>()

  constructor(image: DiskImage, keepsWholeJournal: boolean) {
    this.state = DiskState.from(image)
    this.journal = keepsWholeJournal ? new DiskJournal(image) : undefined
  }

  /** The sum of the lengths of all files that have a name. */
  get usedBytes(): number {
    let bytes = 0
    for (const { cached } of this.state.names.values()) bytes += cached.length
    return bytes
  }

  apply(operation: DiskOperation): void {
    this.journal?.operations.push(operation)
    this.state.apply(operation)
    if (operation.kind === 'folderFlushed') this.state.dropNameless()
  }

  image(): Map<string, Uint8Array> {
    return new Map([...this.state.names].map(([path, { cached }]) => [path, cached.bytes()]))
  }

  /** The disk is another from here on, and so is the history of it. */
  become(state: DiskState): void {
    this.state = state
    if (this.journal !== undefined) this.journal = new DiskJournal(this.image())
  }
}
