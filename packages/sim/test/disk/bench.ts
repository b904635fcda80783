import type { OpenFile } from '@quorate/disk'
import { type AttachedDisk, type DiskCall, SimDisk } from '../../src/disk/index.ts'

/** A disk and a process on it, of which a test completes every call itself. */
export class DiskBench {
  readonly disk: SimDisk
  readonly calls: DiskCall[] = []
  readonly #waiting: (() => void)[] = []
  files: AttachedDisk

  constructor(disk: SimDisk = new SimDisk()) {
    this.disk = disk
    this.files = this.#attach()
  }

  /** The next process takes over. */
  restart(): void {
    this.files = this.#attach()
  }

  /** Completes what waits, and what that leads to. */
  settle(): void {
    while (this.#waiting.length > 0) this.#waiting.shift()?.()
  }

  /** Completes the call that waits longest. */
  completeOne(): void {
    this.#waiting.shift()?.()
  }

  /** Completes the call that was made last of all. */
  completeLast(): void {
    this.#waiting.pop()?.()
  }

  /** What the call ends with. @throws what it fails with. */
  run<Value>(start: (done: (error: Error | undefined, value?: Value) => void) => void): Value {
    const outcomes: { error: Error | undefined; value: Value | undefined }[] = []
    start((error, value) => outcomes.push({ error, value }))
    this.settle()
    const [outcome] = outcomes
    if (outcome === undefined || outcomes.length > 1) throw new Error(`the call ended ${outcomes.length} times`)
    if (outcome.error !== undefined) throw outcome.error
    return outcome.value as Value
  }

  open(path: string, mode: 'read' | 'write' | 'create' = 'create'): OpenFile {
    return this.run<OpenFile>((done) => this.files.open(path, mode, done))
  }

  write(file: OpenFile, position: number, bytes: Uint8Array | string): void {
    this.run<void>((done) => file.writeAt(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, position, done))
  }

  flush(file: OpenFile): void {
    this.run<void>((done) => file.flush(done))
  }

  flushFolder(folder = '/d'): void {
    this.run<void>((done) => this.files.flushFolder(folder, done))
  }

  /** A file that a crash leaves as it is. */
  flushedFile(path: string, content: Uint8Array | string): OpenFile {
    const file = this.open(path)
    this.write(file, 0, content)
    this.flush(file)
    this.flushFolder()
    return file
  }

  /** What stands in the file, as text. */
  text(path: string): string | undefined {
    const bytes = this.disk.image().get(path)
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1')
  }

  #attach(): AttachedDisk {
    return this.disk.attach({
      schedule: (call, complete) => {
        this.calls.push(call)
        this.#waiting.push(complete)
      },
      soon: (callback) => this.#waiting.push(callback),
    })
  }
}
