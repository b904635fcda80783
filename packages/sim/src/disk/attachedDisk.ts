import { StoreLockedError, type Done, type DoneWith, type FilePort, type OpenFile } from '@quorate/disk'
import type { SimRandom } from '../random.ts'
import { AttachedFile, settling, type CallEffect, type Caller } from './attachedFile.ts'
import type { DiskCall } from './diskCall.ts'
import { diskError } from './diskError.ts'
import { folderOf } from './diskOperation.ts'
import type { SharedDisk } from './sharedDisk.ts'
import type { SimFile } from './simFile.ts'

/** How a process hears of its disk. */
export interface AttachOptions {
  /** Decides when a call completes: `complete` is to be run once, later, never within this. */
  readonly schedule: (call: DiskCall, complete: () => void) => void
  /** Runs the callback once the code that runs now has ended. */
  readonly soon: (callback: () => void) => void
}

/** A call that has not completed. */
interface UnderWay {
  readonly call: DiskCall
  readonly make: CallEffect<unknown>
}

/**
 * One process's hold on a disk. A call has its effect when it completes, in whatever order that is; where the process
 * ends before, it is open how far it came.
 */
export class AttachedDisk implements FilePort, Caller {
  /** The number of the process, by which a locked folder names it. */
  readonly pid: number
  readonly #disk: SharedDisk
  readonly #schedule: AttachOptions['schedule']
  readonly #soon: AttachOptions['soon']
  readonly #underWay = new Set<UnderWay>()
  readonly #files = new Set<AttachedFile>()
  #isEnded = false

  constructor(disk: SharedDisk, pid: number, { schedule, soon }: AttachOptions) {
    this.#disk = disk
    this.pid = pid
    this.#schedule = schedule
    this.#soon = soon
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Files that are not closed. */
  get openFiles(): number {
    return this.#files.size
  }

  makeFolder(folder: string, done: Done): void {
    this.call({ kind: 'makeFolder', path: folder, bytes: 0 }, settling(done), () => {})
  }

  lock(folder: string, done: DoneWith<(unlocked: Done) => void>): void {
    this.call({ kind: 'lock', path: folder, bytes: 0 }, done, () => {
      const holder = this.#disk.locks.get(folder)
      if (holder !== undefined) throw new StoreLockedError(folder, holder)
      this.#disk.locks.set(folder, this.pid)
      return (unlocked: Done): void => this.#unlock(folder, unlocked)
    })
  }

  list(folder: string, done: DoneWith<readonly string[]>): void {
    this.call({ kind: 'list', path: folder, bytes: 0 }, done, () =>
      [...this.#disk.state.names.keys()]
        .filter((path) => folderOf(path) === folder)
        .map((path) => path.slice(folder.length + 1)),
    )
  }

  open(path: string, mode: 'read' | 'write' | 'create', done: DoneWith<OpenFile>): void {
    this.call<OpenFile>({ kind: 'open', path, bytes: 0 }, done, () => {
      if (mode === 'create') this.#create(path)
      const opened = new AttachedFile(path, this.#disk, this.#named(path), this, mode !== 'read')
      this.#files.add(opened)
      return opened
    })
  }

  rename(from: string, to: string, done: Done): void {
    this.call<void>({ kind: 'rename', path: from, bytes: 0 }, settling(done), () => {
      this.#disk.apply({ kind: 'renamed', at: this.#disk.state.count, file: this.#named(from).id, from, to })
    })
  }

  remove(path: string, done: Done): void {
    this.call<void>({ kind: 'remove', path, bytes: 0 }, settling(done), () => {
      this.#disk.apply({ kind: 'removed', at: this.#disk.state.count, file: this.#named(path).id, path })
    })
  }

  flushFolder(folder: string, done: Done): void {
    const before = this.#disk.state.count
    this.call<void>({ kind: 'flushFolder', path: folder, bytes: 0 }, settling(done), () => {
      this.#disk.apply({ kind: 'folderFlushed', at: this.#disk.state.count, folder, before })
    })
  }

  soon(callback: () => void): void {
    if (this.#isEnded) return
    this.#soon(() => {
      if (!this.#isEnded) callback()
    })
  }

  /**
   * The process is killed. Its calls never complete, its files are closed and its folders free. What it wrote is in the
   * cache of the system, and a power cut may still take it. A call that was under way has had its effect or not, and a
   * write perhaps a part of it, as `random` has it; without `random` it has had its effect, unless it was a flush.
   */
  end(random?: SimRandom): void {
    if (this.#isEnded) return
    this.#isEnded = true
    for (const { call, make } of this.#underWay) {
      const isFlush = call.kind === 'flush' || call.kind === 'flushFolder'
      if (random === undefined ? isFlush : random.happens(0.5)) continue
      try {
        make(call.kind === 'write' && random?.happens(0.5) ? random.below(call.bytes) : call.bytes)
      } catch {
        // It failed, and there is nobody to be told.
      }
    }
    this.#underWay.clear()
    for (const file of this.#files) file.leave()
    this.#files.clear()
    for (const [folder, holder] of this.#disk.locks) if (holder === this.pid) this.#disk.locks.delete(folder)
  }

  /** Makes the call; the caller is this disk itself, or one of its files. */
  call<Value>(call: DiskCall, done: DoneWith<Value>, effect: CallEffect<Value>, failed: () => void = () => {}): void {
    if (this.#isEnded) return
    const fault = this.#disk.fault?.(call)
    const make = (upToBytes: number): Value => {
      if (fault === undefined) return effect(upToBytes)
      failed()
      throw fault
    }
    const underWay: UnderWay = { call, make }
    this.#underWay.add(underWay)
    this.#schedule(call, () => {
      if (!this.#underWay.delete(underWay)) return
      let value: Value
      try {
        value = make(call.bytes)
      } catch (error) {
        this.#dropClosed(call)
        return done(error as Error, undefined)
      }
      this.#dropClosed(call)
      done(undefined, value)
    })
  }

  #dropClosed({ kind }: DiskCall): void {
    if (kind !== 'close') return
    for (const file of this.#files) if (!file.isOpen) this.#files.delete(file)
  }

  #unlock(folder: string, unlocked: Done): void {
    if (this.#disk.locks.get(folder) === this.pid) this.#disk.locks.delete(folder)
    this.soon(() => unlocked(undefined))
  }

  #named(path: string): SimFile {
    const file = this.#disk.state.names.get(path)
    if (file === undefined) throw diskError('ENOENT', 'no such file', path)
    return file
  }

  #create(path: string): void {
    const { state } = this.#disk
    const standing = state.names.get(path)
    if (standing !== undefined) this.#disk.apply({ kind: 'emptied', at: state.count, file: standing.id })
    else if (this.#disk.usedBytes >= this.#disk.capacityBytes)
      throw diskError('ENOSPC', 'no space left on the disk', path)
    else this.#disk.apply({ kind: 'created', at: state.count, file: state.nextFile, path })
  }
}
