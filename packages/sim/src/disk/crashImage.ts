import type { CrashFate } from './crashFate.ts'
import type { DiskState } from './diskState.ts'
import { applyChange } from './simFile.ts'
import type { SparseBytes } from './sparseBytes.ts'

/** What is on the disk after a crash, when what was not flushed meets this fate. The state stays as it is. */
export function crashImage(state: DiskState, fate: CrashFate): Map<string, SparseBytes> {
  const contents = new Map<number, SparseBytes>()
  for (const change of fate.changes(state.unflushed)) {
    const bytes = contents.get(change.file) ?? state.file(change.file).flushed.copy()
    contents.set(change.file, bytes)
    applyChange(bytes, change)
  }
  const names = new Map(state.flushedNames)
  for (const change of fate.names(state.unflushedNames)) state.rename(names, change)
  // Where names came back one by one, a file may have two of them: from here on these are two files.
  return new Map([...names].map(([path, file]) => [path, (contents.get(file.id) ?? file.flushed).copy()]))
}
