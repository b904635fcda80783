import type { SimRandom } from '../random.ts'
import { AttachedDisk, type AttachOptions } from './attachedDisk.ts'
import type { CrashFate } from './crashFate.ts'
import { crashImage } from './crashImage.ts'
import type { DiskCall } from './diskCall.ts'
import { diskError } from './diskError.ts'
import type { DiskJournal } from './diskJournal.ts'
import { DiskState, type DiskImage } from './diskState.ts'
import { SharedDisk } from './sharedDisk.ts'
import type { SimFile } from './simFile.ts'
import { keptBytes } from './sparseBytes.ts'

export interface SimDiskOptions {
  /** What it holds at first, flushed. */
  readonly image?: DiskImage
  /** Whether it remembers every operation, for `journal`. */
  readonly keepsWholeJournal?: boolean
}

/** Where a bit was flipped. */
export interface FlippedBit {
  readonly path: string
  /** In bytes, from the beginning of the file. */
  readonly offset: number
  /** 0 for the lowest. */
  readonly bit: number
}

/** A disk that outlives the processes that use it. */
export class SimDisk {
  readonly #shared: SharedDisk
  #processes: AttachedDisk[] = []
  #nextPid = 1

  constructor({ image = new Map(), keepsWholeJournal = false }: SimDiskOptions = {}) {
    this.#shared = new SharedDisk(image, keepsWholeJournal)
  }

  /** One process's hold on it. */
  attach(options: AttachOptions): AttachedDisk {
    const attached = new AttachedDisk(this.#shared, this.#nextPid++, options)
    this.#processes = [...this.#processes.filter(({ isEnded }) => !isEnded), attached]
    return attached
  }

  /** Asked before each call; an error that comes back is what the call fails with. */
  get fault(): ((call: DiskCall) => Error | undefined) | undefined {
    return this.#shared.fault
  }

  set fault(fault: ((call: DiskCall) => Error | undefined) | undefined) {
    this.#shared.fault = fault
  }

  /** How much its files may hold together. What would hold more fails with `ENOSPC`, a write once it has filled the disk. */
  get capacityBytes(): number {
    return this.#shared.capacityBytes
  }

  set capacityBytes(bytes: number) {
    this.#shared.capacityBytes = bytes
  }

  /** What its files hold together: the sum of their lengths. */
  get usedBytes(): number {
    return this.#shared.usedBytes
  }

  /** @throws Error unless the disk was made to keep its whole journal. */
  get journal(): DiskJournal {
    const { journal } = this.#shared
    if (journal === undefined) throw new Error('the disk keeps no journal: make it with keepsWholeJournal')
    return journal
  }

  /** What the running system sees. */
  image(): Map<string, Uint8Array> {
    return this.#shared.image()
  }

  /** The power goes: every process ends, what is not flushed meets its fate, and what is left is what the next one finds. */
  cutPower(fate: CrashFate): void {
    this.#endProcesses()
    this.#shared.become(new DiskState(crashImage(this.#shared.state, fate)))
  }

  /** How many bytes of the file a power cut may take. @throws Error when no file of that name stands. */
  unflushedBytes(path: string): number {
    const written = this.#file(path).unflushed.filter((change) => change.kind === 'written')
    return written.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** The files of which a power cut may take anything: bytes, or the name. */
  unflushedFiles(): string[] {
    const { names, flushedNames } = this.#shared.state
    const isSafe = (path: string, file: SimFile): boolean => {
      return file.unflushed.length === 0 && flushedNames.get(path) === file
    }
    return [...names].filter(([path, file]) => !isSafe(path, file)).map(([path]) => path)
  }

  /** Flips a bit behind everybody's back. @throws Error when no file of that name stands. */
  flipBit({ path, offset, bit }: FlippedBit): void {
    const byte = new Uint8Array(1)
    this.#file(path).cached.read(byte, offset)
    this.overwrite(path, offset, byte.fill((byte[0] as number) ^ (1 << bit)))
  }

  /** Puts other bytes there behind everybody's back. @throws Error when no file of that name stands. */
  overwrite(path: string, offset: number, bytes: Uint8Array): void {
    const { state } = this.#shared
    const file = this.#file(path).id
    this.#shared.apply({ kind: 'damaged', at: state.count, file, position: offset, bytes: keptBytes(bytes) })
  }

  /**
   * Flips a bit of what is flushed and is not zero, in one of the files that `isMeant` is true for. Where comes back;
   * undefined when there is nothing to damage.
   */
  damage(random: SimRandom, isMeant: (path: string) => boolean = () => true): FlippedBit | undefined {
    const { names, flushedNames } = this.#shared.state
    const isSound = (path: string, file: SimFile): boolean => {
      return isMeant(path) && flushedNames.get(path) === file && file.unflushed.length === 0
    }
    for (const [path, file] of random.shuffled([...names].filter((named) => isSound(...named)))) {
      const offset = placeInContent(random, file)
      if (offset === undefined) continue
      const flipped = { path, offset, bit: random.below(8) }
      this.flipBit(flipped)
      return flipped
    }
    return undefined
  }

  /** Another disk, and nothing on it: every process ends. */
  wipe(): void {
    this.#endProcesses()
    this.#shared.become(new DiskState())
  }

  #endProcesses(): void {
    for (const process of this.#processes.splice(0)) process.end()
  }

  #file(path: string): SimFile {
    const file = this.#shared.state.names.get(path)
    if (file === undefined) throw diskError('ENOENT', 'no such file', path)
    return file
  }
}

/** Any byte that is not zero; undefined when all are. */
function placeInContent(random: SimRandom, { cached }: SimFile): number | undefined {
  const places: number[] = []
  cached.bytes().forEach((byte, place) => {
    if (byte !== 0) places.push(place)
  })
  return places.length === 0 ? undefined : random.pick(places)
}
