import { folderOf, type DiskOperation, type FileChange, type NameChange } from './diskOperation.ts'
import { SimFile } from './simFile.ts'
import { SparseBytes } from './sparseBytes.ts'

/** All files of a disk by their paths: what it holds while nobody uses it. */
export type DiskImage = ReadonlyMap<string, Uint8Array>

/** What is in the cache of the system and what is on the disk, after the operations so far. */
export class DiskState {
  /** As the running system sees them. */
  readonly names = new Map<string, SimFile>()
  /** Whatever else comes, the files have these names. */
  readonly flushedNames = new Map<string, SimFile>()
  /** How many operations there were. */
  count = 0
  readonly #files = new Map<number, SimFile>()
  #unflushedNames: NameChange[] = []
  #nextFile = 1

  constructor(image: ReadonlyMap<string, SparseBytes> = new Map()) {
    for (const [path, bytes] of image) {
      const file = this.#makeFile(this.#nextFile, bytes)
      this.names.set(path, file)
      this.flushedNames.set(path, file)
    }
  }

  static from(image: DiskImage): DiskState {
    return new DiskState(new Map([...image].map(([path, bytes]) => [path, SparseBytes.from(bytes)])))
  }

  get nextFile(): number {
    return this.#nextFile
  }

  /** What a crash may undo of the names, in order. */
  get unflushedNames(): readonly NameChange[] {
    return this.#unflushedNames
  }

  /** What a crash may take of all files that it may leave, in order: the last is the one that was written last of all. */
  get unflushed(): FileChange[] {
    return [...this.#namedFiles()].flatMap(({ unflushed }) => unflushed).sort((a, b) => a.at - b.at)
  }

  /** @throws Error when there is no such file. */
  file(id: number): SimFile {
    const file = this.#files.get(id)
    if (file === undefined) throw new Error(`the disk has no file ${id}`)
    return file
  }

  /** The operation happens, as the one with number `count`. */
  apply(operation: DiskOperation): void {
    this.count += 1
    switch (operation.kind) {
      case 'written':
      case 'emptied':
      case 'grown':
        return this.file(operation.file).change(operation)
      case 'flushed':
        return this.file(operation.file).endFlush(operation.before)
      case 'flushFailed':
        return this.file(operation.file).failFlush(operation.before)
      case 'damaged':
        return this.file(operation.file).overwrite(operation.bytes, operation.position)
      case 'folderFlushed':
        return this.#endFolderFlush(operation.folder, operation.before)
      default:
        return this.#changeName(operation)
    }
  }

  /** Forgets the files that no name will ever lead to again, unless somebody has them open. */
  dropNameless(): void {
    const named = this.#namedFiles()
    for (const file of this.#files.values()) if (!named.has(file) && file.handles === 0) this.#files.delete(file.id)
  }

  /** Carries out the change on these names. Without the file under its old name there is nothing to remove. */
  rename(names: Map<string, SimFile>, change: NameChange): void {
    const file = this.file(change.file)
    if (change.kind === 'created') {
      names.set(change.path, file)
      return
    }
    const old = change.kind === 'removed' ? change.path : change.from
    if (names.get(old) === file) names.delete(old)
    if (change.kind === 'renamed') names.set(change.to, file)
  }

  #changeName(change: NameChange): void {
    if (change.kind === 'created') this.#makeFile(change.file)
    this.rename(this.names, change)
    this.#unflushedNames.push(change)
  }

  #endFolderFlush(folder: string, before: number): void {
    const isCovered = (change: NameChange): boolean => {
      const path = change.kind === 'renamed' ? change.to : change.path
      return change.at < before && folderOf(path) === folder
    }
    for (const change of this.#unflushedNames) if (isCovered(change)) this.rename(this.flushedNames, change)
    this.#unflushedNames = this.#unflushedNames.filter((change) => !isCovered(change))
  }

  /** Those that have a name, or may have one after a crash. */
  #namedFiles(): Set<SimFile> {
    const renamed = this.#unflushedNames.map(({ file }) => this.file(file))
    return new Set([...this.names.values(), ...this.flushedNames.values(), ...renamed])
  }

  #makeFile(id: number, bytes?: SparseBytes): SimFile {
    const file = new SimFile(id, bytes)
    this.#files.set(id, file)
    this.#nextFile = id + 1
    return file
  }
}
