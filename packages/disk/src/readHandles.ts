import type { DoneWith, Done } from './filePort.ts'
import type { Folder, StoreFile } from './folder.ts'
import { segmentFile } from './segment.ts'

/** How many files without a reader stay open. */
const IDLE_HANDLES = 32

interface Handle {
  readonly segment: number
  file: StoreFile | undefined
  error: Error | undefined
  users: number
  /** Those who came before the file was open. */
  readonly waiting: (() => void)[]
}

/** The segments that are open for reading; those that nobody has read for long are closed. */
export class ReadHandles {
  readonly #folder: Folder
  /** The longest unused first. */
  readonly #handles = new Map<number, Handle>()
  #closing = 0
  #whenClosed: (() => void) | undefined

  constructor(folder: Folder) {
    this.#folder = folder
  }

  readAt(segment: number, bytes: Uint8Array, position: number, done: Done): void {
    this.#acquire(segment, (error, file) => {
      if (error !== undefined) return done(error)
      file.readAt(bytes, position, (failure) => {
        this.#release(segment)
        done(failure)
      })
    })
  }

  /** Closes those of the segments before `first`, of which nobody reads. */
  dropBefore(first: number): void {
    for (const handle of this.#handles.values()) if (handle.segment < first) this.#drop(handle)
  }

  /** Nothing may be under way. */
  close(done: () => void): void {
    this.#whenClosed = done
    for (const handle of this.#handles.values()) this.#drop(handle)
    if (this.#closing === 0) done()
  }

  #acquire(segment: number, done: DoneWith<StoreFile>): void {
    const handle = this.#handles.get(segment) ?? this.#open(segment)
    this.#handles.delete(segment)
    this.#handles.set(segment, handle)
    handle.users += 1
    const answer = (): void => {
      if (handle.file !== undefined) done(undefined, handle.file)
      else done(handle.error ?? new Error('the segment is not open'), undefined)
    }
    if (handle.file !== undefined || handle.error !== undefined) answer()
    else handle.waiting.push(answer)
  }

  #open(segment: number): Handle {
    const handle: Handle = { segment, file: undefined, error: undefined, users: 0, waiting: [] }
    this.#folder.open(segmentFile(segment), 'read', (error, file) => {
      handle.file = file
      handle.error = error
      for (const answer of handle.waiting.splice(0)) answer()
    })
    return handle
  }

  #release(segment: number): void {
    const released = this.#handles.get(segment)
    if (released !== undefined) released.users -= 1
    for (const handle of this.#handles.values()) {
      if (this.#handles.size <= IDLE_HANDLES) return
      if (handle.users === 0) this.#drop(handle)
    }
  }

  #drop(handle: Handle): void {
    this.#handles.delete(handle.segment)
    if (handle.file === undefined) return
    this.#closing += 1
    // Nothing was written through it, so there is nothing to lose.
    handle.file.close(() => {
      this.#closing -= 1
      if (this.#closing === 0) this.#whenClosed?.()
    })
  }
}
