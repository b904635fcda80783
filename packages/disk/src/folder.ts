import { QuorateError } from '@quorate/core'
import { StorageFailedError, type StorageOperation } from './errors.ts'
import type { Done, DoneWith, FilePort, OpenFile } from './filePort.ts'

/** An open file of the store. Each of its errors says which file and what for. */
export class StoreFile {
  readonly path: string
  readonly size: number
  readonly #file: OpenFile

  constructor(path: string, file: OpenFile) {
    this.path = path
    this.size = file.size
    this.#file = file
  }

  /** Fills all of `bytes`; a file that ends before is an error. */
  readAt(bytes: Uint8Array, position: number, done: Done): void {
    this.#file.readAt(bytes, position, (error, filled) => {
      if (error !== undefined) return done(failed('read', this.path, error))
      if (filled === bytes.length) return done(undefined)
      done(failed('read', this.path, new Error(`the file ends at byte ${position + filled}`)))
    })
  }

  writeAt(bytes: Uint8Array, position: number, done: Done): void {
    this.#file.writeAt(bytes, position, naming('write', this.path, done))
  }

  flush(done: Done): void {
    this.#file.flush(naming('flush', this.path, done))
  }

  close(done: Done): void {
    this.#file.close(naming('close', this.path, done))
  }
}

/** The store's folder, by the names of its files. Each of its errors says which file and what for. */
export class Folder {
  readonly path: string
  readonly #port: FilePort

  constructor(path: string, port: FilePort) {
    this.path = path
    this.#port = port
  }

  pathOf(name: string): string {
    return `${this.path}/${name}`
  }

  make(done: Done): void {
    this.#port.makeFolder(this.path, naming('make folder', this.path, done))
  }

  lock(done: DoneWith<(unlocked: Done) => void>): void {
    this.#port.lock(this.path, namingWith('lock', this.path, done))
  }

  list(done: DoneWith<readonly string[]>): void {
    this.#port.list(this.path, namingWith('list', this.path, done))
  }

  open(name: string, mode: 'read' | 'write' | 'create', done: DoneWith<StoreFile>): void {
    const path = this.pathOf(name)
    this.#port.open(path, mode, (error, file) => {
      if (error !== undefined) done(failed('open', path, error), undefined)
      else done(undefined, new StoreFile(path, file))
    })
  }

  rename(from: string, to: string, done: Done): void {
    this.#port.rename(this.pathOf(from), this.pathOf(to), naming('rename', this.pathOf(from), done))
  }

  remove(name: string, done: Done): void {
    this.#port.remove(this.pathOf(name), naming('remove', this.pathOf(name), done))
  }

  flush(done: Done): void {
    this.#port.flushFolder(this.path, naming('flush folder', this.path, done))
  }

  soon(callback: () => void): void {
    this.#port.soon(callback)
  }
}

function naming(operation: StorageOperation, path: string, done: Done): Done {
  return (error) => done(error === undefined ? undefined : failed(operation, path, error))
}

function namingWith<Value>(operation: StorageOperation, path: string, done: DoneWith<Value>): DoneWith<Value> {
  return (error, value) => {
    if (error === undefined) done(undefined, value as Value)
    else done(failed(operation, path, error), undefined)
  }
}

/** What is an error of ours already (the folder is locked) says enough. */
function failed(operation: StorageOperation, path: string, error: Error): Error {
  return error instanceof QuorateError ? error : new StorageFailedError(operation, path, error)
}

/** As a promise. */
export function settled(start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error === undefined ? resolve() : reject(error))))
}

/** As a promise of the value. */
export function obtained<Value>(start: (done: DoneWith<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) =>
    start((error, value) => (error === undefined ? resolve(value as Value) : reject(error))),
  )
}

/** Opens the file for as long as `use` takes. */
export async function withFile<Value>(
  folder: Folder,
  { name, mode }: { name: string; mode: 'read' | 'write' },
  use: (file: StoreFile) => Promise<Value>,
): Promise<Value> {
  const file = await obtained<StoreFile>((done) => folder.open(name, mode, done))
  try {
    return await use(file)
  } finally {
    await settled((done) => file.close(done))
  }
}
