import { FIRST_MACHINE_VERSION } from '@quorate/core'
import type { CommandEntry, Entry, Index, SnapshotDescription, SnapshotSource, StateMachine } from '@quorate/core'
import type { SimRandom } from '../random.ts'
import type { Machine } from './machine.ts'
import type { SimProcess } from './simProcess.ts'

/** A snapshot comes in no more pieces than this. */
const MOST_PIECES = 6

/** Told of what a machine takes and gives. */
export interface MachineWatcher {
  applied(entry: Entry, result: unknown, machineVersion: number): void
  snapshotTaken(bytes: Uint8Array): void
  /** It begins with that. */
  restoring(description: SnapshotDescription): void
  restored(description: SnapshotDescription, machineVersion: number): void
}

export interface MachineRunOptions {
  readonly machine: Machine
  /** The newest version that its code can run. */
  readonly newestVersion: number
  readonly process: SimProcess
  readonly random: SimRandom
  /** Milliseconds that a batch, or a piece of a snapshot, takes at most; 0 for at once. */
  readonly applyMs: () => number
  /** The snapshot that the server is just having restored. */
  readonly restoring: () => SnapshotDescription
  readonly watcher: MachineWatcher
}

/** A machine as one process runs it. What it does takes its time, and is done in pieces, for faults to fall in between. */
export class MachineRun {
  readonly machine: Machine
  /** Up to here it has taken the entries, or a snapshot that stands for them. */
  appliedIndex: Index = 0
  readonly #options: MachineRunOptions
  #isBusy = false

  constructor(options: MachineRunOptions) {
    this.#options = options
    this.machine = options.machine
  }

  get canBeSnapshotted(): boolean {
    return this.machine.snapshot !== undefined && this.machine.restore !== undefined
  }

  /** As the driver has it. */
  get port(): StateMachine {
    const versions = { oldest: FIRST_MACHINE_VERSION, newest: this.#options.newestVersion }
    const apply: StateMachine['apply'] = (entries, done, version) => this.#apply(entries, version, this.#begin(done))
    if (!this.canBeSnapshotted) return { versions, apply }
    return {
      versions,
      apply,
      snapshot: () => this.#snapshot(),
      restore: (source, done, version) => this.#restore(source, version, this.#begin(done)),
    }
  }

  /** The promise of the port: one call at a time. */
  #begin(done: (error?: Error) => void): (error?: Error) => void {
    if (this.#isBusy) throw new Error('the state machine is called while another call is under way')
    this.#isBusy = true
    return (error) => {
      this.#isBusy = false
      done(error)
    }
  }

  #apply(entries: readonly Entry[], machineVersion: number, done: () => void): void {
    for (const entry of entries) {
      const result =
        entry.kind === 'command' ? this.machine.apply(entry satisfies CommandEntry, machineVersion) : undefined
      this.appliedIndex = entry.index
      this.#options.watcher.applied(entry, result, machineVersion)
    }
    this.#afterAWhile(done)
  }

  #snapshot(): SnapshotSource {
    const bytes = this.machine.snapshot?.() ?? new Uint8Array()
    this.#options.watcher.snapshotTaken(bytes)
    const pieceBytes = Math.ceil(bytes.length / (1 + this.#options.random.below(MOST_PIECES)))
    return new PiecewiseSource(bytes, pieceBytes, (give) => this.#afterAWhile(give))
  }

  /** All of it is read before any of the state is replaced. */
  #restore(source: SnapshotSource, machineVersion: number, done: (error?: Error) => void): void {
    const description = this.#options.restoring()
    this.#options.watcher.restoring(description)
    const pieces: Uint8Array[] = []
    const readOn = (): void => {
      source.read((error, bytes) => {
        if (error !== undefined) done(error)
        else if (bytes !== undefined) {
          pieces.push(Uint8Array.from(bytes))
          this.#afterAWhile(readOn)
        } else {
          this.machine.restore?.(Buffer.concat(pieces))
          this.appliedIndex = description.lastIncluded.index
          this.#options.watcher.restored(description, machineVersion)
          done()
        }
      })
    }
    readOn()
  }

  #afterAWhile(goOn: () => void): void {
    const { process, random, applyMs } = this.#options
    const longestMs = applyMs()
    if (longestMs === 0) goOn()
    else process.arrive(random.next() * longestMs, goOn)
  }
}

/** Bytes in pieces. One that was given is the reader's until it asks for the next: then it says something else. */
class PiecewiseSource implements SnapshotSource {
  readonly #bytes: Uint8Array
  readonly #pieceBytes: number
  readonly #later: (give: () => void) => void
  #offset = 0
  #given: Uint8Array | undefined

  constructor(bytes: Uint8Array, pieceBytes: number, later: (give: () => void) => void) {
    this.#bytes = bytes
    this.#pieceBytes = pieceBytes
    this.#later = later
  }

  read(done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
    this.#given?.fill(0xee)
    const piece = Uint8Array.from(this.#bytes.subarray(this.#offset, this.#offset + this.#pieceBytes))
    this.#offset += piece.length
    this.#given = piece
    this.#later(() => done(undefined, piece.length === 0 ? undefined : piece))
  }

  close(): void {}
}
