import type { FileChange, Written } from './diskOperation.ts'
import { SparseBytes } from './sparseBytes.ts'

/** A file without its name: what a running system sees of it, what is on the disk for sure, and what lies between. */
export class SimFile {
  readonly id: number
  /** As the running system sees it. */
  readonly cached: SparseBytes
  /** Whatever else comes, this is on the disk. */
  readonly flushed: SparseBytes
  /** Handles that are open. */
  handles = 0
  #unflushed: FileChange[] = []
  /** What a failed flush was to write: the cache shows it, and does not know any more that the disk may lack it. */
  #forgotten: Written[] = []

  constructor(id: number, bytes: SparseBytes = new SparseBytes()) {
    this.id = id
    this.cached = bytes
    this.flushed = bytes.copy()
  }

  /** What a crash may take, in order. */
  get unflushed(): readonly FileChange[] {
    return this.#forgotten.length === 0 ? this.#unflushed : [...this.#forgotten, ...this.#unflushed].sort(byNumber)
  }

  change(change: FileChange): void {
    applyChange(this.cached, change)
    this.#unflushed.push(change)
  }

  /** A flush is done that covers whatever is older than `before`. */
  endFlush(before: number): void {
    const covered = this.#unflushed.filter(({ at }) => at < before)
    this.#unflushed = this.#unflushed.filter(({ at }) => at >= before)
    for (const change of covered) {
      applyChange(this.flushed, change)
      if (this.#forgotten.length > 0) this.#forgotten = this.#forgotten.flatMap((old) => without(old, change))
    }
  }

  /** A flush has failed that was to cover whatever is older than `before`. The system still knows how long the file is. */
  failFlush(before: number): void {
    this.#unflushed = this.#unflushed.map((change) => {
      if (change.kind !== 'written' || change.at >= before) return change
      this.#forgotten.push(change)
      return { kind: 'grown', at: change.at, file: this.id, length: change.position + change.bytes.length }
    })
  }

  /** Changes the bytes themselves, wherever they are, behind everybody's back. */
  overwrite(bytes: Uint8Array, position: number): void {
    this.cached.write(bytes, position)
    this.flushed.write(bytes, position)
  }
}

/** Carries out the change on these bytes. */
export function applyChange(bytes: SparseBytes, change: FileChange): void {
  if (change.kind === 'written') bytes.write(change.bytes, change.position)
  else if (change.kind === 'grown') bytes.grow(change.length)
  else bytes.empty()
}

function byNumber(a: FileChange, b: FileChange): number {
  return a.at - b.at
}

/** What is left of `old` once the later `change` is on the disk for sure. */
function without(old: Written, change: FileChange): Written[] {
  if (change.at < old.at || change.kind === 'grown') return [old]
  if (change.kind === 'emptied') return []
  const oldEnd = old.position + old.bytes.length
  const start = Math.min(Math.max(change.position, old.position), oldEnd)
  const end = Math.min(Math.max(change.position + change.bytes.length, start), oldEnd)
  const before = { ...old, bytes: old.bytes.subarray(0, start - old.position) }
  const behind = { ...old, position: end, bytes: old.bytes.subarray(end - old.position) }
  return [before, behind].filter(({ bytes }) => bytes.length > 0)
}
