/** Called once, later, never from within the call it answers. */
export type Done = (error: Error | undefined) => void

/** As `Done`, with what was asked for. */
export type DoneWith<Value> = (...outcome: [error: Error, value: undefined] | [error: undefined, value: Value]) => void

/** A file that is open for reading, or for reading and writing. */
export interface OpenFile {
  /** In bytes, when it was opened. */
  readonly size: number
  /** Fills `bytes` from `position` on, and says how many it filled: fewer only at the end of the file. */
  readAt(bytes: Uint8Array, position: number, done: DoneWith<number>): void
  /**
   * Writes all of `bytes`, or fails. Until a later `flush` is done any part of it may or may not survive a crash. The
   * file grows as needed. `bytes` is not changed before `done`.
   */
  writeAt(bytes: Uint8Array, position: number, done: Done): void
  /** Whatever was written before this call survives a crash once it is done: fdatasync. */
  flush(done: Done): void
  close(done: Done): void
}

/**
 * All that the store asks of a file system. A failed call is not repeated. Paths are those of the folder that the
 * store was opened with, followed by `/` and a plain name.
 */
export interface FilePort {
  /** Makes the folder, and those above it, unless they stand; they survive a crash once it is done. */
  makeFolder(folder: string, done: Done): void
  /**
   * Keeps every other store, of any process, out of the folder until `unlock` is called or this process ends.
   * Fails with `StoreLockedError` when the folder is taken.
   */
  lock(folder: string, done: DoneWith<(unlocked: Done) => void>): void
  /** The names of what stands in the folder. */
  list(folder: string, done: DoneWith<readonly string[]>): void
  /** `create` makes an empty file, in place of any that stands. `read` and `write` want one that stands. */
  open(path: string, mode: 'read' | 'write' | 'create', done: DoneWith<OpenFile>): void
  /** Puts the file under its new name in place of any that stands there: in one step, of which a crash may undo all. */
  rename(from: string, to: string, done: Done): void
  remove(path: string, done: Done): void
  /** What was created, renamed and removed in the folder survives a crash once it is done: fsync of the folder. */
  flushFolder(folder: string, done: Done): void
  /** Calls back once the code that runs now has ended. */
  soon(callback: () => void): void
}
