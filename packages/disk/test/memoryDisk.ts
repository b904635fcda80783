import { StoreLockedError, type Done, type DoneWith, type FilePort, type OpenFile } from '../src/index.ts'

/** A file without its name. Its bytes are those that a running process sees. */
interface Inode {
  bytes: Uint8Array
}

/** What happened to the disk, in order. A write may be on the disk from its call on, a flush counts from its end on. */
type Operation =
  | { kind: 'create' | 'remove'; path: string; inode: Inode }
  | { kind: 'rename'; from: string; to: string }
  | { kind: 'write'; inode: Inode; position: number; bytes: Uint8Array }
  | { kind: 'flushed'; inode: Inode; before: number }
  | { kind: 'folderFlushed'; before: number }

export type Write = Extract<Operation, { kind: 'write' }>

/** What a disk holds while nobody uses it. */
export type Image = ReadonlyMap<string, Uint8Array>

/** What becomes of what was not flushed. */
export interface Crash {
  /** Which parts of the unflushed writes are on the disk. The last is the one that was written last of all. */
  writes(unflushed: readonly Write[]): readonly Write[]
  /** Whether files appear under their new names although the folder was not flushed. */
  readonly names: 'kept' | 'lost'
}

/** Runs the callbacks of the disk: at once, unless a test wants them in another order. */
export type Schedule = (callback: () => void) => void

/** A file system in memory, which remembers enough to show every state that a crash could leave. */
export class MemoryDisk implements FilePort {
  readonly operations: Operation[] = []
  readonly #start: Image
  readonly #inodes = new Map<string, Inode>()
  readonly #startInodes = new Map<string, Inode>()
  readonly #locked = new Set<string>()
  readonly #schedule: Schedule
  /** Asked before each call; an error that comes back is what the call fails with. */
  fault: ((operation: string, path: string) => Error | undefined) | undefined
  calls = 0
  /** Handles that are not closed. */
  openFiles = 0
  /** The process is killed in this call: it has its effect, and no other has one after it. */
  killedIn = Infinity

  constructor(image: Image = new Map(), schedule: Schedule = queueMicrotask) {
    this.#start = image
    this.#schedule = schedule
    for (const [path, bytes] of image) {
      const inode = { bytes: new Uint8Array(bytes) }
      this.#inodes.set(path, inode)
      this.#startInodes.set(path, inode)
    }
  }

  soon(callback: () => void): void {
    this.#schedule(callback)
  }

  makeFolder(folder: string, done: Done): void {
    this.#settle('makeFolder', folder, done, () => {})
  }

