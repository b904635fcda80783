import fs from 'node:fs'
import path from 'node:path'
import type { Done, DoneWith, FilePort, OpenFile } from './filePort.ts'
import { lockFolder } from './folderLock.ts'

/** Some systems take no more in one call. */
const LARGEST_CALL_BYTES = 1024 * 1024 * 1024

const MODES = { read: 'r', write: 'r+', create: 'w+' } as const

/** The file system of this machine, through `node:fs`. */
export function nodeFiles(): FilePort {
  return {
    makeFolder,
    lock: lockFolder,
    list: (folder, done) => fs.readdir(folder, (error, names) => answer(done, error, names)),
    open: openFile,
    rename: (from, to, done) => fs.rename(from, to, settling(done)),
    remove: (file, done) => fs.unlink(file, settling(done)),
    flushFolder,
    soon: (callback) => queueMicrotask(callback),
  }
}

/** Windows keeps folders durable by itself, and refuses to open them. */
const FLUSHES_FOLDERS = process.platform !== 'win32'

function makeFolder(folder: string, done: Done): void {
  fs.mkdir(folder, { recursive: true }, (error, first) => {
    if (error !== null) return done(error)
    if (first === undefined) return done(undefined)
    flushUpwards(path.resolve(folder), path.dirname(path.resolve(first)), done)
  })
}

/** Flushes `folder` and those above it, up to `top`. */
function flushUpwards(folder: string, top: string, done: Done): void {
  flushFolder(folder, (error) => {
    if (error !== undefined || folder === top) done(error)
    else flushUpwards(path.dirname(folder), top, done)
  })
}

function flushFolder(folder: string, done: Done): void {
  if (!FLUSHES_FOLDERS) return queueMicrotask(() => done(undefined))
  fs.open(folder, 'r', (openError, descriptor) => {
    if (openError !== null) return done(openError)
    fs.fsync(descriptor, (error) => fs.close(descriptor, (closeError) => done(error ?? closeError ?? undefined)))
  })
}

function openFile(file: string, mode: 'read' | 'write' | 'create', done: DoneWith<OpenFile>): void {
  fs.open(file, MODES[mode], (openError, descriptor) => {
    if (openError !== null) return done(openError, undefined)
    fs.fstat(descriptor, (error, stats) => {
      if (error === null) done(undefined, new NodeFile(descriptor, stats.size))
      else fs.close(descriptor, () => done(error, undefined))
    })
  })
}

class NodeFile implements OpenFile {
  readonly size: number
  readonly #descriptor: number

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor
    this.size = size
  }

  readAt(bytes: Uint8Array, position: number, done: DoneWith<number>): void {
    this.#readFrom(0, bytes, position, done)
  }

  writeAt(bytes: Uint8Array, position: number, done: Done): void {
    this.#writeFrom(0, bytes, position, done)
  }

  flush(done: Done): void {
    fs.fdatasync(this.#descriptor, settling(done))
  }

  close(done: Done): void {
    fs.close(this.#descriptor, settling(done))
  }

  /** One call may read or write less than it is asked to. */
  #readFrom(filled: number, bytes: Uint8Array, position: number, done: DoneWith<number>): void {
    const length = Math.min(bytes.length - filled, LARGEST_CALL_BYTES)
    fs.read(this.#descriptor, bytes, filled, length, position + filled, (error, read) => {
      if (error !== null) return done(error, undefined)
      if (read === 0 || filled + read === bytes.length) done(undefined, filled + read)
      else this.#readFrom(filled + read, bytes, position, done)
    })
  }

  #writeFrom(written: number, bytes: Uint8Array, position: number, done: Done): void {
    const length = Math.min(bytes.length - written, LARGEST_CALL_BYTES)
    fs.write(this.#descriptor, bytes, written, length, position + written, (error, count) => {
      if (error !== null) return done(error)
      if (count === 0 && length > 0) return done(new Error('the file takes no more bytes'))
      if (written + count === bytes.length) done(undefined)
      else this.#writeFrom(written + count, bytes, position, done)
    })
  }
}

function settling(done: Done): (error: Error | null) => void {
  return (error) => done(error ?? undefined)
}

function answer<Value>(done: DoneWith<Value>, error: Error | null, value: Value): void {
  if (error === null) done(undefined, value)
  else done(error, undefined)
}