  lock(folder: string, done: DoneWith<(unlocked: Done) => void>): void {
    if (this.#locked.has(folder)) {
      return this.#schedule(() => done(new StoreLockedError(folder, process.pid), undefined))
    }
    const unlock = (unlocked: Done): void => {
      this.#locked.delete(folder)
      this.#schedule(() => unlocked(undefined))
    }
    this.#answer('lock', folder, done, () => {
      this.#locked.add(folder)
      return unlock
    })
  }

  list(folder: string, done: DoneWith<readonly string[]>): void {
    this.#answer('list', folder, done, () => [...this.#inodes.keys()].map((path) => path.slice(folder.length + 1)))
  }

  open(path: string, mode: 'read' | 'write' | 'create', done: DoneWith<OpenFile>): void {
    this.#answer('open', path, done, () => {
      if (mode === 'create') {
        const inode = { bytes: new Uint8Array() }
        this.#inodes.set(path, inode)
        this.operations.push({ kind: 'create', path, inode })
      }
      const inode = this.#inodes.get(path)
      if (inode === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
      return this.#handle(path, inode)
    })
  }

  rename(from: string, to: string, done: Done): void {
    this.#settle('rename', from, done, () => {
      this.#inodes.set(to, this.#inodes.get(from) as Inode)
      this.#inodes.delete(from)
      this.operations.push({ kind: 'rename', from, to })
    })
  }

  remove(path: string, done: Done): void {
    this.#settle('remove', path, done, () => {
      this.operations.push({ kind: 'remove', path, inode: this.#inodes.get(path) as Inode })
      this.#inodes.delete(path)
    })
  }

  flushFolder(folder: string, done: Done): void {
    const before = this.operations.length
    this.#settle(
      'flushFolder',
      folder,
      done,
      () => {},
      () => this.operations.push({ kind: 'folderFlushed', before }),
    )
  }

  /** What the running system sees. */
  image(): Map<string, Uint8Array> {
    return new Map([...this.#inodes].map(([path, { bytes }]) => [path, new Uint8Array(bytes)]))
  }

  /** The next process takes over. The system still has in its cache what the killed one wrote. */
  restart(): void {
    this.killedIn = Infinity
    this.#locked.clear()
  }

  /** Flips a bit behind everybody's back. */
  damage(path: string, position: number): void {
    const bytes = this.#inodes.get(path)?.bytes
    if (bytes !== undefined) bytes[position] = (bytes[position] ?? 0) ^ 1
  }

  /** The writes that a crash after the first `count` operations may take. */
  unflushedAt(count: number): Write[] {
    const unflushed: Write[] = []
    const flushedBefore = new Map<Inode, number>()
    for (let place = count - 1; place >= 0; place -= 1) {
      const operation = this.operations[place]
      if (operation?.kind === 'flushed') {
        flushedBefore.set(operation.inode, Math.max(operation.before, flushedBefore.get(operation.inode) ?? 0))
      }
      if (operation?.kind !== 'write' || (flushedBefore.get(operation.inode) ?? 0) > place) continue
      unflushed.unshift(operation)
    }
    return unflushed
  }

  /** What is found after a crash behind the first `count` operations. */
  imageAfter(count: number, crash: Crash): Map<string, Uint8Array> {
    const unflushed = this.unflushedAt(count)
    const contents = new Map<Inode, Uint8Array>()
    for (const [path, inode] of this.#startInodes) contents.set(inode, this.#start.get(path) as Uint8Array)
    const apply = ({ inode, position, bytes }: Write): void => {
      const old = contents.get(inode) ?? new Uint8Array()
      const grown = new Uint8Array(Math.max(old.length, position + bytes.length))
      grown.set(old)
      grown.set(bytes, position)
      contents.set(inode, grown)
    }
    for (const operation of this.operations.slice(0, count)) {
      if (operation.kind === 'write' && !unflushed.includes(operation)) apply(operation)
    }
    for (const write of crash.writes(unflushed)) apply(write)
    const names = this.#namesAfter(count, crash.names)
    return new Map([...names].map(([path, inode]) => [path, contents.get(inode) ?? new Uint8Array()]))
  }

  #namesAfter(count: number, fate: Crash['names']): Map<string, Inode> {
    const flushed = this.operations.slice(0, count).map((operation) => {
      return operation.kind === 'folderFlushed' ? operation.before : 0
    })
    const upTo = fate === 'kept' ? count : Math.max(0, ...flushed)
    const names = new Map(this.#startInodes)
    for (const operation of this.operations.slice(0, upTo)) {
      if (operation.kind === 'create') names.set(operation.path, operation.inode)
      if (operation.kind === 'remove') names.delete(operation.path)
      if (operation.kind !== 'rename') continue
      names.set(operation.to, names.get(operation.from) as Inode)
      names.delete(operation.from)
    }
    return names
  }

  #handle(path: string, inode: Inode): OpenFile {
    let isOpen = true
    this.openFiles += 1
    const assertOpen = (): void => {
      if (!isOpen) throw Object.assign(new Error(`closed before: ${path}`), { code: 'EBADF' })
    }
    const close = (): void => {
      assertOpen()
      isOpen = false
      this.openFiles -= 1
    }
    return {
      size: inode.bytes.length,
      readAt: (bytes, position, done) =>
        // A file that is closed under a read is nobody's plan: it fails the test.
        this.#answer('read', path, done, () => readInto(bytes, inode, position), assertOpen),
      writeAt: (bytes, position, done) =>
        this.#settle('write', path, done, () => {
          assertOpen()
          this.#write(inode, position, bytes)
        }),
      flush: (done) => {
        const before = this.operations.length
        this.#settle('flush', path, done, assertOpen, () => this.operations.push({ kind: 'flushed', inode, before }))
      },
      close: (done) => this.#settle('close', path, done, close),
    }
  }

  #write(inode: Inode, position: number, bytes: Uint8Array): void {
    const end = position + bytes.length
    if (end > inode.bytes.length) {
      const grown = new Uint8Array(end)
      grown.set(inode.bytes)
      inode.bytes = grown
    }
    inode.bytes.set(bytes, position)
    this.operations.push({ kind: 'write', inode, position, bytes: new Uint8Array(bytes) })
  }

  #settle(name: string, path: string, done: Done, atCall: () => void, atEnd: () => void = () => {}): void {
    this.#answer<void>(name, path, (...[error]) => done(error), atCall, atEnd)
  }

  #answer<Value>(
    name: string,
    path: string,
    done: DoneWith<Value>,
    atCall: () => Value,
    atEnd: () => void = () => {},
  ): void {
    this.calls += 1
    if (this.calls > this.killedIn) return
    const fault = this.fault?.(name, path)
    // A file is closed also when that fails.
    if (fault !== undefined && name === 'close') atCall()
    if (fault !== undefined) return this.#schedule(() => done(fault, undefined))
    try {
      const value = atCall()
      if (this.calls === this.killedIn) return
      this.#schedule(() => {
        atEnd()
        done(undefined, value)
      })
    } catch (error) {
      this.#schedule(() => done(error as Error, undefined))
    }
  }
}

function readInto(bytes: Uint8Array, inode: Inode, position: number): number {
  const found = inode.bytes.subarray(position, position + bytes.length)
  bytes.set(found)
  return found.length
}
